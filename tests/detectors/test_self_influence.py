"""Self-influence against trainings with more and with less weight on a row."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.svm import SVC, LinearSVC

from skpoison.detectors import SelfInfluenceDetector

RNG = np.random.RandomState(0)
X = RNG.normal(size=(40, 3))
Y = (X[:, 0] + RNG.normal(size=40) > 0).astype(int) + (X[:, 1] > 0.5)
BINARY = np.minimum(Y, 1)
STEP = 1e-4


def squared_loss(model, row, label):
    values = np.atleast_1d(model.decision_function([row])[0])
    sign = np.where(np.arange(len(values)) == label, 1.0, -1.0)
    if len(values) == 1:
        sign = np.array([1.0 if label == 1 else -1.0])
    return 0.5 * np.square(values - sign).sum()


def logistic_loss(model, row, label):
    sign = 1.0 if label == 1 else -1.0
    return np.logaddexp(0, -sign * model.decision_function([row])[0])


def squared_hinge_loss(model, row, label):
    sign = 1.0 if label == 1 else -1.0
    return max(0.0, 1 - sign * model.decision_function([row])[0]) ** 2


CASES = {
    "ridge": (RidgeClassifier(alpha=2.0), Y, squared_loss),
    "ridge, two classes, no intercept": (
        RidgeClassifier(alpha=0.5, fit_intercept=False),
        BINARY,
        squared_loss,
    ),
    "logistic": (LogisticRegression(C=0.7, tol=1e-12, max_iter=10_000), BINARY, logistic_loss),
    "squared hinge": (LinearSVC(C=0.3, tol=1e-12, max_iter=100_000), BINARY, squared_hinge_loss),
}


@pytest.mark.parametrize("name", CASES)
def test_finite_differences(name):
    model, labels, loss = CASES[name]
    detector = SelfInfluenceDetector(model).fit(X, labels)
    influence = np.sinh(detector.training_class_scores_) * detector.scale_
    largest = influence.max()
    for row in (0, 7, 23):
        for label in range(labels.max() + 1):
            rows, claimed = np.append(X, X[[row]], axis=0), np.append(labels, label)
            losses = []
            for weight in (0.0, STEP, 2 * STEP):
                weights = np.append(np.ones(40), weight)
                losses.append(loss(model.fit(rows, claimed, sample_weight=weights), X[row], label))
            slope = (4 * losses[1] - 3 * losses[0] - losses[2]) / (2 * STEP)
            assert influence[row, label] == pytest.approx(-slope, rel=1e-3, abs=1e-3 * largest)


def test_new_rows_are_scored_like_training_rows():
    detector = SelfInfluenceDetector(RidgeClassifier(alpha=2.0)).fit(X, Y)
    moved = detector.class_scores(X + 1e-7)  # no longer known as training rows
    np.testing.assert_allclose(moved, detector.training_class_scores_, atol=1e-4)


def test_the_hinge_loss_is_refused():
    with pytest.raises(ValueError, match=r"estimator=SVC.*hinge loss has no curvature"):
        SelfInfluenceDetector(SVC()).fit(X, Y)
