"""Between the two Gaussians of a mixture, as published."""

import numpy as np
from scipy.optimize import brentq
from scipy.special import logit
from sklearn.mixture import GaussianMixture

from skpoison._typing import RandomState
from skpoison.thresholds._base import BaseThreshold, is_constant, select_label


class GaussianMixtureThreshold(BaseThreshold):
    """Cut between the two components of a Gaussian mixture. The paper's rule.

    A mixture of two Gaussians is fitted to the anomaly scores by EM; the component with the
    larger mean is taken for the poison, and the threshold lies where, between the two means, both
    are equally probable, as in [1]_. A mixture always finds two components: also where there is
    no poison at all, it flags something.

    Parameters
    ----------
    random_state : int, RandomState instance or None, default=None
        Seed of the mixture's start. In a detector, None is the detector's own.

    Attributes
    ----------
    mixture_ : GaussianMixture or None
        Fitted to the scores scaled to [0, 1]. None where all are equal and nothing is flagged.

    threshold_ : float
        Rows whose anomaly score is larger are flagged.

    contamination_ : float
        Share of the rows flagged.

    contamination_interval_ : tuple of float
        NaN: the rule does not test whether there is poison.

    References
    ----------
    .. [1] F. Razmi, L. Xiong, "Classification Auto-Encoder based Detector against Diverse Data
       Poisoning Attacks", arXiv:2108.04206, 2021.

    Examples
    --------
    >>> from skpoison.thresholds import GaussianMixtureThreshold
    >>> rule = GaussianMixtureThreshold(random_state=0).fit([0.0, 0.1, 0.2, 0.8, 0.9, 1.0])
    >>> round(rule.threshold_, 2)
    0.5
    """

    _parameter_constraints = {"random_state": ["random_state"]}

    def __init__(self, random_state: RandomState = None):
        self.random_state = random_state

    def _fit(self, scores, y):
        anomaly = select_label(scores, y)
        low, high = anomaly.min(), anomaly.max()
        self.mixture_ = None
        if is_constant(anomaly):
            self._count_flagged(anomaly, high)
            return
        scaled = (anomaly - low) / (high - low)
        self.mixture_ = GaussianMixture(2, random_state=self.random_state)
        self.mixture_.fit(scaled[:, np.newaxis])
        self._origin, self._range = low, high - low

        between = np.sort(self.mixture_.means_.ravel())
        at_means = self._poison(between)
        if at_means[0] < 0.5 < at_means[1]:
            cut = brentq(lambda value: self._poison(value).item() - 0.5, *between)
        else:  # one component is the likelier at both means: nothing but the middle is left
            cut = between.mean()
        self._count_flagged(anomaly, low + (high - low) * cut)

    def _poison(self, scaled):
        """Probability of the component with the larger mean, at scores scaled to [0, 1]."""
        probability = self.mixture_.predict_proba(np.reshape(scaled, (-1, 1)))
        return probability[:, self.mixture_.means_.argmax()]

    def _log_odds(self, anomaly):
        if self.mixture_ is None:
            return super()._log_odds(anomaly)
        log_odds = logit(self._poison((anomaly - self._origin) / self._range))
        flagged = anomaly > self.threshold_  # a wide component wins again on the far side
        return np.where(flagged, np.maximum(log_odds, 0), np.minimum(log_odds, 0))
