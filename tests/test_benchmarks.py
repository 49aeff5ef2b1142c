"""The benchmarks start, and write what the documentation reads."""

import os
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.svm import SVC

from skpoison.datasets import load_images, split_rows
from skpoison.experiments import Protocol

ROOT = Path(__file__).parents[1]


def script(name):
    """A benchmark as a module."""
    spec = spec_from_file_location(Path(name).name, ROOT / "benchmarks" / f"{name}.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_attacks_without_peers(tmp_path):
    sizes = "--n-train 40 --n-val 60 --n-test 60 --n-poison 8".split()
    command = [sys.executable, ROOT / "benchmarks" / "attacks.py", "--runs", "1", *sizes]
    command += ["--cells", "digits-4-9-linear", "--secml-python", "", "--art-python", ""]
    command += ["--cache", tmp_path / "cache", "--results", tmp_path]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    found = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert found.returncode == 0, found.stderr
    printed = found.stdout
    assert "secml: left out" in printed and "art: left out" in printed

    records = pd.read_csv(tmp_path / "attacks.csv").set_index("contender")
    assert list(records.index) == ["sequential", "joint"]
    assert (records["objective"] > records["objective_start"]).all()
    assert (records["accuracy"] < records["accuracy_clean"]).all()
    assert (records["cpu_s"] > 0).all() and (records["n_steps"] > 8).all()
    summary = pd.read_csv(tmp_path / "attacks_summary.csv")
    assert summary["objective"].to_list() == pytest.approx(records["objective"].to_list(), rel=1e-4)


def test_slice_on_digits():
    slice_ = script("slice")
    settings = {"attacks": ["flipping"], "detectors": ["centroid"], "rates": (0.0, 0.3)}
    runs = pd.concat([slice_.run("digits", (0, 1, 2), seed, **settings) for seed in (0, 1)])
    assert set(runs["detector"]) == {"centroid", "10-NN disagreement", "cleanlab"}

    digits = load_images("digits", classes=(0, 1, 2))
    clean = []
    for seed in (0, 1):
        train, _, test = split_rows(digits.target, random_state=seed)
        victim = SVC(kernel="linear").fit(digits.data[train], digits.target[train])
        clean.append(victim.score(digits.data[test], digits.target[test]))
    table = slice_.summarise(runs).reset_index()
    assert table["clean"].to_numpy() == pytest.approx(np.mean(clean), abs=1e-4)
    # two values a and b: a 95 % interval of t(0.975, 1) * |a - b| / 2 either way
    half_width = 12.7062 * abs(clean[0] - clean[1]) / 2
    assert table["clean_ci95"].to_numpy() == pytest.approx(half_width, abs=1e-3)
    peer = table[(table["detector"] == "10-NN disagreement") & (table["attack"] == "flipping")]
    assert peer["roc_auc"].item() > 0.9
    assert slice_.markdown(table).count("\n") == 1 + 2


def test_the_slice_is_quoted_as_it_is():
    table = script("slice").markdown(pd.read_csv(ROOT / "benchmarks" / "results" / "slice.csv"))
    assert table in (ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8")


@pytest.fixture
def leaderboard(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    leaderboard = script("leaderboard")
    monkeypatch.setattr(leaderboard, "ATTACKS", ["flipping"])
    monkeypatch.setattr(leaderboard, "RATES", (0.3,))
    return leaderboard


@pytest.mark.parametrize("part", ["per_set", "pooled", "adaptive"])
def test_leaderboard_on_breast_cancer(leaderboard, part, monkeypatch):
    monkeypatch.setattr(leaderboard, "N_POOLED", 2)
    monkeypatch.setattr(leaderboard, "N_ASSESSED", 1)
    runs = leaderboard.run(part, "breast cancer", 0, ["margin"])
    assert set(runs["detector"]) == {"margin"} and set(runs["part"]) == {part}
    attack = "adaptive" if part == "adaptive" else "flipping"
    found = runs[runs["attack"] == attack].iloc[0]
    assert found["share"] == pytest.approx(30 / 130)
    assert found["poisoned"] < found["clean"]
    if part != "adaptive":
        assert found["f1"] > 0.8
        without = runs[runs["attack"] == "none"].iloc[0]
        assert without["poisoned"] == without["clean"] and without["clean_removed"] < 0.05


def test_leaderboard_report_pairs_by_seed(leaderboard):
    report = script("leaderboard_report")
    runs = [
        leaderboard.run("per_set", "breast cancer", seed, ["ensemble", "cleanlab"])
        for seed in (0, 1)
    ]
    runs = pd.concat(runs).assign(covered=1.0)
    cells, (mean, _) = report.paired(runs, "cleanlab", "f1")
    attacked = runs[runs["attack"] == "flipping"].groupby("detector")["f1"].mean()
    assert len(cells) == 1
    assert mean == pytest.approx(attacked["ensemble"] - attacked["cleanlab"])
    table = report.overall(runs)
    assert table.count("\n") == 1 + 2
    summary = report.summarise(runs)
    assert "breast cancer | flipping" in report.cell_by_cell(summary, "per_set", ["ensemble"])
    assert len(report.figure(summary).axes) == 2


def test_the_leaderboard_is_made_from_its_runs(monkeypatch):
    """The tables that README and docs show are those of the committed runs."""
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    report = script("leaderboard_report")
    runs = report.read_runs()
    shown = (ROOT / "benchmarks" / "results" / "leaderboard.md").read_text(encoding="utf-8")
    assert report.tables(runs) == shown
    assert report.overall(runs) in (ROOT / "README.md").read_text(encoding="utf-8")


RESULTS = ROOT / "benchmarks" / "paper" / "results"


@pytest.mark.parametrize("name", sorted(path.parent.name for path in RESULTS.glob("*/results.csv")))
def test_the_docs_show_the_paper_s_results_as_they_are(name):
    shown = (RESULTS / name / "tables.md").read_text(encoding="utf-8")
    assert script("paper/tables").markdown(RESULTS / name) == shown
    docs = (ROOT / "docs" / "reproduction.md").read_text(encoding="utf-8")
    assert f"```{{include}} ../benchmarks/paper/results/{name}/tables.md\n```" in docs


@pytest.mark.parametrize("name", sorted(path.parent.name for path in RESULTS.glob("*/results.csv")))
def test_the_protocol_of_the_results_is_the_one_to_run(name):
    kept = Protocol.from_yaml(RESULTS / name / "protocol.yaml")
    assert kept == Protocol.from_yaml(ROOT / "benchmarks" / "paper" / f"{name}.yaml")
