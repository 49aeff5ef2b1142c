"""Is there a second component? Against known densities and shares."""

import time

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.stats import norm, skewnorm

from skpoison.thresholds import SecondComponentThreshold

ONE_COMPONENT = {
    "normal": lambda rng: rng.normal(size=100),
    "log-normal": lambda rng: np.exp(0.5 * rng.normal(size=100)),
    "gamma": lambda rng: rng.gamma(2, size=100),
    "skew-normal": lambda rng: skewnorm.rvs(-5, size=100, random_state=rng),
}


def two_components(n_clean=100, n_poison=30, seed=3):
    rng = np.random.RandomState(seed)
    return np.append(rng.normal(-1, 0.3, n_clean), rng.normal(1, 0.3, n_poison))


@pytest.mark.parametrize("name", ONE_COMPONENT)
def test_no_second_component_is_found_where_there_is_one(name):
    draws = [ONE_COMPONENT[name](np.random.RandomState(seed)) for seed in range(25)]
    fitted = [SecondComponentThreshold().fit(draw) for draw in draws]
    assert sum(rule.contamination_ > 0 for rule in fitted) <= 1
    assert np.mean([rule.contamination_interval_[0] == 0 for rule in fitted]) > 0.9
    for rule, draw in zip(fitted, draws, strict=True):
        if not rule.contamination_:
            assert rule.threshold_ == draw.max()


def test_share_of_the_second_component_is_estimated_and_its_interval_covers_it():
    covered, estimates = [], []
    for seed in range(25):
        scores = np.random.RandomState(seed).normal(-1, 0.35, 143)
        scores[:43] *= -1
        rule = SecondComponentThreshold().fit(scores)
        estimates.append(rule.contamination_)
        low, high = rule.contamination_interval_
        covered.append(low <= 43 / 143 <= high)
        poison = scores > rule.threshold_
        assert poison[:43].mean() > 0.85 and poison[43:].mean() < 0.05
    assert np.mean(estimates) == pytest.approx(43 / 143, abs=0.02)
    assert np.mean(covered) >= 0.9


@pytest.mark.parametrize("n_upper, is_poison", [(30, True), (50, False)])
def test_more_than_a_third_is_no_poison(n_upper, is_poison):
    rng = np.random.RandomState(0)
    scores = np.append(rng.normal(0, 1, 100 - n_upper), rng.normal(8, 1, n_upper))
    rule = SecondComponentThreshold().fit(scores)
    low, high = rule.contamination_interval_
    assert (rule.contamination_ > 0) == is_poison
    assert low <= n_upper / 100 <= high


@pytest.mark.parametrize("exponent", [0, 1])
def test_many_scores_are_cut_where_known_densities_cross_and_fast(exponent):
    """60,000 normal scores, or log-normal ones, a fifth of them poison."""
    rng = np.random.RandomState(0)
    scores = np.append(rng.normal(0, 1, 48_000), rng.normal(5, 1, 12_000))
    crossing = brentq(lambda t: 0.8 * norm.pdf(t, 0, 1) - 0.2 * norm.pdf(t, 5, 1), 0, 5)
    if exponent:
        scores, crossing = np.exp(0.3 * scores), np.exp(0.3 * crossing)
    start = time.process_time()
    rule = SecondComponentThreshold().fit(scores)
    assert time.process_time() - start < 5  # unbinned it took 43 seconds
    assert np.mean((scores > rule.threshold_) != (scores > crossing)) < 0.005
    assert rule.contamination_ == pytest.approx(0.2, abs=0.01)
    low, high = rule.contamination_interval_
    assert 0.18 < low < high < 0.22
    if not exponent:  # of others the transformation is approximate
        assert low < 0.2 < high


def test_joining_scores_changes_next_to_nothing():
    """1,000 scores are fitted one by one, 1,001 joined; tenfold copies are joined exactly."""
    scores = two_components(800, 200)
    alone = SecondComponentThreshold().fit(scores)
    copies = SecondComponentThreshold().fit(np.repeat(scores, 10))
    assert copies.threshold_ == pytest.approx(alone.threshold_, abs=1e-6)
    assert copies.contamination_ == pytest.approx(alone.contamination_, abs=1e-6)
    joined = SecondComponentThreshold().fit(np.append(scores, scores[0]))
    assert joined.threshold_ == pytest.approx(alone.threshold_, abs=0.01)


def test_probability_never_falls_with_the_score_and_is_a_half_at_the_threshold():
    scores = two_components()
    rule = SecondComponentThreshold().fit(scores)
    probability = rule.poison_probability(np.sort(scores))
    assert (np.diff(probability) >= 0).all()
    assert probability[0] < 0.01 and probability[-1] > 0.99
    assert rule.poison_probability([rule.threshold_])[0] == pytest.approx(0.5, abs=0.05)


def test_a_higher_likelihood_ratio_takes_more_to_convince():
    rng = np.random.RandomState(0)
    scores = np.append(rng.normal(0, 1, 100), rng.normal(4, 1, 12))
    found = [SecondComponentThreshold(least).fit(scores).contamination_ > 0 for least in (0, 1e4)]
    assert found == [True, False]


def test_of_the_smallest_numbers_verdict_and_probability_agree():
    scores = np.array([4e-312, 4e-313, 7e-309, 6e-307, 2e-312, 3e-315, 1e-311])
    rule = SecondComponentThreshold().fit(scores)
    flagged = scores > rule.threshold_
    np.testing.assert_array_equal(rule.poison_probability(scores) > 0.5, flagged)
