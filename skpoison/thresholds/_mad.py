"""So many median absolute deviations above the median."""

from numbers import Real

import numpy as np
from scipy.stats import median_abs_deviation
from sklearn.utils._param_validation import Interval

from skpoison.thresholds._base import BaseThreshold, select_label


class MADThreshold(BaseThreshold):
    """Flag rows that lie many median absolute deviations (MAD) above the median.

    Parameters
    ----------
    n_deviations : float, default=5.0
        How many, in units of the standard deviation that a normal distribution of this MAD has.

    Attributes
    ----------
    threshold_ : float
        Rows whose anomaly score is larger are flagged.

    contamination_ : float
        Share of the rows flagged.

    contamination_interval_ : tuple of float
        NaN: the rule does not estimate the share.

    References
    ----------
    .. [1] B. Iglewicz, D. C. Hoaglin, "How to Detect and Handle Outliers", ASQC Quality Press,
       1993.

    Examples
    --------
    >>> from skpoison.thresholds import MADThreshold
    >>> rule = MADThreshold().fit([1.0, 2.0, 3.0, 4.0, 5.0, 60.0])
    >>> rule.contamination_ == 1 / 6
    True
    """

    _parameter_constraints = {"n_deviations": [Interval(Real, 0, None, closed="neither")]}

    def __init__(self, n_deviations: float = 5.0):
        self.n_deviations = n_deviations

    def _fit(self, scores, y):
        anomaly = select_label(scores, y)
        deviation = median_abs_deviation(anomaly, scale="normal")
        self._count_flagged(anomaly, np.median(anomaly) + self.n_deviations * deviation)
