"""The likelihood of wrong targets: how many are wrong, and which."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import chi2, gaussian_kde, gennorm
from scipy.stats import t as student

from skpoison.thresholds._noise_likelihood import profile_interval

LEVEL = 0.9  # of the interval
ACCEPTED = 0.999  # level of the test that some targets are wrong
GAIN = 0.01  # of log-likelihood a row beyond that: what the shape of right residuals may explain
LEAST_TOLD = 0.5  # of the wrong targets: fewer are the shoulders of right ones
SHAPES = [(student, degrees) for degrees in (2.0, 3.0, 5.0, 10.0)]
SHAPES += [(gennorm, power) for power in (2.0, 3.0, 5.0)]  # the first is the normal distribution
SKEWS = (0.5, 0.7, 1.0, 1.4, 2.0)  # scale above the prediction, in units of that below
SCALES = np.geomspace(0.5, 4.0, 18)  # of right residuals, in units of the median one
SHARES = np.concatenate([[0.0], np.geomspace(1e-3, 0.5, 40)])
MOST_ROWS = 1000  # points to which residuals are thinned


@dataclass(frozen=True)
class TargetNoise:
    """Share of wrong targets, its 90 % interval, and the probability of each to be wrong."""

    share: float
    interval: tuple
    probability: np.ndarray


def fit_target_noise(target, prediction, expected):
    """Fit the share of wrong targets, and what right ones look like.

    Wrong targets are those of other rows or anything in their range. Residuals of right ones, in
    units of the size that is expected of them, follow a distribution of one peak, Student's or a
    generalised normal, with scales of their own on either side. Shape, scales and the share of
    wrong targets are those of largest likelihood. Wrong targets are accepted where the likelihood
    ratio test of a share of 0 says so at level .001, and by .01 of log-likelihood a row beyond it,
    which the shape of right residuals may explain, and half of them can be told row by row,
    but not more than half of all rows.

    Parameters
    ----------
    target, prediction, expected : ndarray of shape (n_samples,)
        Targets, predictions that have not learnt them, and expected sizes of the difference.

    Returns
    -------
    noise : TargetNoise

    References
    ----------
    .. [1] D. W. Hogg, J. Bovy, D. Lang, "Data analysis recipes: Fitting a model to data",
       arXiv:1008.4686, 2010 (section 3).
    """
    n_rows, width = len(target), np.ptp(target)
    residual = (target - prediction) / expected
    if not (width > 0 and np.ptp(residual) > 0):
        return TargetNoise(0.0, (0.0, 1.0), np.zeros(n_rows))
    order = np.argsort(residual, kind="stable")
    points = order[np.linspace(0, n_rows - 1, min(n_rows, MOST_ROWS)).astype(int)]
    rows_a_point = n_rows / len(points)
    grid = np.linspace(target.min(), target.max(), 200)
    of_others = np.interp(target, grid, gaussian_kde(target[points])(grid))
    wrong = expected * (of_others + 1 / width) / 2  # a density of the residual
    unit = max(np.median(np.abs(residual)), 1e-300)
    profile, best = np.full(len(SHARES), -np.inf), [None] * len(SHARES)
    for shape in SHAPES:
        for skew in SKEWS:
            for scale in SCALES * unit:
                right = _right_density(residual[points], shape, skew, scale)
                mixed = np.outer(1 - SHARES, right) + np.outer(SHARES, wrong[points])
                likelihood = rows_a_point * np.log(np.maximum(mixed, 1e-300)).sum(axis=1)
                for place in np.flatnonzero(likelihood > profile):
                    profile[place], best[place] = likelihood[place], (shape, skew, scale)
    place = int(profile.argmax())
    low, high = profile_interval(SHARES, profile, LEVEL)
    if profile[place] - profile[0] < 0.5 * chi2.ppf(ACCEPTED, 1) + GAIN * n_rows:
        return TargetNoise(0.0, (0.0, high), np.zeros(n_rows))
    share = float(SHARES[place])
    right = (1 - share) * _right_density(residual, *best[place])
    probability = share * wrong / (share * wrong + right)
    if not LEAST_TOLD * share <= np.mean(probability > 0.5) <= SHARES[-1]:
        return TargetNoise(0.0, (0.0, high), np.zeros(n_rows))
    return TargetNoise(share, (low, high), probability)


def _right_density(residual, shape, skew, scale):
    family, parameter = shape
    scales = np.where(residual > 0, scale * np.sqrt(skew), scale / np.sqrt(skew))
    height = 2 / (np.sqrt(skew) + 1 / np.sqrt(skew))
    return height * family.pdf(residual / scales, parameter) / scale
