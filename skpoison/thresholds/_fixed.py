"""A given threshold."""

from numbers import Real

from sklearn.utils._param_validation import Interval

from skpoison.thresholds._base import BaseThreshold, select_label


class FixedThreshold(BaseThreshold):
    """Flag the rows above a given anomaly score.

    Parameters
    ----------
    threshold : float, default=0.0
        Rows whose anomaly score is larger are flagged.

    Attributes
    ----------
    threshold_ : float
        The same.

    contamination_ : float
        Share of the rows flagged.

    contamination_interval_ : tuple of float
        NaN: the rule does not estimate the share.

    Examples
    --------
    >>> from skpoison.thresholds import FixedThreshold
    >>> FixedThreshold(3.5).fit([1.0, 2.0, 3.0, 4.0]).contamination_
    0.25
    """

    _parameter_constraints = {"threshold": [Interval(Real, None, None, closed="neither")]}

    def __init__(self, threshold: float = 0.0):
        self.threshold = threshold

    def _fit(self, scores, y):
        self._count_flagged(select_label(scores, y), self.threshold)
