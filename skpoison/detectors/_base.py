"""The contract that every poisoning detector keeps."""

import warnings
from abc import ABCMeta, abstractmethod
from numbers import Real
from typing import Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, OutlierMixin, _fit_context
from sklearn.utils import _safe_indexing, check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import (
    _num_samples,
    check_consistent_length,
    check_is_fitted,
)

from skpoison._typing import Contamination, FloatArray, IntArray, RandomState, Rows
from skpoison.detectors._any_rows import AnyRowsMixin
from skpoison.detectors._score import PoisonScoreMixin
from skpoison.thresholds import BaseThreshold, QuantileThreshold, SecondComponentThreshold
from skpoison.utils._cloning import seeded_clone
from skpoison.utils._labels import codes_of, label_values
from skpoison.utils._row_index import RowIndex


class BasePoisonDetector(
    PoisonScoreMixin, AnyRowsMixin, OutlierMixin, BaseEstimator, metaclass=ABCMeta
):
    """Base class of the poisoning detectors.

    A detector scores rows; a threshold rule makes a verdict of the scores. A subclass writes
    ``_fit_scores`` and ``_scores``, names in ``auto_threshold`` the rule that ``"auto"`` stands
    for, and in ``short_names`` the names under which the command line and experiment files know
    it. Validation, labels, signs and the verdict are done here.

    A poison row may look fine and carry the wrong label, so every method takes the labels too.
    Without them a row is judged under the label that suits it best; a detector fitted without
    labels sees one class. Training rows are known again and keep the scores that they got in fit.

    Parameters
    ----------
    contamination : "auto", float or threshold rule, default="auto"
        What makes a verdict of the scores: a rule of :mod:`skpoison.thresholds`, or the share of
        the training rows to flag, in (0, 0.5]. "auto" is the detector's ``auto_threshold``.

    random_state : int, RandomState instance or None, default=None
        Seed of everything that is drawn.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels seen in `y`, sorted; the single class 0 where there were none.

    fitted_threshold_ : threshold rule
        The rule that made the verdict, fitted to the anomaly scores of the training rows.

    training_class_scores_ : ndarray of shape (n_samples, n_classes)
        Anomaly scores of the training rows under each label; a single column where the detector
        does not look at labels.

    training_scores_ : ndarray of shape (n_samples,)
        ``score_samples`` of the training rows with their labels.

    offset_ : float
        ``decision_function = score_samples - offset_``.

    contamination_ : float
        Estimated share of poison among the training rows; where the rule does not estimate it,
        the share of rows flagged.

    contamination_interval_ : tuple of float
        Its 90 % interval; NaN where the rule does not estimate the share.

    n_features_in_ : int
        Number of columns.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, where `X` has names that are all strings.
    """

    short_names = {}
    auto_threshold = SecondComponentThreshold()

    _parameter_constraints = {
        "contamination": [
            StrOptions({"auto"}),
            Interval(Real, 0, 0.5, closed="right"),
            BaseThreshold,
        ],
        "random_state": ["random_state"],
    }

    def __init__(self, *, contamination: Contamination = "auto", random_state: RandomState = None):
        self.contamination = contamination
        self.random_state = random_state

    @abstractmethod
    def _fit_scores(self, X, y, random_state):
        """Learn from rows `X` and label codes `y`, and score these rows under each label.

        Returns anomaly scores (n_samples, n_classes), the larger, the more anomalous; a detector
        that does not look at labels gives one column.
        """

    @abstractmethod
    def _scores(self, X):
        """Score rows that were not fitted under each label: as `_fit_scores`."""

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Rows, y: ArrayLike | None = None) -> Self:
        """Fit the detector to an untrusted training set.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or (n_samples, ...)
            The rows; arrays of more than two dimensions are images and are flattened.

        y : array-like of shape (n_samples,), default=None
            Their labels. Without them all rows are taken to be of one class.

        Returns
        -------
        self : object
            The fitted detector.

        Raises
        ------
        ValueError
            If the data hold NaN or inf, or `y` does not fit `X` or is no classification target.
        """
        X = self._validate_rows(X, reset=True)
        if y is None:
            self.classes_, codes = np.zeros(1, dtype=int), np.zeros(_num_samples(X), dtype=int)
        else:
            y = label_values(y)
            check_consistent_length(X, y)
            self.classes_, codes = np.unique(y, return_inverse=True)
        self._labelled = y is not None
        random_state = check_random_state(self.random_state)
        scores = self._fit_scores(X, codes, random_state)
        return self._fit_verdict(X, scores, codes if self._labelled else None, random_state)

    def _fit_verdict(self, X, scores, codes, random_state):
        """Remember the training rows and their scores, and fit the threshold rule to them."""
        self.training_class_scores_ = np.asarray(scores, dtype=np.float64)
        self._training_rows = RowIndex(X)

        return self._fit_threshold(self._make_threshold(random_state), codes)

    def _fit_threshold(self, rule, codes):
        """Let a rule judge the training rows."""
        self.fitted_threshold_ = rule.fit(self.training_class_scores_, codes)
        anomaly = self.fitted_threshold_.anomaly_scores(self.training_class_scores_, codes)
        self.training_scores_ = -anomaly
        self.offset_ = -self.fitted_threshold_.threshold_
        self.contamination_ = self.fitted_threshold_.contamination_
        self.contamination_interval_ = self.fitted_threshold_.contamination_interval_
        return self

    def score_samples(self, X: Rows, y: ArrayLike | None = None) -> FloatArray:
        """Score rows: the higher, the more normal.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or (n_samples, ...)
            The rows.

        y : array-like of shape (n_samples,), default=None
            Their labels. Without them each row is judged under the label that suits it best.

        Returns
        -------
        scores : ndarray of shape (n_samples,)
            The negative anomaly score; ``-inf`` under a label that was not seen in fit.

        Raises
        ------
        ValueError
            If `y` does not fit `X`, or the detector was fitted without labels.

        Warns
        -----
        UserWarning
            If `y` holds labels that were not seen in fit. Their rows are flagged.
        """
        scores, codes = self._judge(X, y)
        known = slice(None) if codes is None else codes >= 0
        result = np.full(len(scores), -np.inf)
        result[known] = -self.fitted_threshold_.anomaly_scores(
            scores[known], None if codes is None else codes[known]
        )
        return result

    def decision_function(self, X: Rows, y: ArrayLike | None = None) -> FloatArray:
        """Score rows relative to the threshold.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or (n_samples, ...)
            The rows.

        y : array-like of shape (n_samples,), default=None
            Their labels.

        Returns
        -------
        decision : ndarray of shape (n_samples,)
            ``score_samples - offset_``: negative for poison.
        """
        return self.score_samples(X, y) - self.offset_

    def predict(self, X: Rows, y: ArrayLike | None = None) -> IntArray:
        """Tell clean rows from poison.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or (n_samples, ...)
            The rows.

        y : array-like of shape (n_samples,), default=None
            Their labels.

        Returns
        -------
        verdict : ndarray of shape (n_samples,)
            +1 for clean rows, -1 for poison.

        Warns
        -----
        UserWarning
            If the detector was fitted with labels, judges them, and is given none here: wrong
            labels go unseen.
        """
        decision = self.decision_function(X, y)
        if y is None and self._labelled and self.training_class_scores_.shape[1] > 1:
            warnings.warn(
                f"{type(self).__name__} judges labels, but predict got no y: each row is judged "
                "under the label that suits it best, and wrong labels go unseen. Call predict(X, "
                "y). cross_val_predict cannot pass y; fit_predict(X, y) is out of sample as it is.",
                UserWarning,
                stacklevel=2,
            )
        return np.where(decision >= 0, 1, -1)

    def fit_predict(self, X: Rows, y: ArrayLike | None = None) -> IntArray:
        """Fit the detector and judge the rows it was fitted to.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or (n_samples, ...)
            The rows.

        y : array-like of shape (n_samples,), default=None
            Their labels.

        Returns
        -------
        verdict : ndarray of shape (n_samples,)
            +1 for clean rows, -1 for poison.
        """
        self.fit(X, y)
        return np.where(self.training_scores_ >= self.offset_, 1, -1)

    def poison_probability(self, X: Rows, y: ArrayLike | None = None) -> FloatArray:
        """Tell how probable it is that rows are poison.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or (n_samples, ...)
            The rows.

        y : array-like of shape (n_samples,), default=None
            Their labels.

        Returns
        -------
        probability : ndarray of shape (n_samples,)
            By the threshold rule; 1 for the rows it flags and 0 for others where it has no model
            of the probability. 1 under a label that was not seen in fit.
        """
        scores, codes = self._judge(X, y)
        known = slice(None) if codes is None else codes >= 0
        result = np.ones(len(scores))
        result[known] = self.fitted_threshold_.poison_probability(
            scores[known], None if codes is None else codes[known]
        )
        return result

    def class_scores(self, X: Rows) -> FloatArray:
        """Score rows under each label.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or (n_samples, ...)
            The rows. Those of the training set keep the scores that they got in fit.

        Returns
        -------
        scores : ndarray of shape (n_samples, n_classes)
            Anomaly scores, the larger, the more anomalous; a single column where the detector does
            not look at labels.
        """
        return self._judge(X, None)[0]

    def _judge(self, X, y):
        """Anomaly scores under each label, and label codes: None without `y`, -1 if unknown."""
        check_is_fitted(self)
        X = self._validate_rows(X, reset=False)
        codes = None
        if y is not None:
            y = label_values(y)
            check_consistent_length(X, y)
            codes = self._encode(y)
        return self._look_up_or_score(X), codes

    def _forget_training_rows(self):
        """Judge them as new rows from now on."""
        self._training_rows = None
        self.training_class_scores_ = self.training_class_scores_[:0]
        self.training_scores_ = self.training_scores_[:0]

    def _look_up_or_score(self, X):
        """Anomaly scores under each label of validated rows: looked up where they were fitted."""
        if self._training_rows is None:
            return self._scores(X)
        place = self._training_rows.find(X)
        scores = self.training_class_scores_[place]
        if (place < 0).any():
            scores[place < 0] = self._scores(_safe_indexing(X, np.flatnonzero(place < 0)))
        return scores

    def _know_again(self, X, positions):
        """Look up rows `X` in future as the training rows at these positions.

        A pipeline's ``fit_transform`` and ``transform`` may give different rows.
        """
        self._training_rows = RowIndex(self._validate_rows(X, reset=False), positions)

    def _make_threshold(self, random_state):
        """The rule that `contamination` stands for, unfitted."""
        if isinstance(self.contamination, BaseThreshold):
            return seeded_clone(self.contamination, random_state)
        if self.contamination == "auto":
            return seeded_clone(self.auto_threshold, random_state)
        return QuantileThreshold(self.contamination)

    def _encode(self, y):
        if not self._labelled:
            raise ValueError(
                f"y was given, but this {type(self).__name__} was fitted without labels."
            )
        codes = codes_of(y, self.classes_)
        unknown = codes < 0
        if unknown.any():
            warnings.warn(
                f"y holds labels not seen in fit: {np.unique(y[unknown])[:10].tolist()}, in "
                f"{unknown.sum()} rows, which are flagged; seen were {self.classes_.tolist()}.",
                UserWarning,
                stacklevel=4,
            )
        return codes
