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

ROOT = Path(__file__).parents[1]


def script(name):
    """A benchmark as a module."""
    spec = spec_from_file_location(f"benchmark_{name}", ROOT / "benchmarks" / f"{name}.py")
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


def test_readme_quotes_the_slice_as_it_is():
    table = script("slice").markdown(pd.read_csv(ROOT / "benchmarks" / "results" / "slice.csv"))
    assert table in (ROOT / "README.md").read_text(encoding="utf-8")
