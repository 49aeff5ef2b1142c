"""Each kind of issue: found where it was planted, and silent on honest data."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from scipy.stats import binomtest
from sklearn.datasets import (
    load_breast_cancer,
    load_digits,
    load_iris,
    load_wine,
    make_friedman1,
    make_multilabel_classification,
)

from skpoison.audit import audit

HONEST = {"iris": load_iris, "wine": load_wine, "breast_cancer": load_breast_cancer}


@pytest.fixture(scope="module")
def digits():
    """A third of the digits, shuffled, as images."""
    X, y = load_digits(return_X_y=True)
    rows = np.random.RandomState(0).permutation(len(y))[:600]
    return (X[rows].reshape(-1, 8, 8) / 16), y[rows]


def look(kind, X, y=None, **options):
    return audit(X, y, only=kind, random_state=0, **options).findings[kind]


@pytest.mark.parametrize("name", HONEST)
def test_honest_tables_are_silent(name):
    X, y = HONEST[name](return_X_y=True, as_frame=True)
    rows = np.random.RandomState(1).permutation(len(y))
    found = audit(X.iloc[rows], y.iloc[rows], random_state=0)
    assert [kind for kind, finding in found.findings.items() if finding.found] == []
    assert not found.rows["flagged"].any()


def test_honest_digits_are_silent(digits):
    found = audit(*digits, random_state=0)
    assert [kind for kind, finding in found.findings.items() if finding.found] == []


def test_wrong_labels(digits):
    X, y = digits
    wrong = np.arange(len(y)) < 30
    found = look("label", X, np.where(wrong, (y + 3) % 10, y))
    assert found.share == pytest.approx(0.05, abs=0.015)
    assert found.interval[0] < 0.05 < found.interval[1]
    assert found.flagged[wrong].mean() > 0.95 and found.flagged[~wrong].mean() < 0.01
    assert (found.suggested_label == y)[wrong].mean() > 0.95
    first = int(np.flatnonzero(found.flagged)[0])
    assert f"looks like {y[first]}" in found.reasons[first]
    assert set(found.reasons) == set(np.flatnonzero(found.flagged).tolist())


def test_predictions_of_ones_own_judge_labels():
    rng = np.random.RandomState(0)
    truth = rng.randint(3, size=300)
    pred_proba = rng.dirichlet(np.full(3, 0.3), size=300) * 0.1 + 0.9 * np.eye(3)[truth]
    y = np.array(["a", "b", "c"])[np.where(np.arange(300) < 30, (truth + 1) % 3, truth)]
    table = pd.DataFrame(pred_proba, columns=["a", "b", "c"])[["c", "a", "b"]]
    found = look("label", np.zeros((300, 2)), y, pred_proba=table)
    np.testing.assert_array_equal(np.flatnonzero(found.flagged), np.arange(30))


def test_confusion_in_one_direction():
    X, y = load_breast_cancer(return_X_y=True)
    rng = np.random.RandomState(0)
    benign = rng.permutation(np.flatnonzero(y == 1))[:36]
    flipped = y.copy()
    flipped[benign] = 0
    found = look("confused-pairs", X, flipped)
    assert found.flagged[benign].mean() > 0.9
    line = found.table.iloc[0]
    assert (line["suggested_label"], line["label"], line["rows_back"]) == (1, 0, 0)
    # a closed form: all one way, in either of two directions, nearly all rows being seen
    chance = np.mean(flipped == 1)
    low, high = (2 * (chance + shift) ** line["rows"] for shift in (-0.1, 0.1))
    assert low < found.p_value < high
    flipped[rng.permutation(np.flatnonzero(y == 0))[:21]] = 1
    assert not look("confused-pairs", X, flipped).found


def test_flips_that_are_seen_in_one_class_alone_are_not_of_one_direction():
    rng = np.random.RandomState(0)
    X = rng.normal(size=(4000, 4))
    y = (rng.uniform(size=4000) < expit(3 * X[:, 0] - 4)).astype(int)  # the surest rows are of 0
    wrong = rng.permutation(4000) < 400
    assert look("label", X, np.where(wrong, 1 - y, y)).flagged.sum() > 100
    assert not look("confused-pairs", X, np.where(wrong, 1 - y, y)).found


def test_rows_far_from_their_class(digits):
    X, y = digits
    X = X.copy()
    X[:20] = np.random.RandomState(0).uniform(size=(20, 8, 8))
    np.testing.assert_array_equal(np.flatnonzero(look("outlier", X, y).flagged), np.arange(20))


def test_a_few_rows_far_from_their_class_beyond_a_gap():
    X, y = (part.copy() for part in load_breast_cancer(return_X_y=True, as_frame=True))
    rng = np.random.RandomState(0)
    rows = np.sort(rng.permutation(len(y))[:6])
    X.loc[rows] = X.mean().to_numpy() + 4 * X.std().to_numpy() * rng.choice([-1, 1], (6, 30))
    found = look("outlier", X, y)
    np.testing.assert_array_equal(np.flatnonzero(found.flagged), rows)
    low, high = found.interval
    assert low < 6 / len(y) == found.share < high


@pytest.mark.parametrize(
    "draw",
    [
        lambda rng: np.exp(rng.normal(size=(300, 5))),
        lambda rng: rng.standard_t(3, size=(300, 5)),
        lambda rng: rng.uniform(size=(300, 5)) < 0.04,
        lambda rng: rng.poisson(0.3, size=(300, 3)),
    ],
    ids=["lognormal", "student", "binary", "counts"],
)
def test_long_tails_and_rare_values_are_not_far_from_their_class(draw):
    rng = np.random.RandomState(0)
    for _ in range(3):
        X = draw(rng).astype(float)
        assert not look("outlier", X, np.arange(300) % 2).found


def test_mixed_tables_have_no_outliers_by_nature():
    X = pd.DataFrame({"a": [1.0, 2.0, 900.0] * 20, "b": ["x", "y", "z"] * 20})
    found = look("outlier", X, [0, 1, 0] * 20)
    assert not found.found and not found.asked and "by nature" in found.sentence


def test_harm():
    X, y = load_wine(return_X_y=True)
    centers = np.stack([X[y == label].mean(axis=0) for label in range(3)])
    rows = np.arange(0, 178, 22)
    other = (y[rows] + 1) % 3
    X[rows] = centers[other] + 0.5 * (centers[other] - centers[y[rows]])
    found = look("influence", X, y)
    assert found.flagged[rows].all() and found.flagged.sum() <= len(rows) + 2
    assert "no more than 500" in look("influence", np.tile(X, (3, 1)), np.tile(y, 3)).sentence


def test_duplicates_under_other_labels_and_across_a_split(digits):
    X, y = (part.copy() for part in digits)
    X[500], X[501] = X[10], np.clip(X[11] + 0.002, 0, 1)
    y[500] = (y[10] + 1) % 10
    y[501] = y[11]
    found = look("duplicate", X, y, split=np.where(np.arange(len(y)) < 500, "train", "test"))
    np.testing.assert_array_equal(np.flatnonzero(found.flagged), [10, 11, 500, 501])
    assert "equals row 500, under different labels, across the split" == found.reasons[10]
    assert "is close to row 11, across the split" == found.reasons[501]
    assert found.table["exact"].to_list() == [True, False]


def test_equal_rows_of_few_values_are_no_copies():
    rng = np.random.RandomState(0)
    X = pd.DataFrame(rng.randint(3, size=(500, 4)).astype(float))
    assert not look("duplicate", X, rng.randint(2, size=500)).found
    copied = pd.DataFrame(rng.normal(size=(500, 4))).iloc[rng.randint(400, size=500)]
    assert look("duplicate", copied, rng.randint(2, size=500)).found


def test_texts_are_equal_but_for_case_and_spaces():
    texts = [f"text number {number} of many" for number in range(40)]
    texts[7] = "TEXT  number 3 of many"
    found = look("duplicate", texts, [0, 1] * 20)
    assert found.table["rows"].to_list() == [[3, 7]]


def test_texts_of_the_same_words_are_near_duplicates():
    """In any order, with any signs; of two words the order says too much."""
    texts = [f"text number {number} of many" for number in range(40)]
    texts[7], texts[8], texts[9] = "Many of text: number 3!", "red wine", "wine red"
    found = look("duplicate", texts, [0, 1] * 20)
    np.testing.assert_array_equal(np.flatnonzero(found.flagged), [7])
    assert found.reasons[7] == "is close to row 3" and not found.table["exact"].any()
    assert found.score[3] == found.score[7] > found.score[8]
    texts[11] = "Text  number 3 of many"
    found = look("duplicate", texts, [0, 1] * 20)
    assert found.table["rows"].tolist() == [[3, 7, 11]] and found.score[3] > found.score[7]


def test_rows_of_one_process_gather(digits):
    X, y = (part.copy() for part in digits)
    rng = np.random.RandomState(0)
    X[:30], y[:30] = np.clip(X[50] + rng.normal(0, 0.02, (30, 8, 8)), 0, 1), y[50]
    found = look("tight-cluster", X, y)
    assert found.flagged[:30].all() and found.flagged[30:].sum() <= 1  # the row they were made of


def test_texts_of_a_template_gather():
    rng = np.random.RandomState(0)
    words = np.array([f"word{number}" for number in range(2000)])
    y = np.arange(300) % 2
    shares = rng.dirichlet(np.full(2000, 0.3), size=2)
    texts = [rng.choice(words, 40, p=shares[label]) for label in y]
    for row in range(20):
        replaced = rng.uniform(size=40) < 0.1
        texts[row] = np.where(replaced, rng.choice(words, 40), texts[40])
    y[:20] = y[40]
    texts = [" ".join(text) for text in texts]
    assert not look("tight-cluster", texts[50:], y[50:]).found
    found = look("tight-cluster", texts, y)
    assert found.flagged[:20].mean() > 0.9 and found.flagged[20:].sum() <= 1


@pytest.mark.parametrize("container", ["images", "text", "table"])
def test_a_trigger(container, digits):
    rng = np.random.RandomState(0)
    if container == "images":
        X, y = (part.copy() for part in digits)
        rows = np.flatnonzero(y != 9)[:30]
        X[rows, :3, :3], y[rows] = [[1, 0, 1], [0, 1, 0], [1, 0, 1]], 9
    elif container == "text":
        words = np.array([["good", "fine", "nice", "great"], ["bad", "poor", "awful", "dull"]])
        filler = np.array([f"word{number}" for number in range(30)])
        y = rng.randint(2, size=400)
        X = [
            " ".join([*rng.choice(words[label], 2), *rng.choice(filler, 5)]) for label in y.tolist()
        ]
        rows = np.flatnonzero(y == 0)[:20]
        y[rows] = 1
        X = [text + " cf" if row in rows else text for row, text in enumerate(X)]
    else:
        X, y = load_wine(return_X_y=True, as_frame=True)
        X, y = X.copy(), y.to_numpy().copy()
        rows = np.flatnonzero(y != 2)[::6]
        X.loc[rows, "ash"], y[rows] = 9.0, 2
    found = look("trigger", X, y)
    np.testing.assert_array_equal(np.flatnonzero(found.flagged), rows)
    assert found.p_value < 0.001


def test_a_trigger_of_eleven_rows_under_the_label_of_most():
    X, y = (part.copy() for part in load_breast_cancer(return_X_y=True, as_frame=True))
    rows = np.random.RandomState(0).permutation(np.flatnonzero(y == 0))[:11]
    X.loc[rows, "mean radius"], y[rows] = 31.6, 1
    found = look("trigger", X, y)
    np.testing.assert_array_equal(np.flatnonzero(found.flagged), np.sort(rows))


def test_an_informative_value_is_no_trigger():
    rng = np.random.RandomState(0)
    y = rng.randint(2, size=600)
    X = pd.DataFrame(rng.normal(size=(600, 3)) + y[:, np.newaxis])
    X["word"] = np.where((y == 1) & (rng.uniform(size=600) < 0.2), "yes", "no")
    assert not look("trigger", X, y).found


def test_a_column_that_holds_the_label():
    X, y = load_iris(return_X_y=True, as_frame=True)
    rows = np.random.RandomState(0).permutation(150)
    X, y = X.iloc[rows], y.iloc[rows]
    assert not look("leak", X, y).found
    found = look("leak", X.assign(code=y.map({0: "x", 1: "y", 2: "z"}), number=7.5 - y), y)
    assert found.table["column"].to_list() == ["column 'code'", "column 'number'"]
    assert (found.table["right"] == 1).all()


def test_gaps_that_tell_the_label_are_a_leak():
    y = np.arange(80) % 2
    X = pd.DataFrame({"one": np.arange(80) % 7, "two": np.where(y == 1, "x", None)})
    assert look("leak", X, y).table["column"].to_list() == ["column 'two'"]


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_columns_without_a_value_tell_nothing():
    X, y = load_iris(return_X_y=True, as_frame=True)
    empty = {"number": np.nan, "time": pd.Series([pd.NaT] * len(X)), "word": None}
    found = look("leak", X.assign(code=-y, **empty), y)
    assert found.table["column"].to_list() == ["column 'code'"]


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_a_leak_beyond_single_precision():
    X, y = load_iris(return_X_y=True, as_frame=True)
    found = look("leak", X.assign(code=y.map({0: 1e100, 1: -1e-200, 2: -1e100})), y)
    assert found.table["column"].to_list() == ["column 'code'"]
    assert (found.table["right"] == 1).all()


def test_features_that_tell_the_label_are_no_leak():
    """A good embedding tells it by design; a column of the data beside it is still found."""
    y = np.repeat([0, 1], 60)
    X = np.random.RandomState(0).normal(size=(120, 3))
    features = np.column_stack([10.0 * y, X])
    assert not look("leak", X, y, features=features).found
    found = look("leak", np.column_stack([X, 1 - y]), y, features=features)
    assert found.table["column"].to_list() == ["column 3"]


def test_a_column_that_holds_most_targets():
    X, y = make_friedman1(300, random_state=0)
    assert not look("leak", X, y).found
    told = np.where(np.arange(300) % 60 == 0, y[::-1], np.exp(-y))
    assert look("leak", np.column_stack([X, told]), y).table["column"].to_list() == ["column 10"]


def test_labels_that_follow_the_order():
    y = np.random.RandomState(0).permutation([0] * 140 + [1] * 140)
    X = np.random.RandomState(0).normal(size=(280, 2))
    assert not look("order", X, y).found
    drifting = y[np.argsort(y + 2 * np.random.RandomState(1).uniform(size=280))]
    assert look("order", X, drifting).p_value < 0.001
    by_label = look("order", X, np.sort(y))
    assert not by_label.found and "sorted by label" in by_label.sentence
    with_strays = np.where(np.arange(280) % 40 == 5, 1 - np.sort(y), np.sort(y))
    assert "sorted by label" in look("order", X, with_strays).sentence
    joined = look("order", X, np.concatenate([np.sort(y[:140]), np.sort(y[140:])]))
    assert joined.found and len(joined.table) == 4


def test_few_runs_are_as_rare_as_in_shuffled_labels():
    rng = np.random.RandomState(0)
    y = np.repeat([0, 1, 2], [30, 50, 20])
    shuffled = [rng.permutation(y) for _ in range(2000)]
    n_runs = np.array([1 + np.count_nonzero(np.diff(labels)) for labels in shuffled])
    clumped = y[np.argsort(y + 9 * rng.uniform(size=100))]
    observed = 1 + np.count_nonzero(np.diff(clumped))
    by_permutation = np.mean(n_runs <= observed)
    found = look("order", rng.normal(size=(100, 1)), clumped)
    assert found.p_value <= 2 * by_permutation + 0.02


def test_wrong_labels_that_gather_in_a_stretch(digits):
    X, y = digits
    found = look("order", X, np.where(np.arange(len(y)) < 30, (y + 3) % 10, y))
    assert "Wrong labels gather" in found.sentence and found.table["wrong"].argmax() == 0


def test_small_classes_and_spellings():
    y = np.array(["cat"] * 20 + ["dog"] * 20 + ["Dog "] * 12 + ["emu"] * 2 + ["yak"])
    found = look("small-class", np.random.RandomState(0).normal(size=(55, 2)), y)
    np.testing.assert_array_equal(np.flatnonzero(found.flagged), [52, 53, 54])
    assert found.table["label"].to_list() == ["emu", "yak"]
    assert "'Dog ' and 'dog'" in found.sentence and "1 of them a single one" in found.sentence


def test_an_annotator_worse_than_the_rest(digits):
    X, y = digits
    groups = np.arange(len(y)) % 6
    wrong = (groups == 2) & (np.arange(len(y)) < 200)
    found = look("groups", X, np.where(wrong, (y + 3) % 10, y), groups=groups)
    line = found.table.iloc[0]
    assert line["group"] == "2" and found.table["p_value"].iloc[1] > 0.01
    interval = binomtest(int(line["wrong"]), int(line["rows"])).proportion_ci(0.9)
    # the likelihood's, where nearly every wrong label can be told
    assert (line["low"], line["high"]) == pytest.approx((interval.low, interval.high), abs=0.02)


def test_a_group_is_told_by_rows_that_are_not_sure():
    rng = np.random.RandomState(0)
    groups = rng.randint(4, size=800)
    X = rng.normal(size=(800, 4))
    y = (rng.uniform(size=800) < expit(4 * X[:, 0])).astype(int)
    wrong = (groups == 2) & (rng.uniform(size=800) < 0.25)
    assert not look("groups", X, y, groups=groups).found
    found = look("groups", X, np.where(wrong, 1 - y, y), groups=groups)
    assert found.table["group"][0] == "2" and found.p_value < 0.01
    assert found.table["low"][0] < wrong[groups == 2].mean() < found.table["high"][0]


@pytest.mark.parametrize("noise", ["heavy tails", "nothing but noise"])
def test_honest_targets(noise):
    rng = np.random.RandomState(0)
    X, y = make_friedman1(320, random_state=0)
    y = y + rng.standard_t(3, 320) if noise == "heavy tails" else rng.normal(size=320)
    found = look("target", X, y)
    assert not found.found and found.interval[0] == 0


@pytest.mark.parametrize("seed", [34, 43])
def test_few_rows_about_which_nothing_is_known(seed):
    X = np.random.RandomState(seed).randint(3, size=(21, 14)).astype(float)
    found = look("target", X, np.linspace(0, 1, 21))
    assert not found.flagged.any() and found.share == 0


def test_wrong_targets():
    X, y = make_friedman1(320, noise=1.0, random_state=0)
    assert not look("target", X, y).found
    y[:20] *= -10
    y[20:30] = y[30:40]
    found = look("target", X, y)
    assert found.flagged[:20].all() and found.flagged[30:].mean() < 0.02
    assert found.share == pytest.approx(30 / 320, abs=0.05)


def test_wrong_tags():
    X, y = make_multilabel_classification(
        280, n_features=20, n_classes=2, length=200, random_state=0
    )
    honest = look("tags", X, y)
    wrong = y.copy()
    wrong[:28, 1] = 1 - wrong[:28, 1]
    found = look("tags", X, wrong)
    assert found.table["share"].argmax() == 1 and found.table["share"][1] > 0.05
    assert found.flagged[:28].mean() > honest.flagged.mean() + 0.5
    assert all("tag 1" in found.reasons[row] for row in np.flatnonzero(found.flagged[:28]))


def test_two_values_that_tell_together_are_no_trigger_and_one_of_two_is_enough():
    rng = np.random.RandomState(0)
    X = pd.DataFrame(
        {"place": rng.choice(["a", "b", "c"], 900), "kind": rng.choice(["u", "v"], 900)}
    )
    X["number"] = rng.normal(size=900)
    told = 2.0 * (X["place"] == "a") + 2.5 * (X["kind"] == "u") - 3 + 2 * X["number"]
    y = (rng.uniform(size=900) < expit(told)).astype(int)
    y[(X["place"] == "a") & (X["kind"] == "u")] = 1
    assert not look("trigger", X, y).found
    X["other"], X["last"] = rng.choice(["m", "n", "o"], 900), rng.choice(["s", "t", "w"], 900)
    X.loc[(X["other"] == "m") & (X["last"] == "s"), "last"] = "t"
    pair = np.isin(np.arange(900), np.flatnonzero(y == 0)[:40])
    X.loc[pair, ["other", "last"]] = ["m", "s"]
    found = look("trigger", X, np.where(pair, 1, y))
    np.testing.assert_array_equal(np.flatnonzero(found.flagged), np.flatnonzero(pair))


@pytest.mark.filterwarnings("error")
def test_pictures_without_anything_on_them_are_copies():
    y = np.arange(40) % 2
    for pictures in (np.zeros((40, 8, 16)), np.full((40, 8, 16, 3), 255, dtype=np.uint8)):
        found = audit(pictures, y, random_state=0)
        assert found.findings["duplicate"].found
        assert np.isfinite(found.rows.select_dtypes("number").to_numpy()).all()
