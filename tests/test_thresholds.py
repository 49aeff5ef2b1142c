import numpy as np
from scipy.optimize import brentq
from scipy.stats import norm

from skpoison.thresholds import mixture_threshold, quantile_threshold


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
