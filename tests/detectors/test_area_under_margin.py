"""Areas under the margin against training written out."""

import numpy as np
import pytest
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import SGDClassifier
from sklearn.naive_bayes import GaussianNB

from skpoison.detectors import AreaUnderMarginDetector

RNG = np.random.RandomState(0)
X = RNG.normal(size=(60, 4))
Y = RNG.permutation(np.arange(60) % 3)


def margins(values, labels):
    rows = []
    for value, label in zip(values, labels, strict=True):
        rows.append(value[label] - max(np.delete(value, label)))
    return np.array(rows)


def own(detector, labels):
    areas = -detector.scale_ * detector.training_class_scores_[np.arange(len(labels)), labels]
    assert np.square(areas).mean() == pytest.approx(detector.scale_**2)
    return areas


@pytest.mark.parametrize("n_classes", [2, 3])
def test_partial_fit_once_an_epoch(n_classes):
    rows, labels = X[Y < n_classes], Y[Y < n_classes]
    model = SGDClassifier(loss="log_loss", random_state=5)
    detector = AreaUnderMarginDetector(model, epochs=4).fit(rows, labels)
    expected = []
    by_hand = SGDClassifier(loss="log_loss", random_state=5)
    for _ in range(4):
        by_hand.partial_fit(rows, labels, classes=np.arange(n_classes))
        values = by_hand.decision_function(rows)
        if n_classes == 2:  # f and -f, half of each: their difference is f
            values = np.column_stack([-values / 2, values / 2])
        expected.append(margins(values, labels))
    np.testing.assert_allclose(detector.margins_, expected)
    np.testing.assert_allclose(own(detector, labels), np.mean(expected, axis=0))


def test_stages_of_boosting():
    model = GradientBoostingClassifier(n_estimators=5, random_state=0)
    detector = AreaUnderMarginDetector(model).fit(X, Y)
    by_hand = GradientBoostingClassifier(n_estimators=5, random_state=0).fit(X, Y)
    stages = [margins(values, Y) for values in by_hand.staged_decision_function(X)]
    np.testing.assert_allclose(own(detector, Y), np.mean(stages, axis=0))
    new = X[:6] + 0.2
    stages = [margins(values, np.ones(6, int)) for values in by_hand.staged_decision_function(new)]
    areas = -detector.scale_ * detector.class_scores(new)[:, 1]
    np.testing.assert_allclose(areas, np.mean(stages, axis=0))


def test_probabilities_count_by_their_logarithm():
    detector = AreaUnderMarginDetector(GaussianNB(), epochs=1).fit(X, Y)
    values = GaussianNB().fit(X, Y).predict_log_proba(X)
    np.testing.assert_allclose(own(detector, Y), margins(values, Y), rtol=1e-6)


def test_a_classifier_without_epochs_is_refused():
    with pytest.raises(ValueError, match=r"estimator.*partial_fit.*staged_predict_proba"):
        AreaUnderMarginDetector(RandomForestClassifier()).fit(X, Y)
