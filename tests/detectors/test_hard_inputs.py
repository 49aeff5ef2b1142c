"""Data sets that have broken detectors elsewhere: the recommended one stays calm, and finds."""

import warnings

import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_digits
from sklearn.model_selection import train_test_split

from skpoison.detectors import EnsembleDetector, MarginDetector, NeighborDisagreementDetector
from skpoison.inspection import suspicious_rows

RNG = np.random.RandomState(0)


def flags(X, y=None, **settings):
    return EnsembleDetector(random_state=0, **settings).fit_predict(X, y) == -1


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return X / 16, y


@pytest.mark.parametrize(("n_rows", "n_classes"), [(500, 40), (300, 30), (50, 50), (30, 30)])
def test_many_classes_of_few_rows_are_no_poison(n_rows, n_classes):
    y = np.arange(n_rows) % n_classes
    X = RNG.normal(size=(n_rows, 5)) + 3 * y[:, np.newaxis]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*single row|.*number of unique classes")
        assert flags(X, y).mean() < 0.03


def test_rows_without_labels_are_mostly_left_alone():
    assert flags(load_diabetes().data).mean() < 0.05


def test_equal_rows_get_no_verdict_on_all():
    assert flags(np.ones((50, 3)), np.arange(50) % 2).mean() < 0.1


def test_a_row_under_two_labels_comes_first(digits):
    X, y = np.vstack([digits[0][:200], digits[0][:1]]), digits[1][:200]
    y = np.append(y, (y[0] + 1) % 10)
    table = suspicious_rows(EnsembleDetector(random_state=0).fit(X, y), X, y, n_rows=1)
    assert table.index.tolist() == [200] and table["suggested_label"].item() == y[0]


@pytest.mark.parametrize(
    "detector",
    [EnsembleDetector(random_state=0), MarginDetector(), NeighborDisagreementDetector()],
    ids=lambda e: type(e).__name__,
)
def test_the_only_row_of_a_class_is_named_and_not_judged(detector, digits):
    X, y = digits[0][:300], digits[1][:300].astype(str)
    y[7] = "once"
    with pytest.warns(UserWarning, match=r"not judged.*\['once'\], rows \[7\]"):
        detector.fit(X, y)
    assert detector.predict(X[7:8], y[7:8]) == 1


def test_a_running_number_and_a_huge_constant_do_no_harm(digits):
    X, y = digits[0][:300], digits[1][:300]
    with_more = np.column_stack([np.arange(300), np.full(300, 1e12), X])
    assert not flags(with_more, y).any()
    assert (flags(np.array([[0.0], [1.0]]), [0, 1]) == [False, False]).all()


def test_few_different_rows_of_codes_are_evidence():
    codes = RNG.randint(3, size=(1000, 3))
    y = (codes.sum(axis=1) > 3).astype(int)
    wrong = RNG.permutation(1000) < 50
    flagged = flags(codes, np.where(wrong, 1 - y, y))
    assert flagged[wrong].mean() > 0.9 and flagged[~wrong].mean() < 0.01


def test_every_row_ten_times_over_is_no_more_evidence(digits):
    X, y = np.repeat(digits[0][:150], 10, axis=0), np.repeat(digits[1][:150], 10)
    wrong = np.arange(1500) < 50
    flagged = flags(X, np.where(wrong, (y + 1) % 10, y))
    assert flagged[wrong].all() and flagged[~wrong].mean() < 0.02


def test_more_columns_than_rows():
    y = np.arange(60) % 2
    X = RNG.normal(size=(60, 7000))
    X[y == 1, :100] += 2
    wrong = np.arange(60) < 6
    np.testing.assert_array_equal(flags(X, np.where(wrong, 1 - y, y)), wrong)


def test_a_share_asked_for_holds_for_new_rows_too(digits):
    X, X_new, y, y_new = train_test_split(*digits, random_state=0)
    detector = EnsembleDetector(contamination=0.05, random_state=0).fit(X, y)
    assert np.mean(detector.predict(X_new, y_new) == -1) < 0.1
