"""The contract that every poisoning detector keeps."""

from abc import ABCMeta, abstractmethod
from numbers import Real

import numpy as np
from sklearn.base import BaseEstimator, OutlierMixin, _fit_context
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    check_consistent_length,
    check_is_fitted,
    column_or_1d,
    validate_data,
)

from skpoison.thresholds import (
    Cut,
    mixture_threshold,
    quantile_threshold,
    share_cut,
    two_component_cut,
)


class BasePoisonDetector(OutlierMixin, BaseEstimator, metaclass=ABCMeta):
    """Base class of the poisoning detectors.

    A subclass writes ``_fit`` and ``_suspicion`` and, in ``short_names``, the names under which
    the command line and experiment files know it, each with the constructor's keywords it stands
    for. Validation, labels, signs and the threshold are done here.

    A poison row may look fine and carry the wrong label, so every method takes the labels too.
    Without them a row is judged under the label that suits it best; a detector fitted without
    labels sees one class.

    Parameters
    ----------
    contamination : "auto", "mixture" or float, default="auto"
        Share of the training rows to flag, in (0, 0.5]. "auto" flags none unless their suspicions
        show a second component; "mixture" cuts between two in any case, as the paper does.
        Without labels "auto" is "mixture".

    random_state : int, RandomState instance or None, default=None
        Seed of everything that is drawn.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels seen in `y`, sorted; the single class 0 where there were none.

    training_scores_ : ndarray of shape (n_samples,)
        ``score_samples`` of the training rows with their labels.

    offset_ : float
        ``decision_function = score_samples - offset_``.

    contamination_ : float
        Estimated share of poison among the training rows: with "auto" that of the second
        component, otherwise the share of rows flagged.

    contamination_interval_ : tuple of float
        Its 90 % interval.
    """

    short_names = {}

    _parameter_constraints = {
        "contamination": [StrOptions({"auto", "mixture"}), Interval(Real, 0, 0.5, closed="right")],
        "random_state": ["random_state"],
    }

    def __init__(self, *, contamination="auto", random_state=None):
        self.contamination = contamination
        self.random_state = random_state

    @abstractmethod
    def _fit(self, X, y, random_state):
        """Learn from rows `X` (ndarray, (n_samples, n_features)) and label codes `y`."""

    @abstractmethod
    def _suspicion(self, X):
        """Suspicion of each row under each label: (n_samples, n_classes).

        A detector that does not look at labels gives one column.
        """

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Fit the detector to a training set of doubtful origin.

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
            self.classes_, codes = np.zeros(1, dtype=int), np.zeros(len(X), dtype=int)
        else:
            y = column_or_1d(y, warn=True)
            check_consistent_length(X, y)
            check_classification_targets(y)
            self.classes_, codes = np.unique(y, return_inverse=True)
        self._labelled = y is not None
        random_state = check_random_state(self.random_state)
        self._fit(X, codes, random_state)

        suspicion = _under_label(self._suspicion(X), codes if self._labelled else None)
        self.training_scores_ = -suspicion
        cut = self._threshold(suspicion, random_state)
        self._cut = cut if isinstance(cut, Cut) else share_cut(suspicion, cut)
        self.offset_ = -self._cut.threshold
        self.contamination_ = self._cut.contamination
        self.contamination_interval_ = self._cut.interval
        return self

    def score_samples(self, X, y=None):
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
            The negative suspicion.

        Raises
        ------
        ValueError
            If `y` holds a label that was not seen in fit, or the detector was fitted without
            labels.
        """
        check_is_fitted(self)
        X = self._validate_rows(X, reset=False)
        codes = None if y is None else self._encode(X, y)
        return -_under_label(self._suspicion(X), codes)

    def decision_function(self, X, y=None):
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

    def predict(self, X, y=None):
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
        """
        return np.where(self.decision_function(X, y) >= 0, 1, -1)

    def fit_predict(self, X, y=None):
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

    def poison_probability(self, X, y=None):
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
            By the two components of the training rows' suspicions; 0 where there was only one.
            Where the threshold was not found by such a model ("mixture", a float, or a rule of the
            detector's own), 1 for the rows it flags and 0 for others.
        """
        return self._cut.probability(-self.score_samples(X, y))

    def _validate_rows(self, X, *, reset):
        shape = getattr(X, "shape", ())
        if reset:
            self._check_image_shape(tuple(shape[1:]))
        if len(shape) > 2:
            X = np.asarray(X).reshape(shape[0], -1)
        return validate_data(self, X, reset=reset, dtype=[np.float64, np.float32])

    def _check_image_shape(self, shape):
        """A hook for detectors that care about the shape of one row as it came in."""

    def _threshold(self, suspicion, random_state):
        """Cut through the training rows' suspicions: rows above it are poison.

        A float, or a Cut where the suspicions tell how probable poison is.
        """
        if self.contamination == "auto" and self._labelled:
            return self._find_poison(suspicion)
        if self.contamination in ("auto", "mixture"):
            return mixture_threshold(suspicion, random_state)
        return quantile_threshold(suspicion, self.contamination)

    def _find_poison(self, suspicion):
        """Cut where "auto" finds poison: a Cut or a float, as `_threshold`; a hook."""
        return two_component_cut(suspicion)

    def _encode(self, X, y):
        if not self._labelled:
            raise ValueError(
                f"y was given, but this {type(self).__name__} was fitted without labels."
            )
        y = column_or_1d(y)
        check_consistent_length(X, y)
        unknown = np.setdiff1d(y, self.classes_)
        if len(unknown):
            raise ValueError(
                f"y holds labels not seen in fit: {unknown.tolist()}; "
                f"seen were {self.classes_.tolist()}."
            )
        return np.searchsorted(self.classes_, y)


def _under_label(suspicion, codes):
    """Pick each row's suspicion under its label, the smallest one where there is no label."""
    if suspicion.shape[1] == 1:
        return suspicion[:, 0].astype(np.float64)
    if codes is None:
        return suspicion.min(axis=1).astype(np.float64)
    return suspicion[np.arange(len(codes)), codes].astype(np.float64)
