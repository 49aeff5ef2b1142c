"""What all sources have in common: labels, rows drawn, and what stands beside the source."""

import numpy as np
import pandas as pd
import pytest

from skpoison.audit import read_source


@pytest.fixture
def write(tmp_path):
    """Write a table of this label and one column of numbers; gives its path."""

    def write(labels):
        size = np.random.default_rng(0).normal(size=len(labels)).round(3)
        table = pd.DataFrame({"size": size, "label": labels})
        table.to_csv(tmp_path / "table.csv", index=False)
        return tmp_path / "table.csv"

    return write


def test_a_missing_file_is_refused_with_the_nearest_name(write, tmp_path):
    write(["u", "v"])
    with pytest.raises(OSError, match=r"no such file or folder\. Did you mean 'table.csv'\?"):
        read_source(tmp_path / "tabel.csv", label="label")
    with pytest.raises(OSError, match=r"no such file or folder\.$"):
        read_source(tmp_path / "nowhere" / "x.csv", label="label")


@pytest.mark.parametrize(
    ("labels", "task", "kind"),
    [
        (["u", "v"] * 10, "classification", "U"),
        ([0, 1] * 10, "classification", "i"),
        ([0.0, 1.0] * 10, "classification", "i"),
        ([0.5, 1.0] * 10, "regression", "f"),
        ([True, False] * 10, "classification", "U"),
        (list(range(40)) * 13, "classification", "i"),
        (list(range(77)) * 12, "classification", "i"),
        ((np.arange(90) * 7 % 89).tolist(), "regression", "f"),
        (np.random.default_rng(0).normal(size=15).tolist(), "regression", "f"),
        (np.random.default_rng(0).normal(size=200).tolist(), "regression", "f"),
        (np.random.default_rng(0).integers(0, 9999, 200).tolist(), "regression", "f"),
    ],
)
def test_the_task_is_told_from_the_labels(write, labels, task, kind):
    data = read_source(write(labels), label="label")
    assert (data.task, data.y.dtype.kind) == (task, kind)
    expected = [str(label) for label in labels] if kind == "U" else labels
    # pandas 3.0 reads some numbers to all bits but the last
    assert data.y.tolist() == (pytest.approx(expected, rel=1e-15) if kind == "f" else expected)
    says = [note for note in data.notes if "--task" in note]
    assert bool(says) == (len(set(labels)) > 20 or task == "regression")


def test_the_task_can_be_said(write):
    path = write(list(range(60)) * 4)
    assert read_source(path, label="label").task == "regression"
    forced = read_source(path, label="label", task="classification")
    assert forced.task == "classification" and forced.y.dtype.kind == "i"
    stars = read_source(write([0.5, 1, 1.5] * 9), label="label", task="classification")
    assert set(stars.y) == {"0.5", "1.0", "1.5"}
    few = write([1, 2, 3] * 9)
    assert read_source(few, label="label", task="regression").y.dtype.kind == "f"
    with pytest.raises(ValueError, match="task must be one of"):
        read_source(few, label="label", task="ranking")
    with pytest.raises(ValueError, match="needs numbers; the label 'label' holds 'u', 'v'"):
        read_source(write(["u", "v"] * 5), label="label", task="regression")


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([f"name {i}" for i in range(30)], "30 different values in 30 rows.*Is it an identifier"),
        (list(range(100, 140)), "numbers the rows from 100 to 139: it is an identifier"),
        ([3, 8, 12, 40], "Is it measured .--task regression.* or an identifier"),
        (["u"] * 9, "one class only, 'u' in 9 rows"),
        ([7] * 9, "one class only, '7' in 9 rows"),
    ],
)
def test_labels_that_are_no_classes_are_refused(write, labels, message):
    with pytest.raises(ValueError, match=message):
        read_source(write(labels), label="label")


def test_rows_are_drawn_at_random_and_each_class_stays(write):
    path = write(["rare"] * 3 + ["u", "v"] * 200)
    data = read_source(path, label="label", max_rows=40, random_state=0)
    again = read_source(path, label="label", max_rows=40, random_state=0)
    other = read_source(path, label="label", max_rows=40, random_state=1)
    assert len(data.y) == 40 == len(data.X)
    assert data.index.equals(again.index) and not data.index.equals(other.index)
    whole = read_source(path, label="label")
    rows = data.index - 2
    np.testing.assert_array_equal(data.y, whole.y[rows])
    np.testing.assert_array_equal(data.X.index, data.index)
    assert (data.y == "rare").sum() == 3
    assert any("40 of 403 rows" in note for note in data.notes)
    with pytest.raises(ValueError, match="max_rows must be at least 2, got 1"):
        read_source(path, label="label", max_rows=1)


def test_probabilities_and_features_go_with_their_rows(write, tmp_path):
    path = write(["u", "v", ""] * 20)
    proba = np.random.default_rng(0).dirichlet([1, 1], size=60)
    np.save(tmp_path / "p.npy", proba)
    np.savez(tmp_path / "f.npz", features=np.arange(180.0).reshape(60, 3))
    data = read_source(
        path,
        label="label",
        pred_proba=tmp_path / "p.npy",
        features=tmp_path / "f.npz",
        max_rows=25,
        random_state=3,
    )
    rows = data.index.to_numpy() - 2
    np.testing.assert_array_equal(data.pred_proba, proba[rows])
    np.testing.assert_array_equal(data.features[:, 0], 3.0 * rows)


@pytest.mark.parametrize(
    ("parameter", "array", "message"),
    [
        ("features", np.zeros((19, 2)), "has 19 rows, the source 20"),
        ("features", np.zeros(20), "has shape"),
        ("features", np.full((20, 2), np.nan), "gaps or infinite numbers in 20 rows"),
        ("features", np.array([["a"]] * 20), "dtype <U1"),
        ("pred_proba", np.full((20, 3), 1 / 3), "has 3 columns; one for each of the 2 labels"),
        ("pred_proba", np.full((20, 2), 0.9), "no probabilities in 20 rows, such as line 2"),
        ("pred_proba", np.tile([1.5, -0.5], (20, 1)), "no probabilities in 20 rows"),
    ],
)
def test_arrays_beside_the_source_must_fit_it(write, tmp_path, parameter, array, message):
    np.save(tmp_path / "a.npy", array)
    with pytest.raises(ValueError, match=message):
        read_source(write(["u", "v"] * 10), label="label", **{parameter: tmp_path / "a.npy"})


def test_a_file_beside_the_source_must_be_an_array(write, tmp_path):
    path = write(["u", "v"] * 10)
    with pytest.raises(ValueError, match=r"an .npy file is accepted"):
        read_source(path, label="label", features=path)
    with pytest.raises(OSError, match=r"features='nowhere.npy': no such file"):
        read_source(path, label="label", features="nowhere.npy")
    np.save(tmp_path / "p.npy", np.full((100, 2), 0.5))
    numbers = write(np.random.default_rng(0).normal(size=100))
    with pytest.raises(ValueError, match=r"pred_proba=.* needs classes; the label is regression"):
        read_source(numbers, label="label", pred_proba=tmp_path / "p.npy")
