"""Cross-fitting is held against what a model that remembers its rows can tell."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.svm import SVC

from skpoison.detectors import ConfidentLearningDetector, MarginDetector
from skpoison.detectors._cross_fitting import CrossFit, near_duplicate_groups

X = np.random.RandomState(0).normal(size=(40, 3))
CODES = np.arange(40) % 2


def remember(X, codes):
    """A model that knows the rows it has seen."""
    return {row.tobytes() for row in X}


def has_seen(model, X):
    return np.array([float(row.tobytes() in model) for row in X])


def cross_fit_of(fit, X, codes, n_folds=5):
    return CrossFit(fit, X, codes, n_folds=n_folds, random_state=np.random.RandomState(0))


def test_no_training_row_is_predicted_by_a_model_that_has_learnt_it():
    rows = np.concatenate([X, X[:5]])  # equal rows must not stand on both sides
    codes = np.concatenate([CODES, 1 - CODES[:5]])
    cross_fit = cross_fit_of(remember, rows, codes)
    assert len(cross_fit.models) == 5
    assert (cross_fit.predict_out_of_fold(rows, has_seen) == 0).all()
    seen_by = np.sum([has_seen(model, X) for model in cross_fit.models], axis=0)
    assert (seen_by == 4).all()


def test_every_row_is_predicted_once():
    n_predicted = []

    def count(model, X):
        n_predicted.append(len(X))
        return np.zeros((len(X), 2))

    assert cross_fit_of(remember, X, CODES).predict_out_of_fold(X, count).shape == (40, 2)
    assert sum(n_predicted) == 40 and len(n_predicted) == 5


def test_folds_are_stratified():
    folds = cross_fit_of(remember, X, CODES).folds
    counts = [np.bincount(CODES[folds == fold]) for fold in range(5)]
    np.testing.assert_array_equal(counts, np.full((5, 2), 4))


def test_folds_depend_on_neither_units_nor_precision():
    folds = cross_fit_of(remember, X, CODES).folds
    np.testing.assert_array_equal(cross_fit_of(remember, 1000 * X, CODES).folds, folds)
    np.testing.assert_array_equal(cross_fit_of(remember, X.astype(np.float32), CODES).folds, folds)


def test_near_duplicates_share_a_fold():
    crowd = X[0] + 1e-3 * np.random.RandomState(1).normal(size=(12, 3))
    rows, codes = np.concatenate([X, crowd]), np.append(CODES, np.zeros(12, dtype=int))
    groups = near_duplicate_groups(rows, codes)
    assert len(set(groups[40:])) == 1 and groups[0] == groups[40]
    for model in cross_fit_of(remember, rows, codes).models:
        assert has_seen(model, crowd).sum() in (0, 12)


def test_rows_of_other_labels_and_evenly_spread_ones_are_no_near_duplicates():
    line = np.arange(30.0)[:, np.newaxis]
    assert len(set(near_duplicate_groups(line, np.zeros(30, dtype=int)))) == 30
    beside = np.concatenate([line, line[::-1] + 0.01])  # each next to a row of the other label
    assert len(set(near_duplicate_groups(beside, np.repeat([0, 1], 30)))) == 60
    equal = np.concatenate([line, line])
    assert len(set(near_duplicate_groups(equal, np.repeat([0, 1], 30)))) == 30


def test_among_many_rows_only_equal_ones_are_grouped():
    rows = np.random.RandomState(0).normal(size=(6000, 2))
    rows[1::2] = rows[::2] + 1e-5
    rows = np.concatenate([rows, rows[:7]])
    groups = near_duplicate_groups(rows, np.zeros(len(rows), dtype=int))
    np.testing.assert_array_equal(groups, np.append(np.arange(6000), np.arange(7)))


def test_new_rows_are_predicted_by_the_mean_of_all_models():
    cross_fit = cross_fit_of(lambda X, codes: X.mean(), X, CODES, n_folds=4)
    predicted = cross_fit.predict(X[:3] + 1, lambda mean, X: np.full((len(X), 2), mean))
    np.testing.assert_allclose(predicted, np.full((3, 2), np.mean(cross_fit.models)))


def test_a_single_row_is_predicted_by_the_model_that_has_learnt_it():
    cross_fit = cross_fit_of(remember, X[:1], CODES[:1])
    assert cross_fit.predict_out_of_fold(X[:1], has_seen) == [1.0]


@pytest.mark.parametrize(
    "detector",
    [MarginDetector(), MarginDetector(RidgeClassifier()), ConfidentLearningDetector(GaussianNB())],
    ids=["SVC", "ridge", "naive Bayes"],
)
def test_classes_that_a_fold_has_not_seen_have_a_column_all_the_same(detector):
    labels = np.array(["a"] * 20 + ["b"] * 18 + ["c", "c"])
    rows = X.copy()
    rows[39] = rows[38]  # in one fold: the others see no "c"
    detector.set_params(random_state=0).fit(rows, labels)
    assert detector.training_class_scores_.shape == (40, 3)
    assert np.isfinite(detector.training_class_scores_).all()
    # who has never seen a label finds none less likely
    alone = detector.training_class_scores_[38]
    assert alone[2] == alone.max()


def test_two_rows_of_two_classes_leave_models_of_one_class():
    for detector in (MarginDetector(random_state=0), ConfidentLearningDetector(random_state=0)):
        detector.fit([[0.0], [1.0]], ["a", "b"])
        assert np.isfinite(detector.class_scores([[0.0], [0.4], [1.0]])).all()


def test_several_jobs_give_the_scores_of_one():
    one, two = (
        MarginDetector(n_jobs=n_jobs, random_state=0).fit(X, CODES).training_scores_
        for n_jobs in (1, 2)
    )
    np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize(
    "detector",
    [
        MarginDetector(RidgeClassifier(alpha=-1.0)),
        MarginDetector(SVC(C=-1.0)),
        ConfidentLearningDetector(LogisticRegression(C=-1.0)),
    ],
)
def test_parameters_of_the_estimator_are_checked(detector):
    with pytest.raises(ValueError, match=r"-1.0"):
        detector.fit(X, CODES)
