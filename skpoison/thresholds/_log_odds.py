"""Scores that are log-odds already."""

import numpy as np
from scipy.special import expit

from skpoison.thresholds._base import BaseThreshold, select_label


class LogOddsThreshold(BaseThreshold):
    """Flag rows that are likelier poison than not, where scores are log-odds.

    Attributes
    ----------
    threshold_ : float
        0.

    contamination_ : float
        Mean probability of poison; 0 where no row is likelier poison than not.

    contamination_interval_ : tuple of float
        NaN: log-odds alone do not tell how sure the share is.

    Examples
    --------
    >>> from skpoison.thresholds import LogOddsThreshold
    >>> rule = LogOddsThreshold().fit([-40.0, -30.0, 0.0, 50.0])
    >>> round(rule.contamination_, 3)
    0.375
    """

    def _fit(self, scores, y):
        self.threshold_ = 0.0
        log_odds = select_label(scores, y)
        self.contamination_ = float(expit(log_odds).mean()) if (log_odds > 0).any() else 0.0
        self.contamination_interval_ = (np.nan, np.nan)

    def _log_odds(self, anomaly):
        return anomaly
