"""Confident learning is held against cleanlab and against counts made by hand."""

import numpy as np
import pytest
from sklearn.datasets import load_iris, make_blobs
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.metrics import f1_score, roc_auc_score
from sklearn.naive_bayes import GaussianNB

from skpoison.attacks import LabelFlipAttack
from skpoison.detectors import ConfidentLearningDetector
from skpoison.thresholds import ConfidentLearningThreshold
from skpoison.thresholds._confident_learning import confident_joint, pruning_cuts


class GivenProbabilities(LogisticRegression):
    """A classifier that answers with the row itself."""

    def predict_proba(self, X):
        return X


def noisy_probabilities(seed, n_classes, n_samples=200):
    """Class probabilities, and labels of which every fourth is drawn anew."""
    rng = np.random.RandomState(seed)
    codes = rng.randint(n_classes, size=n_samples)
    logits = rng.normal(size=(n_samples, n_classes)) + 2 * np.eye(n_classes)[codes]
    codes[::4] = rng.randint(n_classes, size=len(codes[::4]))
    return np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True), codes


@pytest.mark.parametrize("n_classes", [2, 3, 6])
def test_verdict_is_that_of_cleanlab_on_the_same_probabilities(n_classes):
    find_label_issues = pytest.importorskip("cleanlab.filter").find_label_issues
    equal = []
    for seed in range(10):
        probabilities, codes = noisy_probabilities(seed, n_classes)
        detector = ConfidentLearningDetector(GivenProbabilities(), random_state=0)
        flagged = detector.fit_predict(probabilities, codes) == -1
        assert 0.05 < flagged.mean() < 0.4
        joint = detector.fitted_threshold_.confident_joint_
        settings = {"n_jobs": 1, "confident_joint": joint}
        issues = find_label_issues(codes, probabilities, **settings)
        np.testing.assert_array_equal(flagged, issues)
        rule = ConfidentLearningThreshold().fit(-np.log(probabilities), codes)
        np.testing.assert_array_equal(
            rule.poison_probability(-np.log(probabilities), codes), issues
        )
        equal.append((flagged == find_label_issues(codes, probabilities, n_jobs=1)).all())
    assert np.mean(equal) >= 0.9  # a count that ends in exactly .5 may be rounded either way


def test_joint_is_that_of_cleanlab_but_for_ties_of_rounding():
    compute_confident_joint = pytest.importorskip("cleanlab.count").compute_confident_joint
    differences = []
    for seed in range(10):
        probabilities, codes = noisy_probabilities(seed, 4)
        ours = confident_joint(probabilities, codes)
        differences.append(ours - compute_confident_joint(codes, probabilities))
    assert np.abs(differences).max() <= 1
    assert np.mean(np.equal(differences, 0)) > 0.98


def test_verdict_is_that_of_cleanlab_on_poisoned_digits(digits_pair):
    find_label_issues = pytest.importorskip("cleanlab.filter").find_label_issues
    X, y = digits_pair
    X, y = LabelFlipAttack(rate=0.2, random_state=0).fit_resample(X[:150], y[:150])
    detector = ConfidentLearningDetector(random_state=0)
    verdict = detector.fit_predict(X, y)
    probabilities = np.exp(-detector.training_class_scores_)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-6)
    issues = find_label_issues((y == 8).astype(int), probabilities, n_jobs=1)
    np.testing.assert_array_equal(verdict == -1, issues)


def test_joint_counted_by_hand():
    probabilities = np.array([[0.9, 0.1], [0.7, 0.3], [0.2, 0.8], [0.1, 0.9], [0.3, 0.7]])
    codes = np.array([0, 0, 0, 1, 1])
    # thresholds .6 and .8: the third row is confidently of class 1, the last of neither; the
    # one row counted for label 1 stands for two
    np.testing.assert_array_equal(confident_joint(probabilities, codes), [[2, 1], [0, 2]])
    # margins of label 0: -.8, -.4, .6, of which one is pruned; of label 1: -.8, -.4, none
    cuts = pruning_cuts(probabilities, codes, np.array([[2, 1], [0, 2]]))
    np.testing.assert_allclose([cuts[0, 1], cuts[1, 0]], [0.1, 0.3])


def test_every_label_keeps_a_row():
    probabilities = np.array([[0.9, 0.1]] * 20 + [[0.8, 0.2]] * 19 + [[0.2, 0.8]])
    joint = confident_joint(probabilities, np.repeat([0, 1], 20))
    np.testing.assert_array_equal(joint.sum(axis=1), [20, 20])
    assert (joint.diagonal() >= 1).all()


def blobs_with_wrong_labels():
    X, y = make_blobs(150, centers=[[0, 0], [6, 0], [0, 6]], random_state=0)
    wrong = np.arange(150) % 10 == 0
    return X, np.array(["x", "y", "z"])[np.where(wrong, (y + 1) % 3, y)], wrong


@pytest.mark.parametrize("estimator", [None, GaussianNB(), RandomForestClassifier(20)])
def test_wrong_labels_are_found_by_any_classifier(estimator):
    X, y, wrong = blobs_with_wrong_labels()
    detector = ConfidentLearningDetector(estimator, random_state=0).fit(X, y)
    assert f1_score(wrong, detector.predict(X, y) == -1) > 0.8
    assert roc_auc_score(wrong, -detector.training_scores_) > 0.95


def test_units_do_not_matter_to_the_default_classifier():
    X, y, _ = blobs_with_wrong_labels()
    scores = [
        ConfidentLearningDetector(random_state=0).fit(X * units, y).training_scores_
        for units in ([1, 1], [1e4, 1e-3])
    ]
    np.testing.assert_allclose(*scores, atol=1e-6)


def test_a_share_can_be_given_instead():
    X, y = load_iris(return_X_y=True)
    detector = ConfidentLearningDetector(contamination=0.2, random_state=0)
    assert (detector.fit_predict(X, y) == -1).sum() == 30


def test_classes_of_one_row_are_never_pruned_away():
    X, y = load_iris(return_X_y=True)
    rows = np.r_[0:30, 50, 100:130]
    detector = ConfidentLearningDetector(random_state=0).fit(X[rows], y[rows])
    assert detector.predict(X[[50]], [1]) == 1
    assert np.isfinite(detector.score_samples(X)).all()


def test_the_share_is_that_of_the_rows_flagged_and_has_no_interval():
    X, y, _ = blobs_with_wrong_labels()
    detector = ConfidentLearningDetector(random_state=0)
    assert detector.fit_predict(X, y).tolist().count(-1) / 150 == detector.contamination_
    assert np.isnan(detector.contamination_interval_).all()


@pytest.mark.parametrize("y", [None, np.zeros(30, dtype=int)], ids=["no labels", "one class"])
def test_without_two_classes_nothing_is_flagged(y):
    X = np.r_[np.random.RandomState(0).normal(size=(29, 2)), [[50.0, 50.0]]]
    detector = ConfidentLearningDetector().fit(X, y)
    assert detector.training_scores_.argmin() == 29  # far from its neighbours
    assert (detector.predict(X, y) == 1).all() and detector.contamination_ == 0


def test_labels_that_no_row_carries_are_a_column_of_the_rule_all_the_same():
    probabilities, codes = noisy_probabilities(0, 3)
    without = np.column_stack([probabilities, np.zeros(len(codes))]).clip(1e-7)
    rule, other = ConfidentLearningThreshold(), ConfidentLearningThreshold()
    rule.fit(-np.log(probabilities), codes)
    other.fit(-np.log(without), codes)
    np.testing.assert_array_equal(other.confident_joint_[:3, :3], rule.confident_joint_)
    assert not other.confident_joint_[3].any() and not other.confident_joint_[:, 3].any()
    assert other.contamination_ == rule.contamination_ > 0


def test_two_rows_of_two_classes_are_enough():
    detector = ConfidentLearningDetector(random_state=0).fit([[0.0], [1.0]], [0, 1])
    assert np.isfinite(detector.training_scores_).all()


def test_an_estimator_without_probabilities_is_refused():
    with pytest.raises(ValueError, match=r"'estimator' parameter.*predict_proba"):
        ConfidentLearningDetector(RidgeClassifier()).fit([[0.0], [1.0]], [0, 1])
