"""The contract that every threshold rule keeps."""

from abc import ABCMeta, abstractmethod
from typing import Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit
from sklearn.base import BaseEstimator, _fit_context
from sklearn.utils.validation import check_array, check_is_fitted, column_or_1d

from skpoison._typing import FloatArray


class BaseThreshold(BaseEstimator, metaclass=ABCMeta):
    """Base class of the threshold rules: from anomaly scores to a verdict.

    A subclass writes ``_fit``, which sets the fitted attributes, and ``_log_odds`` where its rule
    has a model of how probable poison is. A rule that looks at the scores under all labels also
    writes ``_reduce``, which makes one anomaly score of them.

    Attributes
    ----------
    threshold_ : float
        Rows whose anomaly score is larger are flagged.

    contamination_ : float
        Estimated share of poison rows; 0 where nothing was found. Of a rule that has no model of
        the share, that of the rows flagged.

    contamination_interval_ : tuple of float
        90 % interval of that share; NaN where the rule has no model of it.
    """

    _parameter_constraints: dict = {}

    @abstractmethod
    def _fit(self, scores, y):
        """Set the fitted attributes from `scores` (n_samples, n_columns) and codes `y` or None."""

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, scores: ArrayLike, y: ArrayLike | None = None) -> Self:
        """Find the threshold.

        Parameters
        ----------
        scores : array-like of shape (n_samples,) or (n_samples, n_classes)
            Anomaly scores, or those of every row under every label; the larger, the more anomalous.

        y : array-like of shape (n_samples,), default=None
            Label codes 0 .. n_classes - 1, where there is more than one column.

        Returns
        -------
        self : object
            The fitted rule.

        Raises
        ------
        ValueError
            If scores are NaN or infinite, or `y` does not fit them.
        """
        scores, y = self._check(scores, y, min_rows=1)
        self._fit(scores, y)
        return self

    def anomaly_scores(self, scores: ArrayLike, y: ArrayLike | None = None) -> FloatArray:
        """Make one anomaly score of those under the labels.

        Parameters
        ----------
        scores : array-like of shape (n_samples,) or (n_samples, n_classes)
            Anomaly scores.

        y : array-like of shape (n_samples,), default=None
            Label codes. None: each row is judged under the label that suits it best.

        Returns
        -------
        anomaly : ndarray of shape (n_samples,)
            To be compared with ``threshold_``.
        """
        check_is_fitted(self)
        return self._reduce(*self._check(scores, y))

    def log_odds(self, scores: ArrayLike, y: ArrayLike | None = None) -> FloatArray:
        """Log-odds of poison.

        Parameters
        ----------
        scores : array-like of shape (n_samples,) or (n_samples, n_classes)
            Anomaly scores.

        y : array-like of shape (n_samples,), default=None
            Label codes.

        Returns
        -------
        log_odds : ndarray of shape (n_samples,)
            Infinite where the rule has no model of how probable poison is.
        """
        anomaly = self.anomaly_scores(scores, y)
        if len(anomaly) == 0:
            return anomaly
        odds = self._log_odds(anomaly)  # rounding may part them from the cut
        return np.where(anomaly > self.threshold_, np.maximum(odds, 0), np.minimum(odds, 0))

    def poison_probability(self, scores: ArrayLike, y: ArrayLike | None = None) -> FloatArray:
        """Probability of poison.

        Parameters
        ----------
        scores : array-like of shape (n_samples,) or (n_samples, n_classes)
            Anomaly scores.

        y : array-like of shape (n_samples,), default=None
            Label codes.

        Returns
        -------
        probability : ndarray of shape (n_samples,)
            1 for flagged rows and 0 for others where the rule has no model of it.
        """
        return expit(self.log_odds(scores, y))

    def _log_odds(self, anomaly):
        return np.where(anomaly > self.threshold_, np.inf, -np.inf)

    def _reduce(self, scores, y):
        return select_label(scores, y)

    def _count_flagged(self, anomaly, threshold):
        """Set the fitted attributes of a rule that has no model of the share."""
        self.threshold_ = float(threshold)
        self.contamination_ = float(np.mean(anomaly > self.threshold_))
        self.contamination_interval_ = (np.nan, np.nan)

    def _check(self, scores, y, min_rows=0):
        scores = np.asarray(scores)
        if scores.ndim == 1:
            scores = scores[:, np.newaxis]
        scores = check_array(
            scores, dtype=np.float64, ensure_min_samples=min_rows, input_name="scores"
        )
        if y is None:
            return scores, None
        y = column_or_1d(y)
        if len(y) != len(scores):
            raise ValueError(f"y has {len(y)} labels for {len(scores)} rows of scores.")
        if (
            scores.shape[1] > 1
            and len(y)
            and (y.dtype.kind not in "iu" or y.min() < 0 or y.max() >= scores.shape[1])
        ):
            raise ValueError(
                f"y must hold label codes 0 to {scores.shape[1] - 1}, one for each column of "
                f"scores, got {np.unique(y)[:10].tolist()}."
            )
        return scores, y


def select_label(scores, y=None):
    """Pick each row's score under its label, the smallest where there is no label.

    Parameters
    ----------
    scores : ndarray of shape (n_samples, n_columns)
        Anomaly scores; a single column where labels make no difference.

    y : ndarray of shape (n_samples,), default=None
        Label codes.

    Returns
    -------
    anomaly : ndarray of shape (n_samples,)
    """
    if scores.shape[1] == 1:
        return scores[:, 0]
    if y is None:
        return scores.min(axis=1)
    return scores[np.arange(len(scores)), y]


def is_constant(scores):
    """Whether all scores are equal, up to rounding: nothing to cut between."""
    low, high = scores.min(), scores.max()
    return not high - low > 1e-12 * max(abs(low), abs(high))
