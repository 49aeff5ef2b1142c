"""Inputs that fuzzing found: what was an error from deep inside, or a verdict on all rows."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse

from skpoison.detectors import (
    BlockwiseDetector,
    CentroidDetector,
    KNNDetector,
    KNNShapleyDetector,
    ResidualDetector,
    StripDetector,
    TriggerSearchDetector,
)

RNG = np.random.RandomState(0)
X = RNG.normal(size=(24, 3))
Y = np.arange(24) % 2


@pytest.mark.parametrize("make", [StripDetector, ResidualDetector, TriggerSearchDetector])
def test_without_labels_rows_far_from_others_score_lowest_and_few_are_flagged(make):
    rows = np.vstack([X, [[50.0, 50.0, 50.0]]])
    detector = make(random_state=0).fit(rows)
    assert detector.training_scores_.argmin() == 24
    assert (detector.training_scores_ < detector.offset_).sum() <= 1


def test_equal_rows_under_different_labels_keep_the_verdicts_of_the_fit():
    rows = np.repeat(X[:8], 3, axis=0)
    detector = KNNShapleyDetector(contamination=0.3)
    verdict = detector.fit_predict(rows, Y)
    np.testing.assert_array_equal(detector.predict(rows, Y), verdict)


def test_labels_of_another_byte_order_are_labels():
    plain = BlockwiseDetector(CentroidDetector(), random_state=0).fit(X, Y)
    other = BlockwiseDetector(CentroidDetector(), random_state=0).fit(X, Y.astype(">i4"))
    np.testing.assert_array_equal(other.score_samples(X, Y), plain.score_samples(X, Y))


def test_a_table_of_polars_and_one_of_pandas_are_the_same():
    table = pd.DataFrame(X, columns=list("abc")).assign(kind=["ham", "eggs", "spam"] * 8)
    detector = CentroidDetector().fit(pl.from_pandas(table), Y)
    np.testing.assert_allclose(detector.score_samples(table, Y), detector.training_scores_)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (sparse.csr_array(np.where(np.eye(24), 1e300, 0)), "Column .* of X holds .*1e.300"),
        (pd.DataFrame({"a": [*X[1:, 0], 1e300], "b": list("xy") * 12}), "Column 'a' of X .*1e.300"),
        ([[1.0] * (i % 3) for i in range(24)], "rows of different shapes"),
        (["one text"], "two texts or more"),
        ({1, 2, 3}, "X must be an array.*got set"),
        (pd.DataFrame(index=range(24)), "0 feature"),
        (pd.DataFrame({"a": [], "b": []}, dtype=object), "0 sample"),
    ],
)
def test_rows_that_cannot_be_judged_are_named(rows, message):
    with pytest.raises((ValueError, TypeError), match=message):
        KNNDetector().fit(rows, Y)


def test_texts_are_not_judged_by_a_detector_of_numbers():
    detector = KNNDetector().fit(X, Y)
    with pytest.raises(ValueError, match=r"X must hold numbers.*'ham'"):
        detector.predict(pd.DataFrame([["ham", 1, 2]]), [0])


@pytest.mark.parametrize(
    ("make", "name"), [(KNNDetector, "n_neighbors"), (StripDetector, "n_overlays")]
)
def test_true_is_one_of_any_number(make, name):
    """As in scikit-learn, for which a bool is an integer."""
    found = []
    for value in (True, 1):
        detector = make(**{name: value})
        if "random_state" in detector.get_params():
            detector.set_params(random_state=0)
        found.append(detector.fit(X, Y).training_scores_)
    np.testing.assert_array_equal(*found)
