"""Runs: what is computed, what is done again, and that workers do not show in the results."""

import shutil
import subprocess
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_digits
from sklearn.metrics import accuracy_score, f1_score, roc_auc_score
from sklearn.mixture import GaussianMixture
from sklearn.svm import SVC

from skpoison.detectors import CentroidDetector, SlabDetector
from skpoison.experiments import Protocol, run_protocol
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


def poisoned_set(folder, run, n_poison=12):
    rows = read_rows(folder, run)
    X_poison, y_poison = read_poison(folder, f"flipping-{run}")
    X = np.concatenate([rows["X_train"], X_poison[:n_poison]])
    return X, np.concatenate([rows["y_train"], y_poison[:n_poison]])


def beyond_the_mixtures_cut(anomaly):
    """Rows that scikit-learn's mixture counts to the component with the larger mean."""
    mixture = GaussianMixture(2, random_state=0).fit(anomaly[:, np.newaxis])
    upper = mixture.means_.argmax()
    low, high = np.sort(mixture.means_.ravel())
    return (anomaly > low) & ((mixture.predict(anomaly[:, np.newaxis]) == upper) | (anomaly > high))


def test_too_few_rows_are_refused_by_name(tmp_path):
    sizes = {"n_train": 80, "n_val": 100, "n_test": 100, "n_runs": 6}
    protocol = Protocol(
        "digits", classes=(3, 8), attacks=("flipping",), detectors=("knn",), **sizes
    )
    part = "assessment runs draw from 60 of the 357 rows of 'digits': n_train=80, n_val=100"
    with pytest.raises(ValueError, match=part):
        run_protocol(protocol, tmp_path)


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
    sets = [poisoned_set(finished, f"training-{run:02d}") for run in range(5)]
    detector = CentroidDetector().fit(*map(np.concatenate, zip(*sets, strict=True)))
    rows = read_rows(finished, "assessment-00")
    X, y = poisoned_set(finished, "assessment-00")
    anomaly = -detector.score_samples(X, y)

    verdicts = pd.read_parquet(
        next(finished.glob("assess/centroid-flipping-012-assessment-00-*")) / "verdicts.parquet"
    )
    poison = np.repeat([False, True], [30, 12])
    np.testing.assert_allclose(-verdicts["score"], anomaly, rtol=1e-6)
    np.testing.assert_array_equal(verdicts["poison"], poison)
    flagged = verdicts["flagged"].to_numpy()
    assert flagged.any()
    np.testing.assert_array_equal(flagged, beyond_the_mixtures_cut(anomaly))

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
    assert row["roc_auc"] == pytest.approx(roc_auc_score(poison, anomaly), abs=1e-6)
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


KINDS = ("rows.npz", "poison.npz", "detector.skpoison", "verdicts.parquet", "assessment.parquet")


@pytest.mark.parametrize("damage", ["flip", "cut"])
def test_damaged_files_of_every_kind_are_redone(protocol, copied, damage):
    """One of each kind, in units of their own; and the tables are written anew."""
    table = (copied / "results.csv").read_bytes()
    before, damaged = unit_files(copied), set()
    for kind in (*KINDS, "log.json", "SHA256SUMS"):
        units = (path for path in sorted(copied.glob(f"*/*/{kind}")) if path.parent not in damaged)
        path = next(units)
        damaged.add(path.parent)
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 0xFF
        path.write_bytes(content if damage == "flip" else content[: len(content) // 2])
    for name in ("results.csv", "timings.csv", "machine.json"):
        (copied / name).write_bytes(b"\xff\x00")
    run_protocol(protocol, copied)
    redone = {
        path.parent for path, written in unit_files(copied).items() if before.get(path) != written
    }
    assert redone == damaged
    assert (copied / "results.csv").read_bytes() == table


def test_results_folders_hold_no_pickle(finished):
    kinds = {path.suffix or path.name for path in finished.rglob("*") if path.is_file()}
    known = {".npz", ".skpoison", ".parquet", ".json", ".csv", ".yaml", "SHA256SUMS", ".lock"}
    assert kinds <= known


def test_a_hostile_folder_is_refused(protocol, copied):
    """Objects in place of rows, with the right checksum: what somebody else may send."""
    unit = next(copied.glob("split/training-00-*"))
    with np.load(unit / "rows.npz") as rows:
        arrays = dict(rows)
    np.savez(unit / "rows.npz", **arrays | {"X_train": np.array([{}], dtype=object)})
    (unit / "SHA256SUMS").unlink()
    sums = subprocess.run("sha256sum *", shell=True, cwd=unit, capture_output=True).stdout
    (unit / "SHA256SUMS").write_bytes(sums)
    shutil.rmtree(copied / "attack")
    with pytest.raises(OSError, match=r"rows.npz: broken.*'X_train' holds Python objects"):
        run_protocol(protocol, copied)


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
    run_protocol(protocol, tmp_path, n_jobs=2)
    assert (tmp_path / "results.csv").read_bytes() == (finished / "results.csv").read_bytes()


def test_workers_do_not_show_in_trained_networks(protocol, protocol_file, start_run, tmp_path):
    small = replace(protocol, n_runs=2, rates=(0.4,), attacks=("flipping",), detectors=("magnet",))
    protocol_file.write_text(small.to_yaml())
    for jobs in ("1", "2"):
        process = start_run(tmp_path / jobs, "--jobs", jobs)
        output, _ = process.communicate(timeout=300)
        assert process.returncode == 0, output
    (one,), (other,) = ((tmp_path / jobs).glob("assess/*/verdicts.parquet") for jobs in "12")
    pd.testing.assert_frame_equal(pd.read_parquet(one), pd.read_parquet(other), check_exact=True)
    assert (tmp_path / "1/results.csv").read_bytes() == (tmp_path / "2/results.csv").read_bytes()


def test_fit_to_the_set_to_be_cleaned(protocol, finished, copied):
    changed = replace(protocol, fit="per_set", attacks=("flipping",), detectors=("centroid",))
    results = run_protocol(changed, copied, update=True)
    assert len(results) == 6 * 3
    X, y = poisoned_set(finished, "training-02", n_poison=6)
    detector = CentroidDetector().fit(X, y)
    verdicts = pd.read_parquet(
        next(copied.glob("assess/centroid-flipping-006-training-02-*")) / "verdicts.parquet"
    )
    np.testing.assert_allclose(verdicts["score"], detector.training_scores_, rtol=1e-6)
    flagged = beyond_the_mixtures_cut(-detector.training_scores_)
    np.testing.assert_array_equal(verdicts["flagged"], flagged)


@pytest.mark.parametrize("fit", ["pooled", "per_set"])
def test_other_detectors_keep_their_own_rule(protocol, copied, fit):
    """Fitted to the rows that train: the judged set, or those of all training runs."""
    changed = replace(protocol, fit=fit, attacks=("flipping",), detectors=("slab",), rates=(0.4,))
    run_protocol(changed, copied, update=True)
    judged = poisoned_set(copied, "assessment-00")
    sets = [poisoned_set(copied, f"training-{run:02d}") for run in range(5)]
    X, y = map(np.concatenate, zip(*sets, strict=True)) if fit == "pooled" else judged
    expected = SlabDetector().fit(X, y).predict(*judged) == -1
    verdicts = pd.read_parquet(
        next(copied.glob("assess/slab-flipping-012-assessment-00-*")) / "verdicts.parquet"
    )
    np.testing.assert_array_equal(verdicts["flagged"], expected)


def test_another_protocols_folder_is_refused(protocol, copied):
    table = (copied / "results.csv").read_bytes()
    with pytest.raises(ValueError, match=r"another protocol .seed=0 there, 1 here"):
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


@pytest.mark.parametrize("damage", ["", "{", "a: &a [1]\nb: *a", "dataset: \x00", "- digits"])
def test_a_damaged_protocol_of_a_folder_is_named(protocol, copied, damage):
    (copied / "protocol.yaml").write_text(damage)
    with pytest.raises(ValueError, match=r"protocol\.yaml (is not valid YAML|must hold)"):
        run_protocol(protocol, copied)
    run_protocol(protocol, copied, update=True)
    assert (copied / "protocol.yaml").read_text() == protocol.to_yaml()
