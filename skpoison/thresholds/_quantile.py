"""A given share of the rows."""

from numbers import Real

import numpy as np
from sklearn.utils._param_validation import Interval

from skpoison.thresholds._base import BaseThreshold, select_label


class QuantileThreshold(BaseThreshold):
    """Flag a given share of the rows. What ``contamination=0.1`` stands for.

    Parameters
    ----------
    share : float, default=0.1
        Share of rows to flag, in (0, 0.5].

    Attributes
    ----------
    threshold_ : float
        Rows whose anomaly score is larger are flagged.

    contamination_ : float
        Share of the rows flagged.

    contamination_interval_ : tuple of float
        NaN: the rule does not estimate the share.

    Examples
    --------
    >>> from skpoison.thresholds import QuantileThreshold
    >>> QuantileThreshold(0.2).fit([1.0, 2.0, 3.0, 4.0, 5.0]).threshold_
    4.2
    """

    _parameter_constraints = {"share": [Interval(Real, 0, 0.5, closed="right")]}

    def __init__(self, share: float = 0.1):
        self.share = share

    def _fit(self, scores, y):
        anomaly = select_label(scores, y)
        self._count_flagged(anomaly, np.percentile(anomaly, 100 * (1 - self.share)))
