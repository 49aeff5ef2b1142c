"""Probabilities that have learnt the noise with the labels, and what the surest rows tell."""

import numpy as np
import pytest
from scipy.special import softmax

from skpoison.thresholds import LabelNoiseThreshold
from tests.thresholds.test_label_noise import best_flags, simulate, uniform_noise


def learnt(scores, noise):
    """Scores of a perfect learner of the labels seen: their exact probabilities."""
    return -np.log(softmax(-scores, axis=1) @ noise)


@pytest.mark.parametrize("n_classes", [2, 4])
def test_learnt_noise_is_told_where_it_is_known_that_there_is_some(n_classes):
    noise = uniform_noise(n_classes, 0.1)
    scores, y, _ = simulate(10_000, noise, spread=4)
    learnt_scores = learnt(scores, noise)
    assert (
        LabelNoiseThreshold().fit(learnt_scores, y).contamination_ < 0.05
    )  # it looks like overlap
    rule = LabelNoiseThreshold(sure_share=0.05).fit(learnt_scores, y)
    low, high = rule.contamination_interval_
    assert low <= 0.1 <= high and abs(rule.contamination_ - 0.1) < 0.02
    flagged = rule.anomaly_scores(learnt_scores, y) > rule.threshold_
    assert np.mean(flagged != best_flags(scores, y, noise)) < 0.02
    right = rule.predict_label_proba(learnt_scores, y)[np.arange(len(y)), y]
    np.testing.assert_array_equal(flagged, right < 0.5)


def test_learnt_noise_is_denied_by_a_class_whose_surest_rows_have_none():
    one_way = np.array([[0.7, 0.3], [0.0, 1.0]])
    scores, y, _ = simulate(10_000, one_way, spread=4)
    rule = LabelNoiseThreshold(sure_share=0.05, noise="uniform").fit(learnt(scores, one_way), y)
    assert rule.contamination_ < 0.01


def test_overlap_without_noise_is_not_taken_for_it():
    scores, y, _ = simulate(10_000, np.eye(2), spread=4)
    rule = LabelNoiseThreshold(sure_share=0.05).fit(scores, y)
    assert rule.noise_ == "none" and not (rule.anomaly_scores(scores, y) > 0).any()


def test_few_rows_say_nothing_of_learnt_noise():
    noise = uniform_noise(2, 0.1)
    scores, y, _ = simulate(400, noise, spread=4)
    learnt_scores = learnt(scores, noise)
    with_hint = LabelNoiseThreshold(sure_share=0.05).fit(learnt_scores, y)
    without = LabelNoiseThreshold().fit(learnt_scores, y)
    np.testing.assert_array_equal(
        with_hint.anomaly_scores(learnt_scores, y), without.anomaly_scores(learnt_scores, y)
    )


def test_noise_of_pairs_that_is_half_learnt_is_not_taken_for_uniform_noise():
    next_one = np.roll(np.eye(10), 1, axis=1)
    scores, y, true = simulate(10_000, 0.8 * np.eye(10) + 0.2 * next_one, spread=4)
    learnt_scores = learnt(scores, 0.9 * np.eye(10) + 0.1 * next_one)
    errors = {}
    for noise in ("auto", "uniform"):
        rule = LabelNoiseThreshold(temperature_scale=0.001, noise=noise, sure_share=0.2)
        rule.fit(learnt_scores, y)
        errors[rule.noise_] = np.mean((rule.anomaly_scores(learnt_scores, y) > 0) != (true != y))
    assert errors["pair"] < 0.6 * errors["uniform"]
