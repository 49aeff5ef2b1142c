"""The influence detector against victims trained again by scikit-learn."""

import numpy as np
import pytest
from scipy.stats import spearmanr
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.metrics import roc_auc_score
from sklearn.svm import SVC

from skpoison.attacks import GradientPoisoningAttack, LabelFlipAttack
from skpoison.detectors import InfluenceDetector
from skpoison.detectors._influence import InfluenceFunction, trusted_rows
from skpoison.thresholds import MADThreshold
from skpoison.victims import describe_victim

LOSS = {
    RidgeClassifier: lambda f, y: (f - y) ** 2,
    LogisticRegression: lambda f, y: np.logaddexp(0, -y * f),
    SVC: lambda f, y: np.maximum(0, 1 - y * f),
}


def two_clouds(random_state, n=40):
    y = random_state.randint(2, size=n)
    return random_state.normal(size=(n, 5)) + 1.2 * y[:, None], y


def retrained_loss(estimator, X, y, weight, held_out):
    """Mean loss on the held-out rows of a victim that scikit-learn trains."""
    used = weight > 0
    estimator.fit(X[used], y[used], sample_weight=weight[used])
    decision = estimator.decision_function(X[held_out])
    return LOSS[type(estimator)](decision, 2.0 * y[held_out] - 1).mean()


@pytest.mark.parametrize(
    "estimator",
    [
        RidgeClassifier(alpha=20.0, tol=1e-12),
        LogisticRegression(C=0.3, tol=1e-12, max_iter=10_000),
        SVC(kernel="linear", C=0.5, tol=1e-12),
        SVC(kernel="rbf", gamma=0.1, C=2.0, tol=1e-12),
    ],
    ids=["ridge", "logistic", "linear SVC", "RBF SVC"],
)
@pytest.mark.parametrize("label", [0, 1])
def test_influence_is_the_slope_of_the_retrained_loss(estimator, label):
    rng = np.random.RandomState(3)
    X, y = two_clouds(rng)
    new = rng.normal(size=(8, 5)) + 0.6
    folds = np.arange(len(y)) % 3
    trusted = rng.rand(len(y)) < 0.8
    victim = describe_victim(estimator)
    influence = InfluenceFunction(victim, np.array([0, 1]), X, y, folds, trusted)(new)

    step, expected = 1e-5, []
    for row in new:
        slopes = []
        for fold in range(3):
            X_all, y_all = np.vstack([X, row]), np.append(y, label)
            held_out = np.flatnonzero((folds == fold) & trusted)
            weight = np.append(folds != fold, 0).astype(float)
            before = retrained_loss(estimator, X_all, y_all, weight, held_out)
            weight[-1] = step
            slopes.append(
                (retrained_loss(estimator, X_all, y_all, weight, held_out) - before) / step
            )
        expected.append(np.mean(slopes))
    # what is compared is a derivative by the weight, in a machine with costs
    np.testing.assert_allclose(influence[:, label], expected, rtol=2e-2, atol=2e-4)


def test_suspicion_ranks_rows_as_leaving_each_out_does():
    X, y = two_clouds(np.random.RandomState(0), n=24)
    y[:4] = 1 - y[:4]
    estimator = RidgeClassifier(alpha=50.0)
    detector = InfluenceDetector(estimator, cv=24, n_neighbors=5, random_state=0).fit(X, y)

    trusted = trusted_rows(X, y, 5)
    harm = np.zeros(len(y))
    for row in range(len(y)):
        for other in np.flatnonzero(trusted & (np.arange(len(y)) != row)):
            weight = np.ones(len(y))
            weight[other] = 0
            with_row = retrained_loss(estimator, X, y, weight, [other])
            weight[row] = 0
            harm[row] += with_row - retrained_loss(estimator, X, y, weight, [other])
    assert spearmanr(-detector.training_scores_, harm).statistic > 0.85


def test_more_than_two_classes():
    X, y = load_iris(return_X_y=True)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    attack = LabelFlipAttack(rate=0.2, random_state=0)
    X, y = attack.fit_resample(X, y)
    # few rows touch the margin of a support vector machine; the others have no influence
    for estimator, least in ((None, 0.9), (LogisticRegression(C=0.1), 0.9), (SVC(C=0.3), 0.7)):
        detectors = [InfluenceDetector(estimator, random_state=seed).fit(X, y) for seed in range(3)]
        areas = [roc_auc_score(attack.poison_mask_, -d.training_scores_) for d in detectors]
        assert np.mean(areas) > least


@pytest.mark.filterwarnings("ignore:.*did not move")
@pytest.mark.parametrize("labels", ["flip", "keep"])
def test_removing_what_it_flags_gives_the_accuracy_back(labels, digits_pair):
    X, y = digits_pair
    victim = SVC(kernel="linear")
    attack = GradientPoisoningAttack(labels=labels, rate=0.3, random_state=0)
    X_out, y_out = attack.fit_resample(X[:100], y[:100], X_val=X[100:200], y_val=y[100:200])
    X_test, y_test = X[200:], y[200:]
    clean = victim.fit(X[:100], y[:100]).score(X_test, y_test)
    attacked = victim.fit(X_out, y_out).score(X_test, y_test)
    detector = InfluenceDetector(contamination=0.23, random_state=0)
    kept = detector.fit_predict(X_out, y_out) == 1
    filtered = victim.fit(X_out[kept], y_out[kept]).score(X_test, y_test)
    assert filtered > clean - 0.04
    assert filtered > attacked + 0.5 * (clean - attacked)


def test_labels_that_neighbours_contradict_are_not_trusted():
    X = np.array([[0.0], [0.1], [0.2], [0.3], [5.0], [5.1], [5.2], [5.3], [0.15]])
    y = np.array([0, 0, 0, 0, 1, 1, 1, 1, 1])
    np.testing.assert_array_equal(trusted_rows(X, y, 3), np.arange(9) < 8)


def test_where_nobody_can_be_trusted_all_are():
    assert trusted_rows(np.array([[0.0], [1.0]]), np.array([0, 1]), 3).all()


def test_scores_do_not_depend_on_the_unit_of_the_rows(digits_pair):
    X, y = digits_pair
    small = InfluenceDetector(random_state=0).fit(X[:100], y[:100])
    large = InfluenceDetector(random_state=0).fit(1000 * X[:100], y[:100])
    np.testing.assert_allclose(large.training_scores_, small.training_scores_, atol=1e-6)


def test_few_rows_and_classes_of_one_row():
    X = np.array([[0.0, 0.0], [0.1, 0.0], [0.2, 0.1], [3.0, 3.0]])
    detector = InfluenceDetector(random_state=0).fit(X, ["a", "a", "a", "b"])
    assert np.isfinite(detector.training_scores_).all()
    assert np.isfinite(InfluenceDetector().fit(X[2:], [0, 1]).training_scores_).all()


def test_victims_without_a_derivative_are_refused():
    with pytest.raises(ValueError, match="sigmoid"):
        InfluenceDetector(SVC(kernel="sigmoid")).fit([[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1])


@pytest.mark.filterwarnings("ignore:.*did not move")
def test_the_few_rows_that_do_the_harm_are_found(digits_pair):
    X, y = digits_pair
    detector = InfluenceDetector(contamination=MADThreshold(4), random_state=0)
    clean = detector.fit_predict(X[:100], y[:100]) == -1
    assert clean.mean() <= 0.05
    attack = GradientPoisoningAttack(labels="keep", rate=0.3, random_state=0)
    X_out, y_out = attack.fit_resample(X[:100], y[:100], X_val=X[100:200], y_val=y[100:200])
    kept = detector.fit_predict(X_out, y_out) == 1
    victim = SVC(kernel="linear")
    attacked = victim.fit(X_out, y_out).score(X[200:], y[200:])
    filtered = victim.fit(X_out[kept], y_out[kept]).score(X[200:], y[200:])
    assert 0.8 < kept.mean() < 1.0
    assert filtered > attacked + 0.05


def test_few_harmful_rows_are_found_by_the_median_absolute_deviation():
    X, y = load_iris(return_X_y=True)
    y = np.where(np.arange(150) % 10 == 0, (y + 1) % 3, y)
    detector = InfluenceDetector(contamination=MADThreshold(4), random_state=0).fit(X, y)
    anomaly = -detector.training_scores_
    deviation = 1.4826 * np.median(np.abs(anomaly - np.median(anomaly)))
    expected = anomaly > np.median(anomaly) + 4 * deviation
    np.testing.assert_array_equal(detector.predict(X, y) == -1, expected)
    assert detector.contamination_ == expected.mean()
    assert 0 < expected.sum() < 20
