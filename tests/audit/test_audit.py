"""`audit` takes what people have, refuses what it cannot, and gives rows back by name."""

import json

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.datasets import load_digits, load_wine
from sklearn.preprocessing import scale

from skpoison.audit import Audit, AuditData, audit, audit_data
from skpoison.audit.kinds import KINDS


@pytest.fixture(scope="module")
def flipped():
    """Wine with nine wrong labels, under names."""
    X, y = load_wine(return_X_y=True, as_frame=True)
    rows = np.random.RandomState(0).permutation(len(y))
    X, y = X.iloc[rows], y.iloc[rows].map({0: "red", 1: "white", 2: "rosé"}).rename("wine")
    X.index = y.index = [f"bottle {number}" for number in rows]
    y.iloc[:9] = y.iloc[:9].map({"red": "white", "white": "rosé", "rosé": "red"})
    return X, y


@pytest.fixture(scope="module")
def found(flipped):
    return audit(*flipped, random_state=0)


def test_rows_keep_their_names(found, flipped):
    X, _y = flipped
    assert found.rows.index.equals(X.index) and found.data.label_name == "wine"
    flagged = found.rows[found.rows["label_flagged"]]
    assert set(flagged.index) >= set(X.index[:8])
    assert (flagged["wrong_label_probability"] > 0.5).all()
    assert (flagged["suggested_label"] != flagged["label"]).all()
    assert (flagged["reasons"].str.len() > 0).all()
    top = found.rows.sort_values("anomaly_score").index[-5:]
    assert found.rows.loc[top, "flagged"].all()


def test_issues_hold_the_flagged_rows(found):
    issues = found.issues
    assert set(issues) == {name for name, f in found.findings.items() if f.flagged.any()}
    assert issues["label"]["score"].is_monotonic_decreasing
    assert set(issues["label"].index) == set(found.rows.index[found.rows["label_flagged"]])


def test_summary_is_json(found):
    summary = json.loads(json.dumps(found.summary, allow_nan=False))
    assert summary["classes"] == found.rows["label"].value_counts().to_dict()
    assert summary["findings"]["label"]["found"] and "are flagged" in summary["sentence"]
    assert summary["n_rows"] == 178 and summary["task"] == "classification"
    assert repr(found) == summary["sentence"]


def test_the_same_rows_in_other_containers(found, flipped):
    X, y = flipped
    for rows in (X.to_numpy(), X.assign(wine=y)):
        labels = "wine" if hasattr(rows, "columns") else y.to_numpy()
        other = audit(rows, labels, random_state=0)
        np.testing.assert_array_equal(other.rows["flagged"], found.rows["flagged"])
    read = audit_data(AuditData(X, y.to_numpy(), "table"), only="label", random_state=0)
    np.testing.assert_array_equal(read.findings["label"].score, found.findings["label"].score)


def test_units_and_features_of_ones_own(found, flipped):
    X, y = flipped
    other = audit(["text"] * len(y), y, features=scale(X), only="label", random_state=0)
    np.testing.assert_array_equal(other.rows["label_flagged"], found.rows["label_flagged"])


def test_what_is_looked_for_depends_on_the_task():
    rng = np.random.RandomState(0)
    X = rng.normal(size=(120, 3))
    regression = audit(X, X.sum(axis=1) + rng.normal(size=120), random_state=0)
    expected = ["target", "groups", "outlier", "duplicate", "leak", "order"]
    assert list(regression.findings) == expected
    said = " ".join(f"{f.title} {f.sentence} {f.advice}" for f in regression.findings.values())
    assert "target" in said and "label" not in said and "class" not in said
    tags = audit(X, (X[:, :2] > 0).astype(int), random_state=0)
    assert list(tags.findings) == ["tags", "groups", "outlier", "duplicate"]


def test_what_is_not_asked_is_told_from_what_is_not_there():
    """Without labels and groups, no verdict is given on either."""
    found = audit(np.random.RandomState(0).normal(size=(60, 3)), random_state=0)
    told = {name: line["asked"] for name, line in found.summary["findings"].items()}
    needs_labels = {"label", "confused-pairs", "groups", "influence", "trigger", "leak", "order"}
    assert {name for name, asked in told.items() if not asked} == needs_labels
    assert f"by {len(told) - len(needs_labels)} kinds of check" in found.summary["sentence"]
    assert found.findings["groups"].sentence == "Not asked: there are no groups."
    assert not found.rows["label_flagged"].any() and found.summary["notes"]
    page = found._repr_html_()
    assert all(finding.sentence in page for finding in found.findings.values())


def test_tags_go_by_the_names_of_their_columns():
    rng = np.random.RandomState(0)
    X = rng.normal(size=(200, 2))
    y = pd.DataFrame({"warm": X[:, 0] > 0, "wet": X[:, 1] > 0})
    y.loc[:9, "wet"] ^= True
    found = audit(X, y, only="tags", random_state=0)
    assert found.findings["tags"].table["tag"].tolist() == ["warm", "wet"]
    assert any("tag wet should be" in text for text in found.rows["reasons"][:10])
    assert set(found.rows["label"]) == {"", "warm", "wet", "warm, wet"}
    exclusive = audit(X, y.assign(warm=~y["wet"]), only="small-class")
    assert set(exclusive.rows["label"]) == {"warm", "wet"}


def test_the_task_can_be_said():
    X = np.random.RandomState(0).normal(size=(90, 2))
    assert audit(X, np.arange(90) % 5, task="regression", only="order").data.task == "regression"
    stars = audit(X, np.arange(90) % 5 / 2, task="classification", only="small-class")
    assert stars.summary["classes"] == dict.fromkeys(["0.0", "0.5", "1.0", "1.5", "2.0"], 18)
    with pytest.raises(ValueError, match="task must be one of"):
        audit(X, np.arange(90) % 5, task="ranking")
    with pytest.raises(ValueError, match="one class only, 'a' in 90 rows"):
        audit(X, ["a"] * 90)


def test_kinds_say_what_they_cost_and_are_for():
    for name, kind in KINDS.items():
        assert kind.name == name and kind.title and kind.cost and kind.__doc__


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"only": "lable"}, "Did you mean 'label'"),
        ({"only": ["target"]}, "makes no sense for classification"),
        ({"only": "groups"}, "needs groups"),
        ({"only": []}, "at least one"),
        ({"max_rows": 0}, "max_rows=0"),
        ({"groups": [1, 2]}, "groups has 2 rows, but y has 178"),
        ({"pred_proba": np.ones((178, 3))}, "pred_proba must hold class probabilities"),
        ({"pred_proba": np.ones((178, 2)) / 2}, "pred_proba must have a column for each"),
    ],
)
def test_refused_before_any_work(options, message, flipped):
    with pytest.raises(ValueError, match=message):
        audit(*flipped, **options)


def test_labels_that_are_none():
    X = np.random.RandomState(0).normal(size=(60, 2))
    with pytest.raises(ValueError, match="60 different values in 60 rows"):
        audit(X, [f"name {number}" for number in range(60)])
    with pytest.raises(ValueError, match="X has 60 rows, but y has 10"):
        audit(X, [f"name {number}" for number in range(10)])
    with pytest.raises(ValueError, match="no label"):
        audit(X, [None] + ["a"] * 59)
    with pytest.raises(ValueError, match="infinite"):
        audit(np.full((60, 2), np.inf), [0, 1] * 30)
    gaps = np.where(np.arange(120).reshape(60, 2) == 7, np.nan, 1.0)
    with pytest.raises(ValueError, match="X is a sparse matrix with missing values"):
        audit(sparse.csr_array(gaps), [0, 1] * 30)
    with pytest.raises(ValueError, match="features is a sparse matrix with missing values"):
        audit(X, [0, 1] * 30, features=sparse.csr_array(gaps))
    with pytest.raises(ValueError, match="must be a column of X"):
        audit(pd.DataFrame(X), "label")


@pytest.mark.parametrize("y", [np.arange(60) % 2, np.linspace(0, 1, 60), None])
@pytest.mark.parametrize(
    ("container", "what"),
    [
        (np.asarray, "Column 1 of X"),
        (sparse.csr_array, "Column 1 of X"),
        (lambda X: pd.DataFrame(X, columns=["one", "two"]), "Column 'two' of X"),
        (lambda X: X.reshape(60, 2, 1), "X"),
    ],
)
def test_numbers_whose_squares_overflow(container, what, y):
    X = np.random.RandomState(0).normal(size=(60, 2))
    X[3, 1] = 1e300
    with pytest.raises(ValueError, match=f"^{what} holds values up to 1e.300, whose squares"):
        audit(container(X), y)


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_a_table_with_gaps_is_taken_in_single_precision():
    X = pd.DataFrame(np.random.RandomState(0).normal(size=(60, 2)), columns=["one", "two"])
    X.iloc[0, 0], X.iloc[3, 1] = np.nan, 1e37
    audit(X, np.arange(60) % 2)
    X.iloc[3, 1] = 1e39
    with pytest.raises(ValueError, match=r"^Column 'two' of X holds values up to 1e\+39"):
        audit(X, np.arange(60) % 2)


def test_targets_whose_squares_overflow():
    X, y = np.random.RandomState(0).normal(size=(2, 60, 1))
    with pytest.raises(ValueError, match=r"^y holds values up to .*e\+300, whose squares"):
        audit(X, y.ravel() * 1e300, task="regression")


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_pixels_are_squared_in_single_precision():
    """The largest squares are taken of pictures that look alike, which are compared."""
    X = np.random.RandomState(0).uniform(size=(40, 4, 4)) * 0.9e15
    audit(X[np.arange(40) // 2], np.arange(40) % 2)
    with pytest.raises(ValueError, match=r"^X holds values up to .*e\+23, whose squares overflow"):
        audit(X * 1e9, np.arange(40) % 2)


def test_pictures_with_missing_pixels_are_refused_by_number():
    X = np.random.RandomState(0).uniform(size=(12, 2, 2))
    X[[3, 7], 1, 0] = np.nan
    with pytest.raises(ValueError, match=r"2 pictures with missing pixels \(NaN\): \[3, 7\]"):
        audit(X, np.arange(12) % 2)


@pytest.mark.parametrize("shape", [(60, 0), (60, 0, 2), (60, 2, 0), (60, 2, 2, 0)])
def test_rows_of_nothing(shape):
    X, y = np.ones((60, 2)), [0, 1] * 30
    with pytest.raises(ValueError, match=r"X has shape .* its rows are empty"):
        audit(np.empty(shape), y)
    with pytest.raises(ValueError, match=r"X has shape .* its rows are empty"):
        audit(np.empty(shape), y, features=X)
    if len(shape) == 2:
        with pytest.raises(ValueError, match=r"X has shape .* its rows are empty"):
            audit(sparse.csr_array(shape), y)
        with pytest.raises(ValueError, match=r"features has shape .* its rows are empty"):
            audit(X, y, features=np.empty(shape))


def test_a_sample_of_the_rows():
    X, y = load_digits(return_X_y=True)
    y[:3] = 77
    found = audit(X, y, only="small-class", max_rows=500, random_state=0)
    assert len(found.rows) == 500 and set(range(3)) <= set(found.rows.index)
    np.testing.assert_array_equal(found.rows["label"], y[found.rows.index])
    assert "500 of 1,797 rows" in found.summary["notes"][-1]


def test_the_same_seed_gives_the_same_audit(found, flipped):
    names = ["label", "duplicate", "trigger"]
    again = audit(*flipped, only=names, random_state=0, n_jobs=2)
    columns = [f"{name}_flagged" for name in names]
    pd.testing.assert_frame_equal(again.rows[columns], found.rows[columns])
    np.testing.assert_array_equal(again.findings["label"].score, found.findings["label"].score)


def test_progress_is_told(flipped):
    told = []
    read = AuditData(flipped[0], flipped[1].to_numpy(), "table")
    audit_data(read, only=["duplicate", "leak"], progress=lambda *call: told.append(call))
    assert told == [
        ("Duplicates", 0, 2),
        ("Columns that give the label away", 1, 2),
        ("", 2, 2),
    ]


def test_plot(found):
    import matplotlib

    matplotlib.use("Agg")
    display = found.plot("label")
    finding = found.findings["label"]
    assert display.ax_.get_title() == "Wrong labels"
    cut = display.threshold_line_.get_xdata()[0]
    np.testing.assert_array_equal(finding.score > cut, finding.flagged)
    with pytest.raises(ValueError, match="kind must be one of"):
        found.plot("leak")
    assert isinstance(found, Audit)
