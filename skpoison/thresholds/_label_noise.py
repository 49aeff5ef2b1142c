"""The likelihood of label noise: how many labels are wrong, and which."""

from numbers import Real

import numpy as np
from scipy.special import log_softmax, logit
from scipy.stats import chi2
from sklearn.utils._param_validation import Interval

from skpoison.thresholds._base import BaseThreshold, select_label

TEMPERATURES = np.geomspace(0.1, 100, 61)
SHARES = np.concatenate([[0.0], np.geomspace(1e-4, 0.01, 15)[:-1], np.linspace(0.01, 0.6, 119)])
NOVELTY_SHARE = 0.05  # of wrong labels among new rows, where the training rows have none


class LabelNoiseThreshold(BaseThreshold):
    """Estimate the share of wrong labels by maximum likelihood, and flag what is likelier wrong.

    Parameters
    ----------
    temperature : float, default=10.0
        Where the prior of the temperature is centred: the factor that makes log-probabilities of
        the negative anomaly scores.

    temperature_std : float, default=0.4
        Standard deviation of that prior, on the logarithm of the temperature.
    """

    _parameter_constraints = {
        "temperature": [Interval(Real, 0, None, closed="neither")],
        "temperature_std": [Interval(Real, 0, None, closed="neither")],
    }

    def __init__(self, temperature=10.0, temperature_std=0.4):
        self.temperature = temperature
        self.temperature_std = temperature_std

    def _fit(self, scores, y):
        self._n_others = max(scores.shape[1] - 1, 1)
        if scores.shape[1] == 1:
            self.temperature_ = self.temperature
            self.contamination_, self.contamination_interval_ = 0.0, (0.0, 1.0)
            self.threshold_ = float(scores.max())
            return
        best = (-np.inf,)
        profile = np.full(len(SHARES), -np.inf)
        for temperature in TEMPERATURES * self.temperature / 10:
            ratio, right = self._likelihood_ratio(scores, y, temperature)
            likelihood = right.sum() + np.array(
                [np.logaddexp(np.log1p(-c), np.log(c or 1e-300) + ratio).sum() for c in SHARES]
            )
            likelihood -= 0.5 * (np.log(temperature / self.temperature) / self.temperature_std) ** 2
            profile = np.maximum(profile, likelihood)
            if likelihood.max() > best[0]:
                best = likelihood.max(), temperature, SHARES[likelihood.argmax()], ratio
        _, self.temperature_, share, ratio = best
        inside = SHARES[profile >= profile.max() - 0.5 * chi2.ppf(0.9, 1)]
        self.contamination_interval_ = (float(inside[0]), float(inside[-1]))
        found = 2 * (profile.max() - profile[0]) > chi2.ppf(0.95, 1)
        self.contamination_ = float(share) if found else 0.0
        if found:
            self.threshold_ = float(-logit(share))
        else:
            self.threshold_ = float(max(ratio.max(), -logit(NOVELTY_SHARE)))

    def _likelihood_ratio(self, scores, y, temperature):
        """Log-likelihood ratio of a wrong to a right label, and log-likelihood of a right one."""
        if y is None:
            y = scores.argmin(axis=1)
        right = select_label(log_softmax(-temperature * scores, axis=1), y)
        right = np.minimum(right, -1e-12)
        return np.log(-np.expm1(right)) - right - np.log(self._n_others), right

    def _reduce(self, scores, y):
        if scores.shape[1] == 1:
            return scores[:, 0]
        return self._likelihood_ratio(scores, y, self.temperature_)[0]

    def _log_odds(self, anomaly):
        excess = anomaly - self.threshold_
        if self.contamination_ == 0:  # nothing was found among rows like these
            return np.where(excess > 0, excess, excess - 20)
        return excess
