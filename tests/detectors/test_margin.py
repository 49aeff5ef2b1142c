"""Margins are held against classifiers refitted by hand, and the verdict against known flips."""

import copy
import pickle

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from skpoison.attacks import LabelFlipAttack
from skpoison.detectors import MarginDetector

RNG = np.random.RandomState(0)
X = np.concatenate([RNG.normal(0, 1, (60, 4)), RNG.normal(3, 1, (60, 4))])
Y = np.repeat([0, 1], 60)


def test_a_row_is_scored_by_a_classifier_that_left_its_fold_out():
    """With as many folds as rows, each score is that of the leave-one-out classifier."""
    rows = np.r_[0:8, 60:68]
    detector = MarginDetector(RidgeClassifier(), cv=len(rows), random_state=0)
    detector.fit(X[rows], Y[rows])
    for i, row in enumerate(rows):
        others = np.delete(rows, i)
        decision = RidgeClassifier().fit(X[others], Y[others]).decision_function(X[[row]])[0]
        np.testing.assert_allclose(
            detector.training_class_scores_[i], [decision / 2, -decision / 2], rtol=1e-6
        )


@pytest.mark.parametrize("estimator", [SVC(), RidgeClassifier()], ids=["SVC", "ridge"])
def test_of_many_classes_scores_are_minus_the_decision_values(estimator):
    """New rows get the mean over the folds: here of two halves known by hand."""
    rows, labels = load_digits(n_class=4, return_X_y=True)
    rows, new, labels = rows[:120] / 16, rows[120:130] / 16, labels[:120]
    detector = MarginDetector(estimator, cv=2, random_state=0).fit(rows, labels)
    # the fold of a row shows in its scores: one half is scored by the classifier of the other
    fold = detector._cross_fit.folds
    decisions = []
    for number in (0, 1):
        held_out = fold == number
        fitted = estimator.fit(rows[~held_out], labels[~held_out])
        np.testing.assert_allclose(
            detector.training_class_scores_[held_out],
            -fitted.decision_function(rows[held_out]),
            rtol=1e-6,
        )
        decisions.append(fitted.decision_function(new))
    np.testing.assert_allclose(detector.class_scores(new), -np.mean(decisions, axis=0), rtol=1e-6)


@pytest.mark.parametrize("unit_scaled", [True, False])
def test_the_default_classifier_follows_the_data(unit_scaled):
    """A kernel machine of few rows, a linear one of many; pixels are left as they are."""
    rng = np.random.RandomState(0)
    for n_rows, model in ((200, SVC()), (2001, RidgeClassifier())):
        rows = rng.uniform(size=(n_rows, 3)) * (1 if unit_scaled else [1, 10, 100])
        labels = (rows[:, 0] + rng.normal(scale=0.3, size=n_rows) > 0.5).astype(int)
        is_kernel, scaled = isinstance(model, SVC), make_pipeline(StandardScaler(), model)
        expected = model if is_kernel and unit_scaled else scaled
        by_default = MarginDetector(random_state=0).fit(rows, labels)
        by_hand = MarginDetector(expected, random_state=0).fit(rows, labels)
        np.testing.assert_array_equal(by_default.training_scores_, by_hand.training_scores_)


def test_near_duplicates_with_wrong_labels_do_not_confirm_each_other():
    rng = np.random.RandomState(0)
    clean = np.repeat([0.0, 1.0], 50)[:, np.newaxis] + rng.normal(size=(100, 50))
    crowd = clean[0] + 0.05 * rng.normal(size=(20, 50))
    rows, labels = np.concatenate([clean, crowd]), np.repeat([0, 1], [50, 70])
    verdict = MarginDetector(random_state=0).fit_predict(rows, labels)
    assert (verdict[100:] == -1).all() and (verdict[:100] == 1).mean() > 0.9


def test_nothing_is_flagged_without_poison_and_flips_are_with_it():
    clean = MarginDetector(random_state=0).fit(X, Y)
    assert clean.contamination_ == 0
    assert (clean.fit_predict(X, Y) == 1).all()
    attack = LabelFlipAttack(rate=0.3, random_state=0)
    X_poisoned, y_poisoned = attack.fit_resample(X, Y)
    detector = MarginDetector(random_state=0)
    flagged = detector.fit_predict(X_poisoned, y_poisoned) == -1
    assert (flagged == attack.poison_mask_).mean() > 0.98
    low, high = detector.contamination_interval_
    assert low < attack.poison_mask_.mean() < high


def test_where_nothing_can_be_learnt_nothing_is_flagged():
    """Labels drawn by lot: what a classifier says of them is chance."""
    n_flagged = []
    for seed in range(10):
        rng = np.random.RandomState(seed)
        rows, labels = rng.normal(size=(120, 5)), np.arange(120) % 2
        n_flagged.append((MarginDetector(random_state=0).fit_predict(rows, labels) == -1).sum())
    assert np.mean(np.equal(n_flagged, 0)) >= 0.8


def test_flips_among_many_classes():
    X, y = load_digits(return_X_y=True)
    X, y = X[:400] / 16, y[:400]
    attack = LabelFlipAttack(rate=0.2, random_state=0)
    X, y = attack.fit_resample(X, y)
    flagged = MarginDetector(cv=5, random_state=0).fit_predict(X, y) == -1
    assert (flagged & attack.poison_mask_).sum() > 0.9 * attack.poison_mask_.sum()
    assert (flagged & ~attack.poison_mask_).mean() < 0.02


def test_units_of_the_columns_do_not_matter():
    scaled = X * [1, 10, 1e4, 1e-3] + [0, 5, 0, 1]
    one, other = (MarginDetector(random_state=0).fit(rows, Y) for rows in (X, scaled))
    np.testing.assert_allclose(one.training_scores_, other.training_scores_, atol=1e-6)


def test_a_class_of_one_row_is_judged():
    labels = np.array(["a"] * 30 + ["b"] * 29 + ["c"])
    detector = MarginDetector(SVC(kernel="linear"), cv=3, random_state=0)
    assert detector.fit(X[30:90], labels).predict(X[30:90], labels).shape == (60,)


@pytest.mark.parametrize("n_different", [0, 1, 2])
def test_rows_that_are_all_equal_but_a_few(n_different):
    """Equal rows share a fold: the classifier of the others has next to nothing to learn from."""
    rows = np.zeros((40, 3))
    rows[:n_different] = 1.0
    labels = np.arange(40) % 2
    detector = MarginDetector(random_state=0).fit(rows, labels)
    assert (detector.predict(rows, labels) == 1).all()
    assert detector.contamination_ == 0


def test_an_estimator_without_decisions_is_refused():
    with pytest.raises(ValueError, match="'estimator' parameter of MarginDetector"):
        MarginDetector(estimator="svm").fit(X, Y)


def overlapping_classes(seed):
    """Two Gaussians of which the best classifier contradicts 18 rows of 100."""
    rng = np.random.RandomState(seed)
    labels = np.repeat([0, 1], 60)
    return rng.normal(size=(120, 4)) + 1.8 * np.outer(labels, [1, 0, 0, 0]), labels


def test_overlap_is_not_taken_for_poison():
    verdicts = []
    for seed in range(10):
        X, y = overlapping_classes(seed)
        verdicts.append(MarginDetector(random_state=0).fit_predict(X, y))
    contradicted = np.mean([(v == -1).any() for v in verdicts])
    assert contradicted <= 0.2


def test_flips_among_overlapping_classes_are_found():
    found, lost, covered = [], [], []
    for seed in range(10):
        X, y = overlapping_classes(seed)
        attack = LabelFlipAttack(rate=0.3, random_state=seed)
        X, y = attack.fit_resample(X, y)
        detector = MarginDetector(random_state=0)
        flagged = detector.fit_predict(X, y) == -1
        found.append(flagged[attack.poison_mask_].mean())
        lost.append(flagged[~attack.poison_mask_].mean())
        low, high = detector.contamination_interval_
        covered.append(low <= attack.poison_mask_.mean() <= high)
    assert np.mean(found) > 0.5
    assert np.mean(lost) < 0.2 and max(lost) < 0.4
    assert np.mean(covered) >= 0.8


@pytest.mark.parametrize(
    "rows", [X, 1 / (1 + np.exp(-X)), np.repeat(X[:, :1], 4, axis=1)], ids=["any", "unit", "equal"]
)
@pytest.mark.parametrize("labels", [Y, np.arange(120) % 3, np.arange(120) // 119])
def test_copies_score_new_rows_to_the_last_bit(rows, labels):
    """Copies are made without support vectors, which are put in again from the rows."""
    detector = MarginDetector(random_state=0).fit(rows, labels)
    new = rows[:30] * 0.9
    expected = detector.class_scores(new)
    again = pickle.loads(pickle.dumps(copy.deepcopy(detector)))
    np.testing.assert_array_equal(again.class_scores(new), expected)
    np.testing.assert_array_equal(detector.class_scores(new), expected)
    np.testing.assert_array_equal(again.fit(new, labels[:30]).classes_, np.unique(labels[:30]))
