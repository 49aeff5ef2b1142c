"""Runs: what is computed, what is done again, and that workers do not show in the results."""

import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_digits
from sklearn.metrics import accuracy_score, f1_score, roc_auc_score
from sklearn.svm import SVC

from skpoison.detectors import CentroidDetector
from skpoison.experiments import run_protocol
from skpoison.experiments._plan import plan
from skpoison.experiments._store import Store


@pytest.fixture
def copied(finished, tmp_path):
    """A copy of the finished experiment."""
    return shutil.copytree(finished, tmp_path / "copied")


def unit_files(folder):
    """Every unit's checksums and the time they were written."""
    return {path: path.stat().st_mtime_ns for path in folder.glob("*/*/SHA256SUMS")}


def read_rows(folder, name):
    with np.load(next(folder.glob(f"split/{name}-*")) / "rows.npz") as rows:
        return dict(rows)


def read_poison(folder, name):
    with np.load(next(folder.glob(f"attack/{name}-*")) / "poison.npz") as poison:
        return poison["X"], poison["y"]


def test_rows_come_from_disjoint_parts(finished):
    X, y = load_digits(return_X_y=True)
    X, y = X[y < 2] / 16, y[y < 2]
    used = {}
    for path in finished.glob("split/*"):
        name = path.name.rsplit("-", 1)[0]
        rows = read_rows(finished, name)
        indices = np.concatenate([rows[f"i_{part}"] for part in ("train", "val", "test")])
        assert len(set(indices)) == 60
        np.testing.assert_allclose(rows["X_test"], X[rows["i_test"]], rtol=1e-6)
        np.testing.assert_array_equal(rows["y_val"], y[rows["i_val"]])
        used.setdefault(name.split("-")[0], set()).update(indices)
    assert not used["training"] & used["assessment"]
    assert len(list(finished.glob("split/training-*"))) == 5
    assert max(map(len, used.values())) <= len(y) * 5 // 6


def test_results_agree_with_the_parts_done_by_hand(finished):
    """Pooled centroid against 40 % flips, by scikit-learn alone from the files of the stages."""
    X, y = [], []
    for run in range(5):
        rows = read_rows(finished, f"training-{run:02d}")
        X_poison, y_poison = read_poison(finished, f"flipping-training-{run:02d}")
        X += [rows["X_train"], X_poison]
        y += [rows["y_train"], y_poison]
    detector = CentroidDetector().fit(np.concatenate(X), np.concatenate(y))
    rows = read_rows(finished, "assessment-00")
    X_poison, y_poison = read_poison(finished, "flipping-assessment-00")
    X, y = np.concatenate([rows["X_train"], X_poison]), np.concatenate([rows["y_train"], y_poison])
    suspicion = -detector.score_samples(X, y)

    verdicts = pd.read_parquet(
        next(finished.glob("assess/centroid-flipping-012-assessment-00-*")) / "verdicts.parquet"
    )
    poison = np.repeat([False, True], [30, 12])
    np.testing.assert_allclose(-verdicts["score"], suspicion, rtol=1e-6)
    np.testing.assert_array_equal(verdicts["poison"], poison)
    flagged = verdicts["flagged"].to_numpy()
    assert suspicion[flagged].min() > suspicion[~flagged].max()

    results = pd.read_csv(finished / "results.csv", na_values=[""], keep_default_na=False)
    (row,) = results.query(
        "attack == 'flipping' and rate == 0.4 and detector == 'centroid'"
    ).to_dict("records")

    def accuracy(kept):
        victim = SVC(kernel="linear", C=1).fit(X[kept], y[kept])
        return accuracy_score(rows["y_test"], victim.predict(rows["X_test"]))

    assert row["clean_accuracy"] == pytest.approx(accuracy(~poison), abs=1e-6)
    assert row["poisoned_accuracy"] == pytest.approx(accuracy(poison | ~poison), abs=1e-6)
    assert row["defended_accuracy"] == pytest.approx(accuracy(~flagged), abs=1e-6)
    assert row["f1"] == pytest.approx(f1_score(poison, flagged), abs=1e-6)
    assert row["roc_auc"] == pytest.approx(roc_auc_score(poison, suspicion), abs=1e-6)
    assert row["rows_removed"] == flagged.sum()


def test_the_table_is_tidy(finished):
    results = pd.read_csv(finished / "results.csv", na_values=[""], keep_default_na=False)
    keys = ["dataset", "fit", "run", "attack", "rate", "detector"]
    assert list(results.columns[:6]) == keys
    assert len(results) == len(results[keys].drop_duplicates()) == 2 * (1 + 2 * 2)
    timings = pd.read_csv(finished / "timings.csv")
    assert len(timings) == 6 + 12 + 10 + 10
    assert (timings[["seconds", "cpu_seconds"]] >= 0).all(axis=None)


def test_a_second_call_does_nothing(protocol, copied):
    before = unit_files(copied)
    table = (copied / "results.csv").read_bytes()
    run_protocol(protocol, copied)
    assert unit_files(copied) == before
    assert (copied / "results.csv").read_bytes() == table


@pytest.mark.parametrize("stage", ["split", "attack", "train", "assess"])
def test_a_damaged_file_is_redone(protocol, copied, stage):
    table = (copied / "results.csv").read_bytes()
    before = unit_files(copied)
    damaged = sorted(copied.glob(f"{stage}/*"))[0]
    for path in damaged.iterdir():
        if path.suffix in (".npz", ".pickle", ".parquet"):
            content = bytearray(path.read_bytes())
            content[len(content) // 2] ^= 0xFF
            path.write_bytes(content)
    run_protocol(protocol, copied)
    redone = [path for path, written in unit_files(copied).items() if before.get(path) != written]
    assert redone == [damaged / "SHA256SUMS"]
    assert (copied / "results.csv").read_bytes() == table


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        # Units of split, attack, train and assess that stay.
        ({"detectors": ("centroid", "knn", "magnet")}, (6, 12, 10, 10)),
        ({"rates": (0, 0.2, 0.3, 0.4)}, (6, 12, 10, 10)),
        ({"rates": (0, 0.2, 0.5)}, (6, 0, 2, 2)),
        ({"victim": {"C": 2.0}}, (6, 0, 2, 0)),
        ({"seed": 1}, (0, 0, 0, 0)),
        ({"n_runs": 12}, (6, 12, 0, 0)),
        ({"fit": "per_set"}, (6, 12, 0, 0)),
    ],
)
def test_a_change_redoes_what_depends_on_it(protocol, finished, change, kept):
    stages, _ = plan(replace(protocol, **change))
    store = Store(finished)
    there = tuple(sum(map(store.has, units)) for units in stages.values())
    assert there == kept


def test_a_changed_protocol_gives_what_a_fresh_run_gives(protocol, copied, tmp_path):
    changed = replace(protocol, attacks=("flipping",), rates=(0, 0.4), detectors=("knn",))
    before = unit_files(copied)
    run_protocol(changed, copied, update=True)
    run_protocol(changed, tmp_path / "fresh")
    assert unit_files(copied) == before
    for name in ("results.csv", "protocol.yaml"):
        assert (copied / name).read_bytes() == (tmp_path / "fresh" / name).read_bytes()


def test_workers_do_not_show_in_the_results(protocol, finished, tmp_path):
    run_protocol(protocol, tmp_path, jobs=2)
    assert (tmp_path / "results.csv").read_bytes() == (finished / "results.csv").read_bytes()


def test_fit_to_the_set_to_be_cleaned(protocol, finished, copied):
    changed = replace(protocol, fit="per_set", attacks=("flipping",), detectors=("centroid",))
    results = run_protocol(changed, copied, update=True)
    assert len(results) == 6 * 3
    rows = read_rows(finished, "training-02")
    X_poison, y_poison = read_poison(finished, "flipping-training-02")
    X = np.concatenate([rows["X_train"], X_poison[:6]])
    y = np.concatenate([rows["y_train"], y_poison[:6]])
    detector = CentroidDetector().fit(X, y)
    verdicts = pd.read_parquet(
        next(copied.glob("assess/centroid-flipping-006-training-02-*")) / "verdicts.parquet"
    )
    np.testing.assert_allclose(verdicts["score"], detector.training_scores_, rtol=1e-6)


def test_another_protocols_folder_is_refused(protocol, copied):
    table = (copied / "results.csv").read_bytes()
    with pytest.raises(ValueError, match="another protocol .seed=0 there, 1 here"):
        run_protocol(replace(protocol, seed=1), copied)
    assert (copied / "results.csv").read_bytes() == table


def test_ray_cluster(protocol, finished, tmp_path):
    ray = pytest.importorskip("ray", reason="needs the extra 'ray'")
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    try:
        run_protocol(protocol, tmp_path, backend="ray")
    finally:
        ray.shutdown()
    assert (tmp_path / "results.csv").read_bytes() == (finished / "results.csv").read_bytes()
