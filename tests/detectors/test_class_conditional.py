"""Class-conditional detectors against estimators fitted by hand, class by class."""

import warnings

import numpy as np
import pytest
from sklearn.covariance import EllipticEnvelope
from sklearn.datasets import load_iris
from sklearn.ensemble import IsolationForest
from sklearn.metrics import average_precision_score
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import LocalOutlierFactor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import OneClassSVM

from skpoison.detectors import ClassConditionalDetector

X, Y = load_iris(return_X_y=True)


class OnlyDecides:
    """An outlier detector that has nothing but a decision_function, positive for normal rows."""

    def get_params(self, deep=True):
        return {}

    def set_params(self):
        return self

    def fit(self, X):
        self.centre = X.mean(axis=0)
        return self

    def decision_function(self, X):
        return 1 - np.linalg.norm(X - self.centre, axis=1)


class OutlierPositive(OnlyDecides):
    """Has PyOD's signs, and says that it comes from there."""

    __module__ = "pyod.models.invented"

    def decision_function(self, X):
        return np.linalg.norm(X - self.centre, axis=1)


@pytest.mark.parametrize(
    "estimator",
    [
        EllipticEnvelope(random_state=0),
        IsolationForest(n_estimators=10, random_state=0),
        OneClassSVM(nu=0.3),
        make_pipeline(StandardScaler(), LocalOutlierFactor(8, novelty=True)),
    ],
    ids=lambda e: type(e).__name__,
)
def test_the_score_is_the_standard_score_within_the_class(estimator):
    detector = ClassConditionalDetector(estimator).fit(X, Y)
    for code in range(3):
        rows = X[code == Y]
        scores = -estimator.fit(rows).score_samples(rows)
        expected = (scores - scores.mean()) / scores.std()
        np.testing.assert_allclose(-detector.training_scores_[code == Y], expected, atol=1e-9)
        as_this_class = -estimator.score_samples(X)
        expected = (as_this_class - scores.mean()) / scores.std()
        claimed = np.full(150, code)
        np.testing.assert_allclose(-detector.score_samples(X, claimed), expected, atol=1e-9)


def test_signs_of_both_worlds_lead_to_one_score():
    ours, theirs = (
        ClassConditionalDetector(estimator).fit(X, Y).training_scores_
        for estimator in (OnlyDecides(), OutlierPositive())
    )
    np.testing.assert_allclose(ours, theirs)
    far = np.linalg.norm(X[Y == 0] - X[Y == 0].mean(axis=0), axis=1).argmax()
    assert ours[Y == 0].argmin() == far


class InCompany(OnlyDecides):
    """Scores rows by their distance to the mean of what it has learnt and what it is shown."""

    def fit(self, X):
        self.rows = X
        return self

    def decision_function(self, X):
        return -np.linalg.norm(X - np.concatenate([self.rows, X]).mean(axis=0), axis=1)


def test_a_row_is_judged_whatever_rows_are_judged_with_it():
    detector = ClassConditionalDetector(InCompany()).fit(X, Y)
    np.testing.assert_allclose(
        detector.score_samples(X[::7], Y[::7]), detector.training_scores_[::7]
    )


@pytest.mark.parametrize("in_pipeline", [False, True])
@pytest.mark.parametrize("module, name", [("knn", "KNN"), ("iforest", "IForest"), ("ecod", "ECOD")])
def test_pyod_detectors(module, name, in_pipeline):
    model = getattr(pytest.importorskip(f"pyod.models.{module}"), name)
    estimator = make_pipeline(StandardScaler(), model()) if in_pipeline else model()
    wrong = np.array([5, 110])  # a setosa among the versicolors, a virginica among the setosas
    labels = Y.copy()
    labels[wrong] = [1, 0]
    detector = ClassConditionalDetector(estimator, random_state=0).fit(X, labels)
    most_anomalous = detector.training_scores_.argsort()[:15]
    assert set(wrong) <= set(most_anomalous)
    np.testing.assert_allclose(
        detector.score_samples(X[wrong], labels[wrong]), detector.training_scores_[wrong]
    )


def test_rows_of_the_wrong_class_are_found(digits_pair):
    images, digits = digits_pair
    labels = digits.copy()
    labels[::20] = 11 - digits[::20]  # 3 <-> 8
    anomaly = -ClassConditionalDetector().fit(images, labels).training_scores_
    wrong = np.arange(len(labels)) % 20 == 0
    assert anomaly[wrong].mean() > np.percentile(anomaly[~wrong], 95)


def test_a_dense_group_of_poison_stands_out_by_default(digits_pair):
    images, digits = digits_pair
    eight = images[digits == 8][0]
    group = eight + 0.2 * np.random.RandomState(0).normal(size=(40, 64))
    rows, labels = np.concatenate([images, group]), np.append(digits, np.full(40, 3))
    threes, poison = rows[labels == 3], np.arange(np.sum(labels == 3)) >= np.sum(digits == 3)
    by_default, of_twenty = (
        -ClassConditionalDetector(estimator).fit(rows, labels).training_scores_[labels == 3]
        for estimator in (None, LocalOutlierFactor(20, novelty=True))
    )
    assert average_precision_score(poison, by_default) > 0.6
    assert average_precision_score(poison, of_twenty) < 0.2  # a neighbourhood of its own
    third = LocalOutlierFactor(len(threes) // 3, novelty=True).fit(threes)
    expected = -third.score_samples(threes)
    expected = (expected - expected.mean()) / expected.std()
    np.testing.assert_allclose(by_default, expected, atol=1e-9)


def test_neighbours_of_the_default_are_bounded():
    rows = np.random.RandomState(0).normal(size=(1701, 2))
    detector = ClassConditionalDetector().fit(rows, np.repeat([0, 1, 2], [1600, 99, 2]))
    assert [lof.n_neighbors for lof in detector.estimators_] == [500, 33, 1]


def test_seeds_go_to_clones_that_have_none():
    forest = IsolationForest(n_estimators=5)
    first = ClassConditionalDetector(forest, random_state=0).fit(X, Y)
    seeds = [clone.random_state for clone in first.estimators_]
    assert len(set(seeds)) == 3 and forest.random_state is None
    again = ClassConditionalDetector(forest, random_state=0).fit(X, Y)
    np.testing.assert_array_equal(first.training_scores_, again.training_scores_)
    kept = ClassConditionalDetector(IsolationForest(n_estimators=5, random_state=7)).fit(X, Y)
    assert [clone.random_state for clone in kept.estimators_] == [7, 7, 7]


@pytest.mark.parametrize(
    "estimator, n_rows", [(None, 1), (OneClassSVM(), 1), (GaussianMixture(4, random_state=0), 3)]
)
def test_a_class_too_small_is_judged_by_all_rows(estimator, n_rows):
    rows, labels = np.concatenate([X[:50], X[60 : 60 + n_rows]]), np.repeat([0, 1], [50, n_rows])
    with pytest.warns(UserWarning, match=f"Class 1 is judged .* not to its own {n_rows}: "):
        detector = ClassConditionalDetector(estimator).fit(rows, labels)
    of_all = ClassConditionalDetector(estimator).fit(rows)
    np.testing.assert_allclose(
        detector.score_samples(rows, np.ones(len(rows), dtype=int)), of_all.training_scores_
    )
    own = ClassConditionalDetector(estimator).fit(X[:50])
    np.testing.assert_allclose(detector.training_scores_[:50], own.training_scores_)


def test_what_refuses_one_class_and_all_rows_raises_its_own_error():
    with warnings.catch_warnings(), pytest.raises(ValueError, match="'n_components' parameter"):
        warnings.simplefilter("error")
        ClassConditionalDetector(GaussianMixture(n_components=-1)).fit(X, Y)


@pytest.mark.parametrize("estimator", [LocalOutlierFactor(), StandardScaler()])
def test_what_cannot_judge_new_rows_is_refused(estimator):
    with pytest.raises(ValueError, match=r"'estimator' parameter.*score_samples"):
        ClassConditionalDetector(estimator).fit(X, Y)
