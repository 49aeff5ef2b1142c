"""Several labels a row: one detector for each."""

from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import sparse
from sklearn.base import BaseEstimator, MetaEstimatorMixin, OutlierMixin, _fit_context, clone
from sklearn.utils import check_random_state, get_tags
from sklearn.utils._param_validation import HasMethods
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from skpoison._typing import Estimator, FloatArray, IntArray, RandomState, Rows
from skpoison.detectors._label_noise import LabelNoiseDetector
from skpoison.detectors._score import PoisonScoreMixin
from skpoison.thresholds import LabelNoiseThreshold
from skpoison.thresholds._noise_likelihood import (
    SHARES,
    fit_uniform_noise,
    likelihood_profile,
    profile_interval,
)
from skpoison.utils._cloning import seeded_clone
from skpoison.utils._containers import check_container

LEAST_ROWS = 2  # of each value of a tag, for it to be judged
LEVEL = 0.9  # of intervals of shares; tried by benchmarks/calibrate_tags.py


class TagwiseDetector(PoisonScoreMixin, MetaEstimatorMixin, OutlierMixin, BaseEstimator):
    """Judge several labels a row, tag by tag.

    A detector is fitted for each tag, to all rows with their values of this tag, so that each tag
    has a verdict and a share of wrong values of its own. A row is flagged where one of its tags is.
    Where verdicts come of the likelihood of label noise, a tag that shows no wrong values on its
    own takes the share that all tags show together, if its own values do not deny it.

    Parameters
    ----------
    detector : detector, default=None
        Clones of it are fitted. None: :class:`LabelNoiseDetector`.

    random_state : int, RandomState instance or None, default=None
        Seed of detectors that have none of their own.

    Attributes
    ----------
    detectors_ : list of length n_tags
        The fitted detectors; None for a tag that too few rows have, or lack, to be judged.

    tag_contamination_ : ndarray of shape (n_tags,)
        Estimated share of wrong values of each tag; 0 where it was not judged.

    training_scores_ : ndarray of shape (n_samples,)
        ``score_samples`` of the training rows with their tags.

    offset_ : float
        0: the threshold on ``score_samples``.

    n_features_in_ : int
        Number of columns.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, where `X` has names that are all strings.

    See Also
    --------
    LabelNoiseDetector : One label a row.

    Notes
    -----
    The likelihood of label noise is that of :class:`~skpoison.thresholds.LabelNoiseThreshold`: a
    share of the values of a tag is wrong, and a temperature says how far scores are to be trusted.
    The profile likelihoods of the share, over the temperatures, of all tags are multiplied. Where
    the 90 % interval of the share that follows excludes 0, each tag without noise of its own takes
    that share whose own interval contains it.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_digits
    >>> from skpoison.detectors import MarginDetector, TagwiseDetector
    >>> X, digits = load_digits(return_X_y=True)
    >>> tags = np.column_stack([digits % 2, digits > 4]).astype(int)  # odd, large
    >>> wrong = np.random.RandomState(0).uniform(size=tags.shape) < [0.1, 0.0]
    >>> detector = TagwiseDetector(MarginDetector(), random_state=0)
    >>> verdict = detector.fit_predict(X / 16, np.where(wrong, 1 - tags, tags))
    >>> bool(((verdict == -1) == wrong.any(axis=1)).mean() > 0.95)
    True
    >>> detector.tag_contamination_.round(1)
    array([0.1, 0. ])
    """

    _parameter_constraints = {
        "detector": [HasMethods(["fit", "predict", "decision_function"]), None],
        "random_state": ["random_state"],
    }

    def __init__(self, detector: Estimator | None = None, *, random_state: RandomState = None):
        self.detector = detector
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Rows, y: ArrayLike | None = None) -> Self:
        """Fit a detector for each tag.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            The rows, of any kind that `detector` takes.

        y : {array-like, sparse matrix} of shape (n_samples, n_tags) or (n_samples,), default=None
            One column a tag: 0 and 1, or any labels. Without them rows are judged alone.

        Returns
        -------
        self : object
            The fitted detector.

        Raises
        ------
        ValueError
            If `y` does not fit `X`, misses values or has more than two dimensions.
        """
        random_state = check_random_state(self.random_state)
        columns = [None] if y is None else list(tag_values(y).T)
        if y is not None:
            check_consistent_length(X, columns[0])
        self.detectors_ = []
        for column in columns:
            detector = seeded_clone(self._inner(), random_state)
            too_few = column is not None and len(columns) > 1 and not _can_judge(column)
            self.detectors_.append(None if too_few else detector.fit(X, column))
        if len(columns) > 1:
            judge_together(self.detectors_, columns)
        judged = [detector for detector in self.detectors_ if detector is not None]
        if not judged:
            raise ValueError(
                f"y has no tag to judge: each value of one must be in {LEAST_ROWS} rows at least."
            )
        for name in ("n_features_in_", "feature_names_in_"):
            self.__dict__.pop(name, None)
            if hasattr(judged[0], name):
                setattr(self, name, getattr(judged[0], name))
        self._labelled, self.offset_ = y is not None, 0.0
        self.tag_contamination_ = np.array(
            [getattr(detector, "contamination_", 0.0) for detector in self.detectors_]
        )
        self.training_scores_ = self.score_samples(X, y)
        return self

    def predict_tags(self, X: Rows, y: ArrayLike) -> IntArray:
        """Tell right tags from wrong ones.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            The rows.

        y : {array-like, sparse matrix} of shape (n_samples, n_tags) or (n_samples,)
            Their tags.

        Returns
        -------
        verdict : ndarray of shape (n_samples, n_tags)
            +1 for what is right or not judged, -1 for what is wrong.
        """
        return np.where(self._decide(X, y) >= 0, 1, -1)

    def score_samples(self, X: Rows, y: ArrayLike | None = None) -> FloatArray:
        """Score rows: the higher, the more normal.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            The rows.

        y : {array-like, sparse matrix} of shape (n_samples, n_tags) or (n_samples,), default=None
            Their tags. Without them each row is judged with those that suit it best.

        Returns
        -------
        scores : ndarray of shape (n_samples,)
            The smallest ``decision_function`` of the tags.
        """
        return self._decide(X, y).min(axis=1)

    def decision_function(self, X: Rows, y: ArrayLike | None = None) -> FloatArray:
        """Score rows relative to the threshold, 0: as ``score_samples``.

        Parameters
        ----------
        X, y
            As in `score_samples`.

        Returns
        -------
        decision : ndarray of shape (n_samples,)
            Negative for poison.
        """
        return self.score_samples(X, y) - self.offset_

    def predict(self, X: Rows, y: ArrayLike | None = None) -> IntArray:
        """Tell clean rows from poison.

        Parameters
        ----------
        X, y
            As in `score_samples`.

        Returns
        -------
        verdict : ndarray of shape (n_samples,)
            +1 for clean rows, -1 for poison.
        """
        return np.where(self.decision_function(X, y) >= 0, 1, -1)

    def fit_predict(self, X: Rows, y: ArrayLike | None = None) -> IntArray:
        """Fit the detector and judge the rows it was fitted to.

        Parameters
        ----------
        X, y
            As in `fit`.

        Returns
        -------
        verdict : ndarray of shape (n_samples,)
            +1 for clean rows, -1 for poison.
        """
        return np.where(self.fit(X, y).training_scores_ >= self.offset_, 1, -1)

    def _decide(self, X, y):
        """Decision values of each tag; infinite where it is not judged."""
        check_is_fitted(self)
        columns = [None] * len(self.detectors_)
        if y is not None:
            if not self._labelled:
                raise ValueError("y was given, but this TagwiseDetector was fitted without.")
            columns = list(tag_values(y).T)
        if len(columns) != len(self.detectors_):
            raise ValueError(f"y has {len(columns)} tags, but had {len(self.detectors_)} in fit.")
        found = [
            None if detector is None else detector.decision_function(X, column)
            for detector, column in zip(self.detectors_, columns, strict=True)
        ]
        n_samples = next(len(decision) for decision in found if decision is not None)
        never = np.full(n_samples, np.inf)
        return np.column_stack([never if decision is None else decision for decision in found])

    def _inner(self):
        return LabelNoiseDetector() if self.detector is None else self.detector

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags = get_tags(self._inner()).input_tags
        tags.target_tags.multi_output = True
        return tags


def judge_together(detectors, columns):
    """Let tags without noise of their own take the share that all tags have together.

    Parameters
    ----------
    detectors : list of length n_tags
        The fitted detectors, which are changed in place; None for a tag that is not judged. Those
        whose rule is another one than the likelihood of label noise stay as they are.

    columns : list of ndarray of shape (n_samples,)
        The tags that they were fitted to.
    """
    pairs = [
        (detector, np.unique(column, return_inverse=True)[1])
        for detector, column in zip(detectors, columns, strict=True)
        if isinstance(getattr(detector, "fitted_threshold_", None), LabelNoiseThreshold)
        and detector.fitted_threshold_.noise != "pair"
        and detector.training_class_scores_.shape[1] > 1
    ]
    if all(detector.contamination_ > 0 for detector, _ in pairs):
        return
    profiles = []
    for detector, codes in pairs:
        rule, scores = detector.fitted_threshold_, detector.training_class_scores_
        logits = -(scores - scores.min(axis=1, keepdims=True))
        prior = rule.temperature, rule.temperature_scale
        fit = fit_uniform_noise(logits[np.newaxis], codes, prior[:1], prior[1])
        profiles.append(likelihood_profile(logits, codes, *prior, fit, SHARES)[1])
    total = sum(profiles)
    share, interval = SHARES[total.argmax()], profile_interval(SHARES, total, LEVEL)
    if interval[0] == 0:
        return
    for (detector, codes), profile in zip(pairs, profiles, strict=True):
        low, high = profile_interval(SHARES, profile, LEVEL)
        if detector.contamination_ == 0 and low <= share <= high:
            rule = clone(detector.fitted_threshold_).set_params(share=float(share))
            detector._fit_threshold(rule, codes)


def tag_values(y):
    """Read the tags of each row.

    Parameters
    ----------
    y : {array-like, sparse matrix} of shape (n_samples, n_tags) or (n_samples,)
        Tags.

    Returns
    -------
    tags : ndarray of shape (n_samples, n_tags)

    Raises
    ------
    ValueError
        If values are missing, or there are no tags.
    """
    y = check_container(y, "y")
    values = y.toarray() if sparse.issparse(y) else np.asarray(y)
    values = values[:, np.newaxis] if values.ndim == 1 else values
    if values.ndim != 2 or not values.shape[1]:
        raise ValueError(f"y must have one column for each tag; got shape {values.shape}.")
    missing = np.flatnonzero(pd.isna(values).any(axis=1))
    if len(missing):
        raise ValueError(f"y misses tags (None or NaN) in {len(missing)} rows: first {missing[0]}.")
    return values


def _can_judge(column):
    counts = np.unique(column, return_counts=True)[1]
    return len(counts) > 1 and counts.min() >= LEAST_ROWS
