"""Trees that are asked only about rows whose group they have not learnt."""

import numpy as np
import pytest
from sklearn.ensemble import ExtraTreesClassifier

from skpoison.detectors import _forest_scores
from skpoison.detectors._forest_scores import HalfForest

N_GROUPS, N_CLASSES = 150, 3


def random_labels(seed=0):
    """Pairs of equal rows whose labels have nothing to do with them."""
    rng = np.random.RandomState(seed)
    X, y = rng.normal(size=(N_GROUPS, 5)), rng.randint(N_CLASSES, size=N_GROUPS)
    return np.repeat(X, 2, axis=0), np.repeat(y, 2), np.repeat(np.arange(N_GROUPS), 2)


def fit_predict(X, y, groups, weight=None, n_trees=60, seed=0):
    forest = HalfForest(n_trees, N_CLASSES, np.random.RandomState(seed))
    return forest, forest.fit_predict(X, y, groups, np.ones(len(y)) if weight is None else weight)


def test_random_labels_are_predicted_at_chance():
    X, y, groups = random_labels()
    trees, log_probability = fit_predict(X, y, groups)
    accuracy = np.mean(log_probability.argmax(axis=1) == y)
    assert accuracy == pytest.approx(1 / N_CLASSES, abs=4 * np.sqrt(2 / 9 / N_GROUPS))
    # the trees themselves have learnt the labels, and pairs that are not grouped give theirs away
    assert np.mean(trees.predict(X).argmax(axis=1) == y) > 0.9
    _, ungrouped = fit_predict(X, y, np.arange(len(y)))
    assert np.mean(ungrouped.argmax(axis=1) == y) > 0.7


class Recording(ExtraTreesClassifier):
    """Notes the groups, kept in the first column, that each forest learns and is asked about."""

    seen = []

    def fit(self, X, y, sample_weight=None):
        self.seen.append((X[:, 0], y, []))
        return super().fit(X, y, sample_weight)

    def predict_proba(self, X):
        probability = super().predict_proba(X)
        self.seen[-1][2].append((X[:, 0], probability))
        return probability


def test_probabilities_are_those_of_the_trees_that_have_not_learnt_the_group(monkeypatch):
    monkeypatch.setattr(_forest_scores, "ExtraTreesClassifier", Recording)
    monkeypatch.setattr(Recording, "seen", [])
    X, y, groups = random_labels()
    X[:, 0] = groups
    _, log_probability = fit_predict(X, y, groups, n_trees=55)
    assert len(Recording.seen) == 6  # 55 trees, rounded up to tens
    votes, n_votes = np.zeros((N_GROUPS, N_CLASSES)), np.zeros(N_GROUPS)
    for learnt, labels, [(asked, probability)] in Recording.seen:
        assert not set(learnt) & set(asked) and set(learnt) | set(asked) == set(groups)
        assert (np.abs(2 * np.bincount(labels) - np.bincount(y)) <= 2).all()  # stratified pairs
        votes[asked[::2].astype(int)] += 10 * probability[::2]
        n_votes[asked[::2].astype(int)] += 10
    expected = (votes + 1 / N_CLASSES) / (n_votes[:, np.newaxis] + 1)
    np.testing.assert_allclose(np.exp(log_probability[::2]), expected)
    np.testing.assert_array_equal(log_probability[::2], log_probability[1::2])


def test_new_rows_get_the_mean_of_all_trees_on_the_scale_of_training_rows():
    X, y, groups = random_labels()
    forest, log_probability = fit_predict(X, y, groups)
    new = random_labels(1)[0]
    mean = np.mean([one.predict_proba(new) for one in forest.forests_], axis=0)
    # half of the 60 trees vote on a training row on average; one vote is shared by the classes
    np.testing.assert_allclose(np.exp(forest.predict(new)), (30 * mean + 1 / N_CLASSES) / 31)
    for result in (log_probability, forest.predict(new)):
        np.testing.assert_allclose(np.exp(result).sum(axis=1), 1)


def test_one_seed_one_forest():
    X, y, groups = random_labels()
    _, first = fit_predict(X, y, groups)
    _, second = fit_predict(X, y, groups)
    _, other = fit_predict(X, y, groups, seed=1)
    np.testing.assert_array_equal(first, second)
    assert np.abs(first - other).max() > 0.01


def test_rows_of_no_weight_teach_nothing():
    """Most labels of one side are wrong, but weigh nothing."""
    rng = np.random.RandomState(0)
    X, true = rng.uniform(-1, 1, size=(300, 3)), np.zeros(300, dtype=int)
    true[X[:, 0] > 0] = 1
    wrong = (true == 1) & (rng.uniform(size=300) < 0.7)
    y = np.where(wrong, 0, true)
    accuracy = [
        np.mean(fit_predict(X, y, np.arange(300), weight)[1].argmax(axis=1) == true)
        for weight in (np.ones(300), 1.0 - wrong)
    ]
    assert accuracy[0] < 0.75 and accuracy[1] > 0.9


def test_of_a_single_group_nothing_is_learnt():
    X, y, _ = random_labels()
    forest, log_probability = fit_predict(X, y, np.zeros(len(y), dtype=int))
    np.testing.assert_allclose(np.exp(log_probability), 1 / N_CLASSES)
    np.testing.assert_allclose(np.exp(forest.predict(X)), 1 / N_CLASSES)


def test_a_class_that_no_half_but_one_has_seen_is_improbable_not_impossible():
    X, y, groups = random_labels()
    y[:] = y % 2
    y[:2] = 2
    _, log_probability = fit_predict(X, y, groups)
    assert np.isfinite(log_probability).all()
    assert log_probability[0].argmin() == 2 and np.exp(log_probability[0, 2]) > 0.005
