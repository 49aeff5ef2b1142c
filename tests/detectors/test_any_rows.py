"""Rows that look like something else than what was fitted, and values at the edge of the range."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits

from skpoison.detectors import CentroidDetector, EnsembleDetector, KNNDetector

DETECTORS = [EnsembleDetector(random_state=0), CentroidDetector(), KNNDetector()]


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(n_class=3, return_X_y=True)
    return X / 16, y


@pytest.mark.parametrize("detector", DETECTORS, ids=lambda e: type(e).__name__)
def test_rows_in_other_units_are_judged_with_a_warning_that_names_ranges(detector, digits):
    X, y = digits
    frame = pd.DataFrame(X).add_prefix("pixel ")
    detector = clone(detector).fit(frame[:200], y[:200])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        detector.predict(frame[200:], y[200:])
        far = frame[200:].copy()
        far.iloc[0] *= 1000  # a single outlier is no unit
        detector.predict(far, y[200:])
    with pytest.warns(UserWarning, match=r"column 'pixel \d+', 0 to 255 against 0 to") as caught:
        detector.predict(frame[200:] * 255, y[200:])
    assert len(caught) == 1


@pytest.mark.parametrize("detector", DETECTORS, ids=lambda e: type(e).__name__)
def test_a_single_image_is_told_from_rows(detector, digits):
    X, y = digits
    images = X.reshape(-1, 8, 8)
    detector = clone(detector).fit(images, y)
    with pytest.raises(ValueError, match=r"one image needs the shape \(1, 8, 8\)"):
        detector.predict(images[0], y[:8])
    assert detector.predict(images[:1], y[:1]).shape == (1,)


@pytest.mark.parametrize("detector", DETECTORS, ids=lambda e: type(e).__name__)
@pytest.mark.parametrize(("dtype", "factor"), [(np.float64, 1e149), (np.float32, 1e30)])
def test_huge_values_are_judged_as_the_same_in_small(detector, dtype, factor, digits):
    X, y = digits
    huge = X.copy().astype(dtype)
    huge *= dtype(factor)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        verdict = clone(detector).fit_predict(huge, y)
    expected = clone(detector).fit_predict(X.astype(dtype), y)
    assert np.mean(verdict == expected) > 0.99
    huge = X.copy()
    huge[3, 5] = 1e200
    with pytest.raises(ValueError, match="Column 5 of X holds values up to 1e\\+200"):
        clone(detector).fit(huge, y)


def test_rows_without_names_are_those_of_the_table_by_position():
    rng = np.random.RandomState(0)
    X = pd.DataFrame({"size": rng.normal(size=60), "colour": ["red", "blue"] * 30})
    y = np.arange(60) % 2
    detector = EnsembleDetector(random_state=0).fit(X, y)
    new = pd.DataFrame({"size": rng.normal(size=8), "colour": ["blue", "red"] * 4})
    with pytest.warns(UserWarning, match="feature names"):
        scores = detector.score_samples(new.to_numpy(), y[:8])
    np.testing.assert_array_equal(scores, detector.score_samples(new, y[:8]))
    with pytest.raises(ValueError, match="two dimensions"):
        detector.score_samples(np.zeros((3, 2, 2)), y[:3])


@pytest.mark.parametrize(
    "names",
    [
        [0, 1, 2],
        [("a", 1), ("a", 2), ("b", 1)],
        pd.date_range("2026-01-01", periods=3),
        pd.MultiIndex.from_product([["a"], [1, 2, 3]]),
    ],
    ids=["numbers", "tuples", "dates", "levels"],
)
@pytest.mark.parametrize("detector", DETECTORS, ids=lambda e: type(e).__name__)
def test_tables_with_gaps_and_names_of_any_kind_are_judged_by_position(detector, names):
    rng = np.random.RandomState(0)
    X = pd.DataFrame(rng.normal(size=(60, 3)) + 3 * (np.arange(60) % 2)[:, np.newaxis])
    X.iloc[3, 1] = np.nan
    y = np.arange(60) % 2
    expected = clone(detector).fit(X.set_axis(["a", "b", "c"], axis=1), y)
    named = clone(detector).fit(X.set_axis(names, axis=1), y)
    np.testing.assert_array_equal(
        named.score_samples(X.set_axis(names, axis=1), y), named.training_scores_
    )
    new = 0.9 * X[:9]
    np.testing.assert_array_equal(
        named.score_samples(new.set_axis(names, axis=1), y[:9]),
        expected.score_samples(new.set_axis(["a", "b", "c"], axis=1), y[:9]),
    )


@pytest.mark.parametrize("value", [np.nan, None, pd.NA])
@pytest.mark.parametrize("detector", DETECTORS, ids=lambda e: type(e).__name__)
def test_a_table_without_a_value_is_refused(detector, value):
    X = pd.DataFrame({"a": [value] * 20, "b": [value] * 20})
    with pytest.raises(ValueError, match="X holds no value: all of its 2 columns are empty"):
        clone(detector).fit(X, np.arange(20) % 2)
