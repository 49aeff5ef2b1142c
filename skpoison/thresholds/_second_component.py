"""A cut between two components, where there are two."""

from numbers import Real

import numpy as np
from scipy.special import expit
from scipy.stats import chi2, norm, yeojohnson
from sklearn.utils._param_validation import Interval

from skpoison.thresholds._base import BaseThreshold, is_constant, select_label

POWERS = (-1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0)  # of the Yeo-Johnson transformation
START_SHARES = (0.04, 0.1, 0.2, 0.35, 0.5)  # of rows first taken for poison
MIN_COMPONENT_STD = 0.2  # in units of the deviation of all rows: ties are no component
# These two are tried by benchmarks/calibrate_estimators.py components, with the likelihood ratio.
MIN_SEPARATION = 2.0  # of the means, in units of the deviations' root sum of squares
MAX_SHARE = 1 / 3  # beyond it nobody can tell poison from clean rows of another kind
MAX_POINTS = 1000  # more scores than this are joined, neighbours with neighbours
GRID = 512


class SecondComponentThreshold(BaseThreshold):
    """Cut between two components of the anomaly scores, where there are two.

    One component is compared with two. Components are Gaussian after a Yeo-Johnson transformation
    of the scores, whose power is chosen by likelihood for each side of the comparison, so that
    the long tail of clean rows is not taken for poison. The upper component is accepted where it
    raises twice the log-likelihood by more than `min_likelihood_ratio`, its mean lies more than
    twice the root of the summed variances above the lower one, and it holds at most a third of the
    rows; a half may well be a class of its own.

    Parameters
    ----------
    min_likelihood_ratio : float, default=20.0
        What the second component, three parameters more, has to explain: twice the difference of
        the log-likelihoods. The default is for scores of any kind; where clean ones have no long
        tail, less will do.

    Attributes
    ----------
    threshold_ : float
        Where both components are equally probable; the largest score where there is one component.

    contamination_ : float
        Share of the upper component; 0 where there is one component.

    contamination_interval_ : tuple of float
        Its 90 % profile likelihood interval.

    Notes
    -----
    More than 1,000 scores are sorted and joined to 1,000 weighted points before anything is fitted.

    Examples
    --------
    >>> import numpy as np
    >>> from skpoison.thresholds import SecondComponentThreshold
    >>> rng = np.random.RandomState(0)
    >>> clean, poison = rng.normal(0, 1, 100), rng.normal(6, 1, 25)
    >>> SecondComponentThreshold().fit(clean).contamination_
    0.0
    >>> round(SecondComponentThreshold().fit(np.append(clean, poison)).contamination_, 2)
    0.2
    """

    _parameter_constraints = {
        "min_likelihood_ratio": [Interval(Real, 0, None, closed="left")],
    }

    def __init__(self, min_likelihood_ratio: float = 20.0):
        self.min_likelihood_ratio = min_likelihood_ratio

    def _fit(self, scores, y):
        anomaly = select_label(scores, y)
        self.threshold_, self.contamination_ = float(anomaly.max()), 0.0
        self.contamination_interval_ = (0.0, 1.0)
        self._grid, self._grid_log_odds = np.zeros(1), np.array([-np.inf])
        if is_constant(anomaly):
            return
        points, counts = join_neighbors(anomaly, MAX_POINTS)
        fit = fit_components(points, counts, _Unit(anomaly))
        self.contamination_interval_ = share_interval(*fit.densities, counts)
        ratio = 2 * (fit.likelihood - fit.single_likelihood)
        if ratio <= self.min_likelihood_ratio or not fit.separated or fit.weights[1] > MAX_SHARE:
            self.contamination_interval_ = (0.0, self.contamination_interval_[1])
            return
        self._grid = np.linspace(anomaly.min(), anomaly.max(), GRID)
        transformed = fit.transform(self._grid)
        between = (transformed >= fit.means[0]) & (transformed <= fit.means[1])
        self._grid = self._grid[between]
        clean, poison = fit.log_joint(transformed[between])
        self._grid_log_odds = np.maximum.accumulate(poison - clean)
        self.threshold_ = float(np.interp(0.0, self._grid_log_odds, self._grid))
        self.contamination_ = float(fit.weights[1])

    def _log_odds(self, anomaly):
        return np.interp(anomaly, self._grid, self._grid_log_odds)


def join_neighbors(values, n_points):
    """Sort values and join neighbours to at most `n_points` means with their counts."""
    values = np.sort(values)
    if len(values) <= n_points:
        return values, np.ones(len(values))
    starts = np.linspace(0, len(values), n_points + 1).astype(int)
    counts = np.diff(starts)
    return np.add.reduceat(values, starts[:-1]) / counts, counts.astype(np.float64)


class _Unit:
    """Centre and scale of a sample by its quartiles."""

    def __init__(self, sample):
        lower, self.median, upper = np.percentile(sample, [25, 50, 75])
        # quartiles of ties may coincide
        self.scale = max((upper - lower) / 1.349, 0.25 * _deviation(sample))

    def power_transform(self, values, power):
        """Yeo-Johnson of centred and scaled values; log of its slope."""
        scaled = (values - self.median) / self.scale
        log_slope = (power - 1) * np.sign(scaled) * np.log1p(np.abs(scaled)) - np.log(self.scale)
        return yeojohnson(scaled, power), log_slope


class _Components:
    """The best fit of two components; the lower one comes first."""

    def __init__(self, likelihood, single_likelihood, transform, weights, means, stds, densities):
        order = np.argsort(means)
        self.likelihood, self.single_likelihood = likelihood, single_likelihood
        self.transform = transform
        self.weights, self.means, self.stds = weights[order], means[order], stds[order]
        self.densities = densities[order]
        self.separated = np.diff(self.means)[0] > MIN_SEPARATION * np.hypot(*self.stds)

    def log_joint(self, transformed):
        """Log of weight times density of each component at transformed values."""
        log_density = norm.logpdf(transformed, self.means[:, np.newaxis], self.stds[:, np.newaxis])
        return log_density + np.log(self.weights)[:, np.newaxis]


def fit_components(points, counts, unit):
    """Fit one component and two to weighted points, each with the power that suits it best."""
    values, log_slopes = map(
        np.array, zip(*(unit.power_transform(points, power) for power in POWERS), strict=True)
    )
    n_rows = counts.sum()
    centers = values @ counts / n_rows
    scales = np.sqrt(np.square(values - centers[:, np.newaxis]) @ counts / n_rows)
    values = (values - centers[:, np.newaxis]) / scales[:, np.newaxis]
    jacobians = log_slopes @ counts - n_rows * np.log(scales)
    single = (norm.logpdf(values) @ counts + jacobians).max()

    rank = (np.cumsum(counts) - counts) / n_rows
    starts = np.where(rank >= 1 - np.array(START_SHARES)[:, np.newaxis], 0.98, 0.02)
    likelihoods, *fits = _two_gaussians(
        np.repeat(values, len(starts), axis=0), np.tile(starts, (len(values), 1)), counts
    )
    likelihoods += np.repeat(jacobians, len(starts))
    best = likelihoods.argmax()
    number = best // len(starts)

    def transform(scores):
        transformed, _ = unit.power_transform(scores, POWERS[number])
        return (transformed - centers[number]) / scales[number]

    return _Components(likelihoods[best], single, transform, *(fit[best] for fit in fits))


def _two_gaussians(values, poison, counts):
    """EM for two Gaussians in every row of `values` at once, from responsibilities `poison`.

    Returns log-likelihoods (n_fits,), weights, means and deviations (n_fits, 2), and the points'
    log densities under each component (n_fits, 2, n_points).
    """
    for _ in range(100):
        responsibility = np.stack([1 - poison, poison], axis=1) * counts
        totals = responsibility.sum(axis=2) + 1e-12
        means = np.einsum("fkn,fn->fk", responsibility, values) / totals
        squares = (values[:, np.newaxis] - means[:, :, np.newaxis]) ** 2
        variances = np.einsum("fkn,fkn->fk", responsibility, squares) / totals
        stds = np.sqrt(np.maximum(variances, MIN_COMPONENT_STD**2))
        weights = totals / totals.sum(axis=1, keepdims=True)
        densities = norm.logpdf(
            values[:, np.newaxis], means[:, :, np.newaxis], stds[:, :, np.newaxis]
        )
        joint = densities + np.log(weights)[:, :, np.newaxis]
        before, poison = poison, expit(joint[:, 1] - joint[:, 0])
        if np.abs(poison - before).max() < 1e-5:
            break
    return np.logaddexp(joint[:, 0], joint[:, 1]) @ counts, weights, means, stds, densities


def share_interval(clean, poison, counts=None, level=0.9):
    """Profile likelihood interval of a mixture's weight.

    Parameters
    ----------
    clean, poison : ndarray of shape (n_points,)
        Log densities of the points under the two components.

    counts : ndarray of shape (n_points,), default=None
        How many rows each point stands for. None: one.

    level : float, default=0.9
        Level of the interval.

    Returns
    -------
    interval : tuple of float
        Lower and upper end of the weight of `poison`.
    """
    shares = np.linspace(0, 1, 401)[1:-1, np.newaxis]
    top = np.maximum(clean, poison)
    mixed = np.log((1 - shares) * np.exp(clean - top) + shares * np.exp(poison - top))
    likelihood = mixed.sum(axis=1) if counts is None else mixed @ counts
    inside = shares[likelihood >= likelihood.max() - 0.5 * chi2.ppf(level, 1), 0]
    step = shares[1, 0] - shares[0, 0]
    return float(inside[0] - step), float(inside[-1] + step)


def _deviation(sample):
    """Standard deviation, of numbers too whose squares overflow."""
    largest = np.abs(sample).max() or 1.0
    return largest * (sample / largest).std()
