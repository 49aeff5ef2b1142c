"""Cuts that first test for a second component of the suspicions, and then tell its share."""

import numpy as np
from scipy.special import expit
from scipy.stats import norm, yeojohnson
from sklearn.utils import column_or_1d

from skpoison.thresholds._cut import Cut, is_constant, no_cut

POWERS = (-1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0)  # of the Yeo-Johnson transformation
START_SHARES = (0.04, 0.1, 0.2, 0.35, 0.5)  # of rows first taken for poison
NARROWEST = 0.2  # a component's deviation, in those of all rows: ties are no component
SEPARATION = 2.0  # of the means, in units of the deviations' root sum of squares
CHI_SQUARE = 2.706  # 90 % point, one degree of freedom
LARGEST_SHARE = 1 / 3  # beyond it nobody can tell poison from clean rows of another kind
GRID = 512


def two_component_cut(suspicion, min_gain=20.0):
    """Cut between two components of the suspicions, where there are two.

    One component is compared with two. Components are Gaussian after a Yeo-Johnson transformation
    of the suspicions, whose power is chosen by likelihood for each side of the comparison, so that
    the long tail of clean rows is not taken for poison. The upper component is believed where it
    raises twice the log-likelihood by more than `min_gain`, stands well off the lower one, and
    holds at most a third of the rows; a half may well be a class of its own.

    Parameters
    ----------
    suspicion : array-like of shape (n_samples,)
        The larger, the more suspicious. Finite.

    min_gain : float, default=20.0
        What the second component, three parameters more, has to explain. The default is for
        suspicions of any kind; where clean ones have no long tail, less will do.

    Returns
    -------
    cut : Cut
        The threshold stands where both components are equally probable.

    Examples
    --------
    >>> import numpy as np
    >>> from skpoison.thresholds import two_component_cut
    >>> rng = np.random.RandomState(0)
    >>> clean, poison = rng.normal(0, 1, 100), rng.normal(6, 1, 25)
    >>> two_component_cut(clean).contamination
    0.0
    >>> round(two_component_cut(np.append(clean, poison)).contamination, 2)
    0.2
    """
    suspicion = column_or_1d(np.asarray(suspicion, dtype=np.float64))
    if is_constant(suspicion):
        return no_cut(suspicion, upper=1.0)
    values, log_slopes = zip(
        *(_power_transform(suspicion, p, suspicion) for p in POWERS), strict=True
    )
    centres, scales = np.mean(values, axis=1), np.std(values, axis=1)
    values = (np.array(values) - centres[:, np.newaxis]) / scales[:, np.newaxis]
    jacobians = np.sum(log_slopes, axis=1) - len(suspicion) * np.log(scales)
    single = (norm.logpdf(values).sum(axis=1) + jacobians).max()

    rank = np.argsort(np.argsort(suspicion, kind="stable")) / len(suspicion)
    starts = np.where(rank >= 1 - np.array(START_SHARES)[:, np.newaxis], 0.98, 0.02)
    likelihoods, *fits = _two_gaussians(
        np.repeat(values, len(starts), axis=0), np.tile(starts, (len(values), 1))
    )
    likelihoods += np.repeat(jacobians, len(starts))
    best = likelihoods.argmax()
    weights, means, deviations, densities = (fit[best] for fit in fits)
    upper = means.argmax()
    interval = _share_interval(*densities[[1 - upper, upper]])
    if (
        2 * (likelihoods[best] - single) <= min_gain
        or np.ptp(means) <= SEPARATION * np.hypot(*deviations)
        or weights[upper] > LARGEST_SHARE
    ):
        return no_cut(suspicion, upper=interval[1])

    power = best // len(starts)
    grid = np.linspace(suspicion.min(), suspicion.max(), GRID)
    transformed = _power_transform(grid, POWERS[power], suspicion)[0]
    transformed = (transformed - centres[power]) / scales[power]
    clean, poison = (
        norm.logpdf(transformed, means[k], deviations[k]) + np.log(weights[k])
        for k in (1 - upper, upper)
    )
    between = (transformed >= means.min()) & (transformed <= means.max())
    return _cut(grid[between], (poison - clean)[between], weights[upper], interval)


def mirror_cut(margins, min_gain=7.0):
    """Cut through margins of which those of poison mirror those of clean rows.

    A margin is what a classifier that has not learnt the row says against its label: below 0
    where it agrees with the label. A row with a wrong label has the margin that it would have
    under its own label with the sign turned. So the density of all margins m is taken for
    ``(1 - c) g(m) + c g(-m)``, where g is Gaussian after a Yeo-Johnson transformation and c the
    share of poison; all of it is fitted by EM. Poison is believed in where c > 0 raises twice the
    log-likelihood by more than `min_gain`, where c is at most a third, and where clean margins lie
    at least half their standard deviation below 0. Margins of classes that overlap are no evidence
    of poison: g itself then reaches beyond 0.

    Parameters
    ----------
    margins : array-like of shape (n_samples,)
        The larger, the more the label is contradicted. Finite.

    min_gain : float, default=7.0
        What the mirror image, one parameter more, has to explain.

    Returns
    -------
    cut : Cut
        The threshold stands where a margin and its mirror image are equally probable.

    Examples
    --------
    >>> import numpy as np
    >>> from skpoison.thresholds import mirror_cut
    >>> margins = np.random.RandomState(0).normal(-1, 0.4, 100)
    >>> mirror_cut(margins).contamination
    0.0
    >>> margins[:20] *= -1
    >>> round(mirror_cut(margins).contamination, 1)
    0.2
    """
    margins = column_or_1d(np.asarray(margins, dtype=np.float64))
    if is_constant(margins):
        return no_cut(margins, upper=1.0)
    single, best = -np.inf, (-np.inf,)
    for power in POWERS:
        values, log_slopes = _power_transform(margins, power, margins)
        single = max(single, (norm.logpdf(values, values.mean(), values.std()) + log_slopes).sum())
        mirrored, mirrored_log_slopes = _power_transform(-margins, power, margins)
        poison = np.where(margins > 0, 0.92, 0.02)
        for _ in range(200):
            pair, weights = np.append(values, mirrored), np.append(1 - poison, poison)
            mean = np.average(pair, weights=weights)
            deviation = max(np.sqrt(np.average((pair - mean) ** 2, weights=weights)), 0.05)
            clean_density = norm.logpdf(values, mean, deviation) + log_slopes
            poison_density = norm.logpdf(mirrored, mean, deviation) + mirrored_log_slopes
            share = np.clip(poison.mean(), 1e-12, 1 - 1e-12)
            odds = poison_density - clean_density + np.log(share / (1 - share))
            before, poison = poison, expit(odds)
            if np.abs(poison - before).max() < 1e-4:
                break
        likelihood = np.logaddexp(
            np.log(1 - share) + clean_density, np.log(share) + poison_density
        ).sum()
        if likelihood > best[0]:
            best = likelihood, power, mean, deviation, share, clean_density, poison_density
    likelihood, power, mean, deviation, share, *densities = best
    interval = _share_interval(*densities)
    clean = 1 - expit(densities[1] - densities[0] + np.log(share / (1 - share)))
    if not clean.sum() > 0:  # every margin is the mirror image of a clean one
        return no_cut(margins, upper=1.0)
    centre = np.average(margins, weights=clean)
    spread = np.sqrt(np.average((margins - centre) ** 2, weights=clean))
    if 2 * (likelihood - single) <= min_gain or share > LARGEST_SHARE or centre > -0.5 * spread:
        return no_cut(margins, upper=interval[1])

    grid = np.linspace(np.median(margins), margins.max(), GRID)
    clean, poison = (
        norm.logpdf(values, mean, deviation) + log_slopes
        for values, log_slopes in (
            _power_transform(grid, power, margins),
            _power_transform(-grid, power, margins),
        )
    )
    log_odds = poison - clean + np.log(share / (1 - share))
    return _cut(grid, log_odds, share, interval)


def _power_transform(values, power, sample):
    """Yeo-Johnson of values centred and scaled by a sample's quartiles; log of its slope."""
    lower, median, upper = np.percentile(sample, [25, 50, 75])
    scale = max((upper - lower) / 1.349, 0.25 * sample.std())  # quartiles of ties may coincide
    scaled = (values - median) / scale
    log_slope = (power - 1) * np.sign(scaled) * np.log1p(np.abs(scaled)) - np.log(scale)
    return yeojohnson(scaled, power), log_slope


def _two_gaussians(values, poison):
    """EM for two Gaussians in every row of `values` at once, from responsibilities `poison`.

    Returns log-likelihoods (n_fits,), weights, means and deviations (n_fits, 2), and the rows' log
    densities under each component (n_fits, 2, n_samples).
    """
    for _ in range(100):
        responsibility = np.stack([1 - poison, poison], axis=1)
        counts = responsibility.sum(axis=2) + 1e-12
        means = np.einsum("fkn,fn->fk", responsibility, values) / counts
        squares = (values[:, np.newaxis] - means[:, :, np.newaxis]) ** 2
        variances = np.einsum("fkn,fkn->fk", responsibility, squares) / counts
        deviations = np.sqrt(np.maximum(variances, NARROWEST**2))
        weights = counts / counts.sum(axis=1, keepdims=True)
        densities = norm.logpdf(
            values[:, np.newaxis], means[:, :, np.newaxis], deviations[:, :, np.newaxis]
        )
        joint = densities + np.log(weights)[:, :, np.newaxis]
        before, poison = poison, expit(joint[:, 1] - joint[:, 0])
        if np.abs(poison - before).max() < 1e-5:
            break
    return np.logaddexp(joint[:, 0], joint[:, 1]).sum(axis=1), weights, means, deviations, densities


def _share_interval(clean, poison):
    """90 % profile likelihood interval of a mixture's weight, its two log densities given."""
    shares = np.linspace(0, 1, 401)[1:-1, np.newaxis]
    top = np.maximum(clean, poison)
    likelihood = np.sum(
        np.log((1 - shares) * np.exp(clean - top) + shares * np.exp(poison - top)), axis=1
    )
    inside = shares[likelihood >= likelihood.max() - 0.5 * CHI_SQUARE, 0]
    step = shares[1, 0] - shares[0, 0]
    return float(inside[0] - step), float(inside[-1] + step)


def _cut(grid, log_odds, share, interval):
    log_odds = np.maximum.accumulate(log_odds)
    threshold = float(np.interp(0.0, log_odds, grid))
    return Cut(threshold, float(share), interval, grid, log_odds)
