"""The benchmarks start, and write what the documentation reads."""

import os
import re
import subprocess
import sys
from argparse import Namespace
from importlib import import_module
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pandas as pd
import pytest
from cleanlab.filter import find_label_issues
from joblib import Memory
from scipy import stats
from sklearn.datasets import load_iris

from skpoison.attacks import LabelFlipAttack
from skpoison.detectors import KNNDetector, NeighborDisagreementDetector
from skpoison.experiments import Protocol
from skpoison.metrics import poison_report
from skpoison.thresholds import GaussianMixtureThreshold, SecondComponentThreshold

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


@pytest.fixture
def leaderboard(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    leaderboard = script("leaderboard")
    cached = Memory(tmp_path / "cache", verbose=0).cache(leaderboard.poison_rows.func)
    monkeypatch.setattr(leaderboard, "poison_rows", cached)
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


def test_poisoned_sets_are_those_of_the_attack_and_made_once(leaderboard, monkeypatch):
    parts, _, victim = leaderboard.draw("breast_cancer", None, 0, None)
    (X, y), (X_val, y_val), _ = parts
    sets = list(leaderboard.poisoned_sets(parts, victim, 0, (0.05, 0.3)))
    assert [(attack, rate, len(y)) for attack, rate, _, y, _ in sets] == [
        ("none", 0.0, 100),
        ("flipping", 0.05, 105),
        ("flipping", 0.3, 130),
    ]
    attack = LabelFlipAttack(rate=30, random_state=0)
    X_out, y_out = attack.fit_resample(X, y, X_val=X_val, y_val=y_val)
    expected = {(*row, label) for row, label in zip(X_out, y_out, strict=True)}
    for _, rate, X_set, y_set, mask in sets[1:]:
        assert np.array_equal(X_set[~mask], X) and np.array_equal(y_set[~mask], y)
        found = {(*row, label) for row, label in zip(X_set[mask], y_set[mask], strict=True)}
        assert mask.sum() == round(100 * rate) and found <= expected

    monkeypatch.setattr(LabelFlipAttack, "fit_resample", None)  # is not called again
    again = list(leaderboard.poisoned_sets(parts, victim, 0, (0.05, 0.3)))
    assert all(np.array_equal(a, b) for a, b in zip(sets[2][2:], again[2][2:], strict=True))
    with pytest.raises(TypeError, match="not callable"):  # another seed is another attack
        list(leaderboard.poisoned_sets(parts, victim, 1, (0.3,)))


def test_leaderboard_s_names_of_detectors(leaderboard):
    assert isinstance(leaderboard.make_detector("cleanlab", None, 0), leaderboard.Cleanlab)
    (X, y), _, _ = leaderboard.draw("breast_cancer", None, 0, None)[0]
    for name, rule in {
        "knn": SecondComponentThreshold,
        "knn + mixture": GaussianMixtureThreshold,
    }.items():
        detector = leaderboard.make_detector(name, None, 0).fit(X, y)
        assert isinstance(detector, KNNDetector) and type(detector.fitted_threshold_) is rule
    peer = leaderboard.make_detector("10-NN + mixture", None, 0).fit(X, y)
    own = NeighborDisagreementDetector(10).fit(X, y)
    assert np.array_equal(peer.training_class_scores_, own.training_class_scores_)
    assert isinstance(peer.fitted_threshold_, GaussianMixtureThreshold)


def test_leaderboard_takes_up_where_it_stopped(leaderboard, tmp_path, capsys):
    def options(*more, detectors=("margin", "centroid")):
        common = ["--cells", "breast cancer", "--seeds", "1", "--rates", "0.3"]
        common += ["--runs", str(tmp_path / "runs.csv.gz"), "--detectors", *detectors, *more]
        return leaderboard.parse(common)

    leaderboard.run_missing(options())
    first = pd.read_csv(tmp_path / "runs.csv.gz")
    assert first["detector"].value_counts().to_dict() == {"margin": 2, "centroid": 2}
    capsys.readouterr()
    leaderboard.run_missing(options())
    assert capsys.readouterr().out == ""

    leaderboard.forget(options("--forget", detectors=["margin"]))
    assert set(pd.read_csv(tmp_path / "runs.csv.gz")["detector"]) == {"centroid"}
    leaderboard.run_missing(options())
    again = pd.read_csv(tmp_path / "runs.csv.gz")
    order = ["detector", "attack"]
    pd.testing.assert_frame_equal(
        first.drop(columns="seconds").sort_values(order, ignore_index=True),
        again.drop(columns="seconds").sort_values(order, ignore_index=True),
    )


def test_leaderboard_report_pairs_by_seed(leaderboard):
    report = script("leaderboard_report")
    runs = [
        leaderboard.run("per_set", "breast cancer", seed, ["ensemble", "cleanlab"])
        for seed in (0, 1)
    ]
    runs = report.derived(pd.concat(runs))
    cells, (mean, _) = report.paired(runs, "cleanlab", "f1")
    attacked = runs[runs["attack"] == "flipping"].groupby("detector")["f1"].mean()
    assert len(cells) == 1
    assert mean == pytest.approx(attacked["ensemble"] - attacked["cleanlab"])
    table = report.overall(runs)
    assert table.count("\n") == 1 + 2
    summary = report.summarise(runs)
    values = runs.groupby(report.CELL)["defended"]
    half_width = stats.t.ppf(0.975, 1) * (values.max() - values.min()) / 2  # of two seeds
    found = summary["defended_ci95"].reindex(half_width.index)
    assert found.to_numpy() == pytest.approx(half_width.to_numpy(), abs=1e-4)
    assert "breast cancer | flipping" in report.cell_by_cell(summary, "per_set", ["ensemble"])
    assert len(report.figure(summary).axes) == 2


def test_leaderboard_report_derives_precision_and_share_flagged(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    rng, rows = np.random.default_rng(0), []
    for n_flagged in (0, 5, 60, 130):
        poison, verdict = np.arange(130) >= 100, np.ones(130)
        verdict[rng.permutation(130)[:n_flagged]] = -1
        found = poison_report(poison, verdict, verdict)
        rows.append(found | {"share": 30 / 130, "low": 0.2, "high": 0.2 + n_flagged / 1000})
    runs = pd.DataFrame(rows)
    derived = script("leaderboard_report").derived(runs.drop(columns="precision"))
    assert derived["precision"].to_list() == pytest.approx(runs["precision"].to_list())
    assert derived["flagged"].to_list() == pytest.approx([0, 5 / 130, 60 / 130, 1])
    assert derived["covered"].to_list() == [0, 0, 1, 1]


def test_harm_prevented_is_a_share_with_an_interval_over_seeds(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    given_back = np.array([0.1, 0.25, 0.3])
    runs = pd.DataFrame({"seed": range(3), "clean": 0.9, "poisoned": 0.5})
    runs = pd.concat([runs.assign(defended=0.5 + given_back + side) for side in (-0.02, 0.02)])
    share, half = script("leaderboard_report").prevented(runs)
    interval = stats.ttest_1samp(given_back / 0.4, 0).confidence_interval()  # equal harm
    assert (share - half, share + half) == pytest.approx((interval.low, interval.high))


def test_the_leaderboard_is_made_from_its_runs(monkeypatch):
    """The tables that README and docs show are those of the committed runs."""
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    report = script("leaderboard_report")
    runs = report.read_runs()
    shown = (ROOT / "benchmarks" / "results" / "leaderboard.md").read_text(encoding="utf-8")
    assert report.tables(runs) == shown


def test_the_leaderboard_s_pages_show_the_runs(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    pages = import_module("leaderboard_pages")
    runs = import_module("leaderboard_report").read_runs()
    runs = runs[runs["cell"].isin(["mnist 0 v 1"]) & runs["detector"].isin(["knn", "ensemble"])]
    pages.write_pages(runs, tmp_path)
    pictures = sorted(path.name for path in tmp_path.glob("mnist-0-v-1-*.svg"))
    assert pictures == [
        f"mnist-0-v-1-{f}-{s}.svg" for f in ("cost", "heat", "rate") for s in ("dark", "light")
    ]

    text = (tmp_path / "mnist-0-v-1.md").read_text(encoding="utf-8")
    shown = set(re.findall(r"\{image\} (\S+)", text))
    assert shown == set(pictures)
    of_cell = runs[
        (runs["part"] == "per_set") & (runs["attack"] == "optimal") & (runs["rate"] == 0.2)
    ]
    for defence, score in (("knn", "defended"), ("ensemble", "defended"), ("none", "poisoned")):
        rows = of_cell if defence == "none" else of_cell[of_cell["detector"] == defence]
        rows = rows.drop_duplicates("seed")
        score, clean = rows[score].mean(), rows["clean"].mean()
        cell = f"| optimal | 0.2 | {defence} | {score:.3f} | {100 * (clean - score):.1f} |"
        assert cell in text


@pytest.fixture
def detection(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    detection = import_module("detection")
    monkeypatch.setattr(detection, "RARE_CLASSES", {"breast_cancer": (0,)})
    monkeypatch.setattr(detection, "RARE_SHARES", (0.03,))
    monkeypatch.setattr(detection, "CHANGED", {"digits": 150})
    return detection


def test_detection_starts_and_is_reported(detection, tmp_path):
    rng = np.random.default_rng(0)
    y, wrong = rng.integers(0, 3, 300), np.arange(300) < 30
    p = rng.dirichlet([1, 1, 1], 300) + 9 * np.eye(3)[np.where(wrong, (y + 1) % 3, y)]
    folder = tmp_path / "human_label_errors"
    folder.mkdir()
    p /= p.sum(axis=1, keepdims=True)
    np.savez(folder / "drawn.npz", pred_proba=p.astype(np.float16), y=y, wrong=wrong)

    parts = {
        "flips": "--data digits --sizes 200 --rates 0.1",
        "honest": "--data iris breast_cancer",
        "rare": "--data breast_cancer",
        "human": "--data drawn",
        "batches": "--data digits --sizes 300",
        "invariance": "--data digits",
        "cost": "--data digits --sizes 200 --detectors ensemble",
    }
    file = tmp_path / "runs.csv"
    for attempt in range(2):  # the second one finds everything done
        for part, settings in parts.items():
            common = ["--seeds", "1", "--runs", str(file), "--data-home", str(tmp_path)]
            detection.run(detection.parse(["--part", part, *settings.split(), *common]))
        if attempt == 0:
            first = file.read_text()
    assert file.read_text() == first

    report = import_module("detection_report")
    runs = report.read_runs(file)
    of_part = dict(list(runs.groupby("part")))
    assert set(of_part["flips"]["contender"]) == set(detection.DETECTORS)
    assert of_part["flips"]["share"].to_list() == [0.1] * 6  # uniform, pair
    assert of_part["honest"]["f1"].isna().all() and set(of_part["honest"]["share"]) == {0}
    human = of_part["human"].set_index("contender")
    assert human.loc["argmax", "f1"] == human.loc["best cut of p(label)", "f1"] == 1
    unknown = of_part["batches"]["variant"].str.contains("unknown")
    assert (of_part["batches"]["rare_flagged"][unknown] == 1).all()
    assert set(of_part["invariance"]["variant"]) >= {"row order", "uint8", "reference"}
    assert of_part["cost"]["peak_mib"].item() >= 0 and of_part["cost"]["predict_seconds"].item() > 0
    own, peer = (
        of_part["rare"][of_part["rare"]["contender"] == c] for c in ("ensemble", "cleanlab")
    )
    assert own["ratio"].item() == pytest.approx(own["seconds"].item() / peer["seconds"].item())
    assert report.tables(runs).count("\n## ") == len(parts) - 1

    detection.forget(detection.parse(["--part", "rare", "--runs", str(file)]))
    assert set(pd.read_csv(file)["part"]) == set(parts) - {"rare"}


def test_constants_are_tried(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    calibrate = import_module("calibrate")
    settings = ["--seeds", "1", "--data", "breast cancer", "--results", str(tmp_path)]
    for part, n_settings in (("margins", 16), ("prior", 12)):
        calibrate.main([part, *settings])
        table = pd.read_csv(tmp_path / f"calibrate_{part}.csv")
        assert set(table.groupby("set").size()) == {n_settings}
        assert table["right flagged"].between(0, 1).all()
    easy = table[table["set"] == "gaussians apart, flips"]
    assert easy["f1"].min() > 0.8  # six deviations apart
    for constant in ("SUREST", "MIN_ROWS"):  # changed, and changed back
        monkeypatch.setattr(calibrate._surest_rows, constant, 1)
    calibrate.main(["surest", "--rows", "200", *settings])
    table = pd.read_csv(tmp_path / "calibrate_surest.csv")
    assert len(table) == 72 and table["estimated"].between(0, 0.5).all()


def test_constants_of_detectors_are_tried(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    calibrate = import_module("calibrate_estimators")
    monkeypatch.setattr(calibrate, "SIZES", (300,))
    tables = {}
    for part in ("components", "duplicates", "neighbors", "columns"):
        settings = ["--seeds", "1", "--data", "breast cancer", "--results", str(tmp_path)]
        calibrate.main([part, *settings])
        tables[part] = pd.read_csv(tmp_path / f"calibrate_{part}.csv")
    table = tables["components"].query("separation == 2 and 0.3 < `largest share` < 0.4")
    accepted = table.groupby(["ratio", "share"])["accepted"].mean().unstack()
    assert (accepted.diff().dropna() <= 0).all(axis=None)  # the stricter, the fewer
    assert accepted.loc[20, 0.2] > accepted.loc[20, 0.0]
    neighbors = tables["neighbors"].set_index(["set", "centre"])
    apart = neighbors.loc["gaussians apart", "right flagged"]
    assert (apart == 0).all() and neighbors["f1"].dropna().between(0, 1).all()
    far = tables["columns"].set_index("set").loc["moons, rows at 5"]
    assert far["f1"] > 0.95 and far["least_separation"] > 3
    groups = tables["duplicates"].groupby("radius")[["honest grouped", "copies together"]].mean()
    assert (groups.diff().dropna() >= 0).all(axis=None) and (groups.loc[0.0] == 0).all()


def test_outlier_detectors_are_tried(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    monkeypatch.delenv("SKPOISON_DATA", raising=False)
    names = ["LOF, 20 neighbours", "LOF, a third"]
    settings = ["--sizes", "100", "--results", str(tmp_path), "--detectors", *names]
    import_module("calibrate_outliers").main(settings)
    found = pd.read_csv(tmp_path / "calibrate_outliers.csv").set_index("detector")
    assert found["clean flagged"].between(0, 1).all()
    group = found.query("poison == 'group' and share == 0.2 and `rows of a class` == 100")
    assert group.loc[names[1], "average precision"] > group.loc[names[0], "average precision"]


@pytest.mark.parametrize("n_classes", [2, 4])
def test_classes_that_overlap_by_a_fifth(n_classes, monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    honest_sets = import_module("honest_sets")
    X, y = honest_sets.passengers(100_000, n_classes, random_state=1)
    best = honest_sets.passenger_probabilities(X, n_classes).argmax(axis=1)
    assert np.mean(best != y) == pytest.approx(0.2, abs=0.005)
    assert np.bincount(y).min() > 0.1 * len(y)
    assert (X[:, 4:6].sum(axis=1) == 1).all() and (X[:, 6:9].sum(axis=1) == 1).all()


def test_rows_beyond_memory_are_judged_once(tmp_path, capsys):
    benchmark = script("beyond_memory")
    command = ["--smoke", "--results", str(tmp_path), "--sources", "parquet", "memmap"]
    benchmark.main(command)
    printed = capsys.readouterr().out
    benchmark.main([*command, "dask, one process"])  # only this one is missing
    assert printed.count("\n") == 2 and capsys.readouterr().out.count("\n") == 1
    runs = pd.read_csv(tmp_path / "beyond_memory.csv")
    assert runs["source"].to_list() == ["parquet", "memmap", "dask, one process"]
    assert (runs[["rows", "flagged", "recall", "precision"]].nunique() == 1).all()
    assert (runs[["recall", "precision"]] > 0.9).all(axis=None)
    assert (runs["peak_mib"] > 0).all() and runs["workers_peak_mib"].isna().all()


def test_planted_issues_are_found_and_counted(monkeypatch, tmp_path, capsys):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    benchmark = import_module("audit_planted")
    command = ["--smoke", "--sets", "wine", "housing", "--results", str(tmp_path), "--kinds"]
    benchmark.main([*command, "none", "label", "leak", "outlier"])
    benchmark.main([*command, "none", "label", "leak", "outlier", "small-class"])
    lines = pd.read_csv(tmp_path / "audit_planted.csv")
    assert capsys.readouterr().out.count("\n") == len(lines) == 5  # what is there is not run again
    planted = lines[1:]
    assert planted["found"].astype(bool).all() and (planted["recall"].dropna() > 0.8).all()
    assert lines["flagged"][0] == 0 and pd.isna(lines["others"][0])


def test_every_kind_of_issue_is_planted_where_it_says(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    planting = import_module("planting")
    X, y = load_iris(return_X_y=True, as_frame=True)
    y, rng = y.to_numpy(), np.random.RandomState(0)
    tags, targets = (y[:, np.newaxis] == [0, 1]).astype(int), X.iloc[:, 0].to_numpy()
    cases = {"classification": y, "regression": targets, "multilabel": tags}
    for task, labels in cases.items():
        assert planting.task_of(labels) == task
        for kind in planting.OF_TASK[task]:
            planted = planting.plant(kind, planting.STRENGTHS[kind][-1], X, labels, rng)
            changed = (planted.X.iloc[:, :4].to_numpy() != X).any(axis=1)
            changed |= (np.atleast_2d((planted.y.astype(str) != labels.astype(str)).T).T).any(
                axis=1
            )
            if planted.rows is not None:
                assert set(np.flatnonzero(changed)) <= set(planted.rows)
                assert changed[planted.rows].mean() > 0.6
    assert X.equals(load_iris(as_frame=True).data)


def test_audit_peers_judge_files(monkeypatch, tmp_path, capsys):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    benchmark = import_module("audit_peers")
    monkeypatch.setattr(benchmark, "N_IMAGES", 300)
    iris = load_iris(as_frame=True)
    (tmp_path / "tables").mkdir()
    table = iris.data.assign(species=iris.target_names[iris.target])
    table.to_csv(tmp_path / "tables" / "penguins.csv", index=False)
    with ZipFile(tmp_path / "orange3-0.whl", "w") as wheel:
        lines = "type\tsize\nd\tc\nclass\t\n" + "mammal\t5\nbird\t1\n" * 20
        wheel.writestr("Orange/datasets/zoo.tab", lines)
    options = Namespace(data_home=tmp_path, wheels=tmp_path)
    assert benchmark.write_source("adult", 0.1, 0, tmp_path, options) is None
    path, y, wrong = benchmark.write_source("zoo", 0.1, 0, tmp_path, options)
    assert pd.read_csv(path)["type"].to_list() == y.tolist() and wrong.sum() == 4
    assert (np.array(["mammal", "bird"] * 20)[~wrong] == y[~wrong]).all()

    contenders = ["audit"] + ["datalab, recipe"] * bool(find_spec("datasets"))
    for data in ("penguins", "images"):
        source = benchmark.write_source(data, 0.1, 0, tmp_path, options)
        for contender in contenders:
            (row,) = benchmark.measure(data, 0.1, 0, contender, *source)
            assert row["rows"] == len(source[1]) and row["recall"] > 0.7, (data, contender)

    cost = ["--part", "cost", "--data", "images", "--sizes", "200", "--data-home", str(tmp_path)]
    for is_new in (True, False):  # the second time everything is there
        benchmark.main([*cost, "--results", str(tmp_path)])
        assert bool(capsys.readouterr().out) is is_new
    steps = pd.read_csv(tmp_path / "audit_cost.csv").set_index("step")["cpu_seconds"]
    assert steps["all"] == pytest.approx(steps.drop("all").sum(), abs=1e-3)
    assert {"reading", "Wrong labels", "report"} < set(steps.index)


def test_label_attacks_on_breast_cancer(monkeypatch, tmp_path, capsys):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    benchmark = script("label_attacks")
    command = ["--sets", "breast cancer", "--rates", "0.2", "--seeds", "1"]
    command += ["--attacks", "flipping", "alfa", "kkt", "--results", str(tmp_path)]
    benchmark.main(command)
    runs = pd.read_csv(tmp_path / "label_attacks.csv").set_index("attack")
    assert list(runs.index) == ["none", "flipping", "alfa", "kkt"]
    assert (runs["svc"][["alfa", "kkt"]] < runs["svc"]["none"] - 0.05).all()
    capsys.readouterr()
    benchmark.main(command)  # everything is there
    assert "cpu_s=" not in capsys.readouterr().out
    shown = (tmp_path / "label_attacks.md").read_text(encoding="utf-8")
    assert f"| alfa | {100 * runs.loc['alfa', 'svc']:.1f} |" in shown


def test_backdoors_are_contested(tmp_path, capsys):
    benchmark = script("backdoors")
    settings = "--victims forest --n-train 250 --n-test 100 --cells".split()
    settings += ["digits-patch-flip", "mnist-art-flip"]
    benchmark.main([*settings, "--art-python", "", "--results", str(tmp_path)])
    assert "ART: left out" in capsys.readouterr().out  # and with it the cell that is ART's
    runs = pd.read_csv(tmp_path / "backdoors.csv").set_index(["defence", "victim"])
    assert len(runs) == 12
    assert runs.loc[("none", "forest"), "success"] > runs.loc[("no poison", "forest"), "success"]
    assert runs.loc[("strip 1.5x", "forest"), "recall"] > 0.8
    assert runs[["accuracy", "success"]].stack().between(0, 1).all()


def test_flipped_labels_and_a_thinned_class(detection):
    y = np.repeat([3, 5, 9], 100)
    for variant in ("uniform", "pair"):
        noisy, wrong = detection.flip(y, variant, 0.2, 0)
        assert ((noisy != y) == wrong).all() and wrong.sum() == 60
    assert (noisy[wrong & (y == 9)] == 3).all() and (noisy[wrong & (y == 3)] == 5).all()
    X, thinned = import_module("honest_sets").thin(np.arange(300)[:, None], y, 5, 0.03, 0)
    assert (thinned == 5).sum() == 6 and len(X) == 206 and (np.diff(X[:, 0]) > 0).all()


def test_tables_of_readme_and_docs_are_those_of_the_results(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    quoted = import_module("quoted")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for table in quoted.of_readme():  # where it fails: python benchmarks/quoted.py
        assert table in readme
        assert quoted.put(table, readme) == readme
    for name, table in quoted.INCLUDED.items():
        shown = (ROOT / "benchmarks" / "results" / f"{name}.md").read_text(encoding="utf-8")
        assert shown == table() + "\n"


def test_results_older_than_their_code_are_listed(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    made_by = import_module("made_by")
    listed = made_by.read()
    pd.testing.assert_frame_equal(  # where it fails: python benchmarks/made_by.py
        listed, made_by.table(listed, "now", "today"), obj="benchmarks/results/made_by.csv"
    )


def test_new_rows_are_of_today_s_code_and_old_ones_keep_theirs(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    made_by = import_module("made_by")
    monkeypatch.setattr(made_by, "MEASURED", {"valuation.csv": "contender"})
    new = made_by.table(None, "abc1234", "2026-01-01")
    assert not new["is_stale"].any() and "detectors.KNNShapleyDetector" in set(new["measured"])
    old = new.assign(code="0", commit="old")
    old.loc[old["measured"] == "detectors.KNNShapleyDetector", "rows"] = "other rows"
    again = made_by.table(old, "abc1234", "2026-01-01").set_index("measured")
    assert again["commit"].to_dict() == {
        name: "abc1234" if name == "detectors.KNNShapleyDetector" else "old" for name in again.index
    }
    assert (again["is_stale"] == (again["commit"] == "old")).all()


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


def test_robust_learners_on_digits_and_diabetes(monkeypatch):
    benchmark = script("robust_learners")
    learners = benchmark.learners_of("digits")
    learners["finite aggregation, d=4"].set_params(n_partitions=15)
    learners["bagging"].set_params(n_estimators=100)
    monkeypatch.setattr(benchmark, "learners_of", lambda name: learners)
    table = benchmark.certify("digits", None, 60).set_index("learner")
    assert set(table.index) == set(learners)
    assert (table["accuracy"] > 0.85).all() and (table["certified_3"] > 0.5).all()
    assert (table["accuracy"] >= table["certified_1"]).all()

    monkeypatch.setattr(benchmark, "RATES", (0.2,))
    X, y = benchmark.regression_rows("diabetes", None, None)
    runs = benchmark.regress(X, y, 0, ["none", "TRIM", "residuals, linear"])
    mse = runs.set_index(["attack", "defence"])["mse"]
    assert mse["gradient", "none"] > mse["statistical", "none"] > mse["random", "none"]
    assert mse["statistical", "TRIM"] < 1.1 * mse["none", "none"]
    table = benchmark.summarise(runs.assign(data="diabetes"))
    assert len(table) == 4 and table["none"].notna().all()


def test_cae_plus_finds_pooled_poison_by_rows_or_code(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    benchmark = import_module("cae_plus_pools")
    cell = {"digits": ("digits", (3, 8, 9))}
    for name, value in {"CELLS": cell, "ATTACKS": ("flipping",), "RATES": (0.3,)}.items():
        monkeypatch.setattr(benchmark, name, value)
    monkeypatch.setattr(benchmark, "N_JUDGED", 1)
    table = benchmark.run("digits", 2).set_index(["attack", "judge"])
    assert (table.loc["flipping", "f1"] > 0.7).all()
    assert (table.loc["none", "clean_removed"] < 0.1).all()
    assert table.loc[("flipping", "code and rows"), "average_precision"] > 0.9


def test_valuation_ranks_and_goes_on_where_it_stopped(monkeypatch, tmp_path, capsys):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    benchmark = import_module("valuation")
    arguments = ["--data", "digits", "--rows", "200", "--seeds", "1", "--results"]
    arguments += [str(tmp_path / "valuation.csv"), "--pydvl-python", "", "--mislabeled-python", ""]
    benchmark.main([*arguments, "--contenders", "knn-shapley"])
    assert "pydvl: left out" in capsys.readouterr().out
    benchmark.main([*arguments, "--contenders", "knn-shapley", "self-influence"])
    table = pd.read_csv(tmp_path / "valuation.csv").set_index(["contender", "rate"])
    assert len(table) == 4
    assert (table["average_precision"].xs(0.1, level="rate") > 0.6).all()
    assert (table["flagged"].xs(0.0, level="rate") < 0.02).all()

    wrong, scores = np.array([True, True, False, False]), np.array([0.0, 2.0, 1.0, 3.0])
    measured = benchmark.measure(wrong, scores, scores < 0.5, 0.0)
    assert measured["f1_at_true_share"] == 0.5  # rows 0 and 2 are the lowest two
    assert measured["f1"] == pytest.approx(2 / 3, abs=1e-4)


def test_wrong_tags_are_found_tag_by_tag(monkeypatch, tmp_path, capsys):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    benchmark = import_module("multilabel")
    arguments = "--data made --rows 400 --rates 0.1 --seeds 1 --results".split()
    arguments.append(str(tmp_path / "multilabel.csv"))
    benchmark.main(arguments)
    runs = pd.read_csv(tmp_path / "multilabel.csv").set_index("contender")
    assert len(runs) == 5 and (runs["f1_rows"] >= runs["f1_values"]).all()
    assert (runs["average_precision"] > 0.3).all()  # at random 0.1
    capsys.readouterr()
    benchmark.main(arguments)
    assert len(pd.read_csv(tmp_path / "multilabel.csv")) == 5  # everything is there

    random = np.random.RandomState(0)
    tags = random.randint(2, size=(200, 3))
    pred_proba = np.clip(tags + random.normal(scale=0.6, size=tags.shape), 0.01, 0.99)
    values, _, _ = benchmark.by_cleanlab(tags, pred_proba)
    for tag, probability, found in zip(tags.T, pred_proba.T, values.T, strict=True):
        alone = find_label_issues(tag, np.column_stack([1 - probability, probability]))
        assert alone.any() and np.array_equal(found, alone)
