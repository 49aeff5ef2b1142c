import math

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.stats import norm, skewnorm

from skpoison.thresholds import (
    contradiction_cut,
    mirror_cut,
    mixture_threshold,
    quantile_threshold,
    share_cut,
    two_component_cut,
)

ONE_COMPONENT = {
    "normal": lambda rng: rng.normal(size=100),
    "log-normal": lambda rng: np.exp(0.5 * rng.normal(size=100)),
    "gamma": lambda rng: rng.gamma(2, size=100),
    "skew-normal": lambda rng: skewnorm.rvs(-5, size=100, random_state=rng),
}


def test_cut_is_where_two_well_separated_gaussians_are_equally_probable():
    rng = np.random.RandomState(0)
    suspicion = np.concatenate([rng.normal(0, 1, 70_000), rng.normal(8, 2, 30_000)])
    crossing = brentq(lambda t: 0.7 * norm.pdf(t, 0, 1) - 0.3 * norm.pdf(t, 8, 2), 0, 8)
    assert abs(mixture_threshold(suspicion, random_state=0) - crossing) < 0.05


def test_cut_moves_with_the_scale_and_origin_of_the_suspicions():
    rng = np.random.RandomState(1)
    suspicion = np.concatenate([rng.normal(0, 1, 100), rng.normal(6, 1, 30)])
    cut = mixture_threshold(suspicion, random_state=0)
    moved = mixture_threshold(1e-6 * suspicion - 5, random_state=0)
    np.testing.assert_allclose(moved, 1e-6 * cut - 5, rtol=1e-9)


def test_equal_suspicions_flag_nothing():
    assert mixture_threshold(np.full(10, 0.3)) == 0.3
    assert mixture_threshold([1.0]) == 1.0


def test_global_random_state_is_left_alone():
    before = np.random.get_state()[1].copy()
    mixture_threshold(np.arange(20.0), random_state=0)
    np.testing.assert_array_equal(np.random.get_state()[1], before)


def test_quantile_threshold_leaves_the_share_above():
    suspicion = np.random.RandomState(0).permutation(100).astype(float)
    for share in (0.01, 0.2, 0.5):
        assert (suspicion > quantile_threshold(suspicion, share)).mean() == share


@pytest.mark.parametrize("name", ONE_COMPONENT)
@pytest.mark.parametrize("find", [two_component_cut, mirror_cut])
def test_nothing_is_found_where_nothing_is(find, name):
    """Margins of clean rows are mostly negative; the test for a mirror image needs them so."""
    draws = [ONE_COMPONENT[name](np.random.RandomState(seed)) for seed in range(25)]
    cuts = [find(draw - draw.mean() - 1.5 * draw.std()) for draw in draws]
    found = [cut for cut in cuts if cut.contamination > 0]
    assert len(found) <= 1
    assert np.mean([cut.interval[0] == 0 for cut in cuts]) > 0.9


@pytest.mark.parametrize(
    "find, n_poison", [(two_component_cut, 43), (mirror_cut, 10), (mirror_cut, 43)]
)
def test_share_of_poison_is_estimated_and_its_interval_covers_it(find, n_poison):
    covered, estimates = [], []
    for seed in range(25):
        margins = np.random.RandomState(seed).normal(-1, 0.35, 100 + n_poison)
        margins[:n_poison] *= -1
        cut = find(margins)
        estimates.append(cut.contamination)
        low, high = cut.interval
        covered.append(low <= n_poison / len(margins) <= high)
        poison = margins > cut.threshold
        assert poison[:n_poison].mean() > 0.85 and poison[n_poison:].mean() < 0.05
    assert np.mean(estimates) == pytest.approx(n_poison / len(margins), abs=0.02)
    assert np.mean(covered) >= 0.9


@pytest.mark.parametrize("n_upper, is_poison", [(30, True), (50, False)])
def test_more_than_a_third_is_no_poison(n_upper, is_poison):
    rng = np.random.RandomState(0)
    suspicion = np.append(rng.normal(0, 1, 100 - n_upper), rng.normal(8, 1, n_upper))
    cut = two_component_cut(suspicion)
    assert (cut.contamination > 0) == is_poison
    assert cut.interval[0] <= n_upper / 100 <= cut.interval[1]


def test_mirror_cut_is_where_a_margin_and_its_mirror_image_are_equally_probable():
    rng = np.random.RandomState(0)
    margins = rng.normal(-1, 0.8, 40_000)
    margins[:10_000] *= -1
    crossing = brentq(lambda m: 0.75 * norm.pdf(m, -1, 0.8) - 0.25 * norm.pdf(m, 1, 0.8), -1, 1)
    cut = mirror_cut(margins)
    assert abs(cut.threshold - crossing) < 0.05
    density = 0.75 * norm.pdf(0.5, -1, 0.8), 0.25 * norm.pdf(0.5, 1, 0.8)
    assert cut.probability(0.5) == pytest.approx(density[1] / sum(density), abs=0.03)


@pytest.mark.parametrize("find", [two_component_cut, mirror_cut])
def test_probability_never_falls_with_suspicion_and_is_a_half_at_the_threshold(find):
    rng = np.random.RandomState(3)
    suspicion = np.append(rng.normal(-1, 0.3, 100), rng.normal(1, 0.3, 30))
    cut = find(suspicion)
    probability = cut.probability(np.sort(suspicion))
    assert (np.diff(probability) >= 0).all()
    assert probability[0] < 0.01 and probability[-1] > 0.99
    assert cut.probability(cut.threshold) == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("find", [two_component_cut, mirror_cut])
def test_constant_suspicions_are_no_evidence(find):
    cut = find(np.full(20, 0.5))
    assert cut.contamination == 0 and cut.threshold == 0.5 and cut.interval == (0.0, 1.0)
    assert cut.probability(np.array([0.5, 9.0])).tolist() == [0, 0]


def test_share_cut_counts():
    cut = share_cut(np.arange(10.0), 6.5)
    assert cut.contamination == 0.3
    assert cut.interval[0] < 0.3 < cut.interval[1]
    assert cut.probability(np.array([6.0, 7.0])).tolist() == [0, 1]


def test_margins_that_are_all_contradicted_are_no_evidence():
    cut = mirror_cut(np.linspace(0.5, 1.5, 30))
    assert cut.contamination == 0 and cut.interval == (0.0, 1.0)


@pytest.mark.parametrize("n_contradicted", [13, 14])
def test_margins_of_one_size_are_counted(n_contradicted):
    """Of 100 rows at 8 %, 13 or more have a probability of .060, 14 or more of .032."""
    margins = np.where(np.arange(100) < n_contradicted, 0.7, -0.7)
    tail = 1 - sum(math.comb(100, k) * 0.08**k * 0.92 ** (100 - k) for k in range(n_contradicted))
    found = contradiction_cut(margins)
    assert (found.contamination > 0) == (tail < 0.05) == (n_contradicted == 14)
    if found.contamination:
        assert found.threshold == 0 and found.contamination == 0.14
    low, high = found.interval
    assert low == 0 and n_contradicted / 100 < high < 0.25


def test_margins_near_zero_weigh_nothing():
    margins = np.append(np.full(60, -1.0), np.full(40, 1e-3))
    assert contradiction_cut(margins).contamination == 0
    assert contradiction_cut(np.zeros(100)).contamination == 0
    assert contradiction_cut(margins, [margins, -margins]).contamination == 0.4
    assert contradiction_cut(margins, upper=0.9).interval == (0, 0.9)


def test_what_is_contradicted_as_by_guessing_is_no_poison():
    assert contradiction_cut(np.append(np.full(50, -1.0), np.full(50, 1.0))).contamination == 0
    assert contradiction_cut(np.append(np.full(51, -1.0), np.full(49, 1.0))).contamination == 0.49
