"""CrossFittedCAEDetector."""

import numpy as np
import pytest
from sklearn.metrics import f1_score, roc_auc_score
from sklearn.svm import SVC

from skpoison.attacks import GradientPoisoningAttack, LabelFlipAttack
from skpoison.detectors import CrossFittedCAEDetector, ReconstructionDetector

SETTINGS = {"image_shape": (8, 8), "random_state": 0}


@pytest.fixture(scope="module")
def flipped(digits_pair):
    X, y = digits_pair
    attack = LabelFlipAttack(rate=0.25, random_state=0)
    X, y = attack.fit_resample(X[:160], y[:160])
    return X, (y == 8).astype(int), attack.poison_mask_


@pytest.fixture(scope="module")
def fitted(flipped):
    X, y, _ = flipped
    return CrossFittedCAEDetector(**SETTINGS).fit(X, y)


def test_flipped_labels_are_found(fitted, flipped):
    _, _, poison = flipped
    flagged = fitted.training_scores_ < fitted.offset_
    assert f1_score(poison, flagged) > 0.9
    low, high = fitted.contamination_interval_
    assert low < poison.mean() < high


def test_wrong_labels_of_other_rows_are_found(fitted, digits_pair):
    X, y = digits_pair
    X, y = X[160:], (y[160:] == 8).astype(int)
    assert (fitted.predict(X, y) == 1).mean() > 0.9
    assert (fitted.predict(X, 1 - y) == -1).mean() > 0.9


@pytest.mark.filterwarnings("ignore:.*did not move")
def test_gradient_poison_of_many_sets_is_found(digits_pair):
    """In the code it is a group of its own, whose labels seem right; no line separates it."""
    order = np.random.RandomState(1).permutation(len(digits_pair[1]))
    X, y = (values[order] for values in digits_pair)
    rows, labels = [X[:300]], [y[:300]]
    for seed, own in enumerate(np.arange(300).reshape(5, 60)):
        attack = GradientPoisoningAttack(SVC(kernel="linear"), rate=20, random_state=seed)
        X_own, y_own = attack.fit_resample(X[own], y[own], X_val=X[300:], y_val=y[300:])
        rows.append(X_own[attack.poison_mask_])
        labels.append(y_own[attack.poison_mask_])
    rows, labels = np.concatenate(rows), np.concatenate(labels)
    detector = CrossFittedCAEDetector(**SETTINGS).fit(rows, labels)
    poison, flagged = np.arange(len(rows)) >= 300, detector.training_scores_ < detector.offset_
    assert detector.label_thresholds_["code"].contamination_ == 0
    assert f1_score(poison, flagged) > 0.8


def test_labels_do_not_shape_the_code(fitted, flipped):
    X, y, _ = flipped
    other = np.random.RandomState(1).permutation(y)
    again = CrossFittedCAEDetector(**SETTINGS).fit(X, other)
    for a, b in zip(fitted.network_.weights, again.network_.weights, strict=True):
        np.testing.assert_array_equal(a, b)


def test_no_label_is_judged_by_a_classifier_that_has_learnt_it():
    """Labels by chance: a classifier that had learnt them would agree with them all."""
    rng = np.random.RandomState(0)
    X, y = rng.normal(size=(150, 60)), rng.permutation(np.arange(150) % 2)
    detector = CrossFittedCAEDetector(epochs=5, random_state=0).fit(X, y)
    agreed = detector.training_class_scores_.argmin(axis=1) == y
    assert agreed.mean() < 0.6


def test_clean_rows_are_left_alone(flipped):
    X, y, poison = flipped
    detector = CrossFittedCAEDetector(**SETTINGS)
    assert (detector.fit_predict(X[~poison], y[~poison]) == 1).all()
    assert detector.contamination_ == 0


def test_little_poison_is_found(flipped):
    X, y, poison = flipped
    rows = np.append(np.flatnonzero(~poison), np.flatnonzero(poison)[:8])
    flagged = CrossFittedCAEDetector(**SETTINGS).fit_predict(X[rows], y[rows]) == -1
    assert flagged[-8:].sum() >= 7 and flagged.sum() < 12


def test_rows_that_are_no_digits_are_found_with_the_right_labels(flipped):
    """As by the auto-encoder alone, whose rule is the same."""
    X, y, poison = flipped
    X, y = X[~poison].copy(), y[~poison]
    X[:20] = np.random.default_rng(0).permuted(X[:20], axis=1)
    settings = SETTINGS | {"epochs": 50, "batch_size": 32, "optimizer__learning_rate": 0.01}
    detector = CrossFittedCAEDetector(**settings)
    flagged = detector.fit_predict(X, y) == -1
    by_row = ReconstructionDetector(**settings).fit_predict(X) == -1
    assert by_row[:20].mean() > 0.8
    assert flagged[by_row].all()
    assert f1_score(np.arange(len(X)) < 20, flagged) > 0.9


def test_flips_among_overlapping_classes():
    """Those deep in either class give the flips away; rows of the overlap alone do not."""
    rng = np.random.RandomState(0)
    y = np.repeat([0, 1], 60)
    X = rng.normal(size=(120, 4)) + 3 * np.outer(y, [1, 0, 0, 0])
    detector = CrossFittedCAEDetector(random_state=0)
    assert (detector.fit_predict(X, y) == 1).all()
    attack = LabelFlipAttack(rate=0.3, random_state=0)
    X, y = attack.fit_resample(X, y)
    flagged = detector.fit_predict(X, y) == -1
    assert flagged[attack.poison_mask_].mean() > 0.5 > flagged.mean()
    assert roc_auc_score(attack.poison_mask_, -detector.training_scores_) > 0.8


def test_a_single_class_is_scored_by_its_neighbours(flipped):
    X, _, _ = flipped
    detector = CrossFittedCAEDetector(**SETTINGS).fit(X[:50])
    distances = np.sort(np.linalg.norm(X[:50, np.newaxis] - X[:50], axis=2), axis=1)
    scores = detector.training_class_scores_
    np.testing.assert_allclose(scores, distances[:, 1:6].mean(axis=1, keepdims=True))
    np.testing.assert_array_equal(np.argsort(-detector.training_scores_), np.argsort(scores[:, 0]))
    assert (detector.predict(X[:50]) == 1).all() and detector.history_ == {}


def test_a_class_of_one_row():
    rng = np.random.RandomState(0)
    X, y = rng.normal(size=(31, 3)), np.append(np.arange(30) % 2, 2)
    with pytest.warns(UserWarning, match="1 classes have a single row"):
        detector = CrossFittedCAEDetector(epochs=1, random_state=0).fit(X, y)
    assert np.isfinite(detector.training_scores_).all()
    np.testing.assert_allclose(detector.score_samples(X, y), detector.training_scores_, rtol=1e-6)
