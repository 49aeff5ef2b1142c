"""Likelihoods of noisy labels, and their maximisation over temperatures and noise."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize, minimize_scalar
from scipy.special import expit, logit, softmax
from scipy.stats import chi2

MAX_SHARE = 0.5  # of wrong labels: beyond it the labels say nothing
STARTS = ((0.0, 0.01), (0.3, 0.2), (-1.4, 0.01))  # of log-temperatures less the prior's, and share
LOG_TEMPERATURES = (-6.0, 6.0)
SHARES = np.concatenate(
    [[0.0], np.geomspace(2e-4, 0.02, 24)[:-1], np.linspace(0.02, MAX_SHARE, 97)]
)
SMALLEST = 1e-300
PAIR_STEPS = 20  # of EM, in each of its stages
PAIR_LEAST = 0.01  # of a class: what overlap that no temperature describes may send to another
PAIR_START = 0.05  # share of wrong labels that EM starts from


def log_prior(excess, scale):
    """Logarithm of a Cauchy density, less its maximum.

    Most sets have about the expected temperature; where classes overlap it is far lower.
    """
    return -np.log1p(np.square(excess / scale))


@dataclass(frozen=True)
class UniformNoise:
    """Fit of uniform noise: temperatures (n_scores,), share, penalised log-likelihood."""

    temperatures: np.ndarray
    share: float
    likelihood: float


def fit_uniform_noise(logits, y, temperatures, scale, share=None):
    """Fit the share of uniform label noise and a temperature for each matrix of scores.

    The true class follows ``softmax(sum_l T_l logits_l)``; log T_l has a Cauchy prior.

    Parameters
    ----------
    logits : ndarray of shape (n_scores, n_samples, n_classes)
        How well each label suits each row.

    y : ndarray of shape (n_samples,)
        Label codes.

    temperatures : sequence of float
        Centres of the priors of the temperatures.

    scale : float
        Their scale, on the logarithm.

    share : float, default=None
        Of wrong labels, where it is known.

    Returns
    -------
    fit : UniformNoise
    """
    n_scores, _, n_classes = logits.shape
    center, excess_logits = np.log(temperatures), _less_own(logits, y)

    def negative(parameters):
        temperature, share = np.exp(parameters[:-1]), expit(parameters[-1])
        right, slopes = _own_probability(excess_logits, temperature)
        other = share / (n_classes - 1)
        seen = np.maximum((1 - share) * right + other * (1 - right), SMALLEST)
        excess = parameters[:-1] - center
        value = np.log(seen).sum() + log_prior(excess, scale).sum()
        gradient = slopes @ ((1 - share - other) / seen) * temperature
        gradient -= 2 * excess / (scale**2 + excess**2)
        of_share = (((1 - right) / (n_classes - 1) - right) / seen).sum() * share * (1 - share)
        return -value, -np.append(gradient, of_share)

    least, most = (1e-6, MAX_SHARE) if share is None else (share, share)
    bounds = [LOG_TEMPERATURES] * n_scores + [(logit(least), logit(most))]
    fits = [
        minimize(
            negative, np.append(center + step, logit(c)), jac=True, method="L-BFGS-B", bounds=bounds
        )
        for step, c in STARTS
    ]
    best = min(fits, key=lambda fit: fit.fun)
    return UniformNoise(np.exp(best.x[:-1]), float(expit(best.x[-1])), -best.fun)


def _less_own(logits, y):
    """Logits less those of the label seen: (..., n_classes, n_samples), where sums are fast."""
    own = np.take_along_axis(logits, np.broadcast_to(y, logits.shape[:-1])[..., np.newaxis], -1)
    return np.ascontiguousarray(np.swapaxes(logits - own, -1, -2))


def _own_probability(excess_logits, temperature):
    """Probability of the label seen (n_samples,) and its slopes in the temperatures."""
    excess = np.tensordot(temperature, excess_logits, 1)
    largest = excess.max(axis=0)
    probability = np.exp(excess - largest)
    total = probability.sum(axis=0)
    right = np.exp(-largest) / total
    probability /= total
    return right, -right * np.einsum("kn,lkn->ln", probability, excess_logits)


def likelihood_profile(logits, y, temperature, scale, fit, shares=None):
    """Profile log-likelihood of the share of uniform noise, over the temperature.

    Parameters
    ----------
    logits : ndarray of shape (n_samples, n_classes)
        How well each label suits each row.

    y : ndarray of shape (n_samples,)
        Label codes.

    temperature, scale : float
        Centre and scale of the prior.

    fit : UniformNoise
        The best fit.

    shares : ndarray of shape (n_shares,), default=None
        Where to look. None: from 0 to 0.5, at that of `fit` too.

    Returns
    -------
    shares, profile : ndarray of shape (n_shares,)
        Shares, and the largest penalised log-likelihood with each.
    """
    if shares is None:
        shares = np.unique(np.append(SHARES, fit.share))
    best = fit.temperatures[0]
    profile = np.full(len(shares), -np.inf)
    excess_logits = _less_own(logits, y)[np.newaxis]
    without = temperature * np.exp(_best_without_noise(excess_logits, temperature, scale))
    grid = [
        temperature * np.exp(np.linspace(-2.5, 2.5, 51)),
        best * np.exp([-0.1, -0.05, 0, 0.05, 0.1]),
        np.geomspace(without, best, 9),  # classes that overlap have a far lower temperature
    ]
    grid = np.concatenate(grid)
    for value in grid:
        right, counts = _histogram(_own_probability(excess_logits, [value])[0])
        wrong = (1 - right) / (logits.shape[1] - 1)
        seen = np.outer(1 - shares, right) + np.outer(shares, wrong)
        likelihood = np.log(np.maximum(seen, SMALLEST)) @ counts
        likelihood += log_prior(np.log(value / temperature), scale)
        profile = np.maximum(profile, likelihood)
    return shares, profile


def _best_without_noise(excess_logits, temperature, scale):
    """Logarithm of the best temperature, less that of `temperature`, where all labels are right."""

    def negative(excess):
        right, _ = _own_probability(excess_logits, [temperature * np.exp(excess)])
        return -np.log(np.maximum(right, SMALLEST)).sum() - log_prior(excess, scale)

    return minimize_scalar(negative, bounds=LOG_TEMPERATURES, method="bounded").x


def profile_interval(shares, profile, level):
    """Interval of the shares whose profile log-likelihood is not much below the largest.

    Between the shares of the grid, the signed root of the likelihood ratio, which is nearly a
    straight line, is interpolated.

    Parameters
    ----------
    shares, profile : ndarray of shape (n_shares,)
        Shares in increasing order and their log-likelihoods.

    level : float
        Of the interval.

    Returns
    -------
    interval : tuple of float
    """
    best = profile.argmax()
    root = np.sqrt(2 * (profile[best] - profile))
    cut = np.sqrt(chi2.ppf(level, 1))
    low = np.interp(-cut, -root[: best + 1], shares[: best + 1])
    return float(low), float(np.interp(cut, root[best:], shares[best:]))


def _histogram(probability, n_bins=2000):
    """Join probabilities of many rows in narrow bins of their log-odds: means and counts."""
    if len(probability) <= n_bins:
        return probability, np.ones(len(probability))
    log_odds = np.clip(logit(np.clip(probability, 1e-12, 1 - 1e-12)), -20, 20)
    place = ((log_odds + 20) / 40 * (n_bins - 1)).astype(int)
    counts = np.bincount(place, minlength=n_bins)
    sums = np.bincount(place, weights=probability, minlength=n_bins)
    filled = counts > 0
    return sums[filled] / counts[filled], counts[filled].astype(np.float64)


@dataclass(frozen=True)
class PairNoise:
    """Fit of noise that depends on the pair of labels; `n_pairs` have some."""

    temperature: float
    matrix: np.ndarray
    n_pairs: int
    share: float
    likelihood: float


def fit_pair_noise(logits, y, temperature, prior, sparse):
    """Fit a matrix of label noise, and the temperature with it, by EM.

    Parameters
    ----------
    logits : ndarray of shape (n_samples, n_classes)
        How well each label suits each row.

    y : ndarray of shape (n_samples,)
        Label codes.

    temperature : float
        Where to start.

    prior : tuple of float or None
        Centre and scale of the prior of the temperature. None: it stays.

    sparse : bool
        Whether to keep only the pairs that have noise where 1 % of a class is taken off what it
        sends to any other one. A single temperature does not describe overlap well, and what it
        leaves looks like noise of some pairs.

    Returns
    -------
    fit : PairNoise
    """
    n_classes = logits.shape[1]
    wrong = ~np.eye(n_classes, dtype=bool)
    matrix = np.where(wrong, PAIR_START / (n_classes - 1), 1 - PAIR_START)
    # rows side by side, those of a label together: sums are fast
    logits = np.ascontiguousarray(logits[np.argsort(y, kind="stable")].T)
    sizes = np.bincount(y, minlength=n_classes)
    own = np.repeat(np.arange(n_classes), sizes), np.arange(len(y))
    ends = np.cumsum(sizes)
    groups = [slice(end - size, end) for end, size in zip(ends, sizes, strict=True)]

    def posterior():
        probability = softmax(temperature * logits, axis=0)
        joint = probability * np.repeat(matrix, sizes, axis=1)
        seen = np.maximum(joint.sum(axis=0), SMALLEST)
        return probability, joint / seen, seen

    # all pairs; those with more than the least noise; the ones that are left, without bias
    for least in (0, PAIR_LEAST, 0) if sparse else (0, 0):
        for _ in range(PAIR_STEPS):
            probability, true, _ = posterior()
            counts = np.column_stack([true[:, group].sum(axis=1) for group in groups])
            taken = least * counts.sum(axis=1, keepdims=True)
            counts = np.where(wrong, np.maximum(counts - taken, 0), counts)
            totals = counts.sum(axis=1, keepdims=True)
            matrix = np.where(totals > 0, counts / np.maximum(totals, SMALLEST), ~wrong)
            if prior is not None:
                temperature = _newton_step(logits, probability, true, temperature, *prior)
    _, true, seen = posterior()
    likelihood = np.log(seen).sum()
    if prior is not None:
        likelihood += log_prior(np.log(temperature / prior[0]), prior[1])
    share = 1 - np.mean(true[own])
    n_pairs = int(np.count_nonzero(matrix[wrong] > 1e-9))
    return PairNoise(float(temperature), matrix, n_pairs, float(share), float(likelihood))


def _newton_step(logits, probability, true, temperature, center, scale):
    """One step of the log-temperature towards the maximum of the expected log-likelihood."""
    weighted = probability * logits
    slope = (np.vdot(true, logits) - weighted.sum()) * temperature
    curvature = np.vdot(weighted, logits) - np.square(weighted.sum(axis=0)).sum()
    curvature *= temperature**2
    excess = np.log(temperature / center)
    weight = 2 / (scale**2 + excess**2)
    step = (slope - excess * weight) / (curvature + weight)
    return temperature * np.exp(np.clip(step, -0.5, 0.5))


def pair_likelihoods(logits, temperature, matrix):
    """Joint probabilities of each label seen with a right and with a wrong label.

    Parameters
    ----------
    logits : ndarray of shape (n_samples, n_classes)
        How well each label suits each row.

    temperature : float
        Factor on them.

    matrix : ndarray of shape (n_classes, n_classes)
        Probability of each label (column) given the true class (row).

    Returns
    -------
    right, wrong : ndarray of shape (n_samples, n_classes)
    """
    probability = softmax(temperature * logits, axis=1)
    right = probability * np.diag(matrix)
    others = matrix - np.diag(np.diag(matrix))
    return right, probability @ others


def pair_profile(logits, y, fit):
    """Log-likelihood of the share of wrong labels, all pairs' noise scaled by one factor.

    Parameters
    ----------
    logits : ndarray of shape (n_samples, n_classes)
        How well each label suits each row.

    y : ndarray of shape (n_samples,)
        Label codes.

    fit : PairNoise
        The best fit.

    Returns
    -------
    shares, profile : ndarray of shape (n_factors,)
    """
    right, wrong = pair_likelihoods(logits, fit.temperature, fit.matrix)
    rows = np.arange(len(y))
    right, wrong = right[rows, y], wrong[rows, y]
    kept = np.diag(fit.matrix)[y]
    probability = np.divide(right, kept, out=np.zeros(len(y)), where=kept > 0)
    factors = np.concatenate([np.linspace(0, 0.8, 17)[:-1], np.linspace(0.8, 1.25, 91)])
    likelihoods = [
        np.log(np.maximum(probability * (1 - f * (1 - kept)) + f * wrong, SMALLEST)).sum()
        for f in factors
    ]
    return factors * fit.share, np.array(likelihoods)
