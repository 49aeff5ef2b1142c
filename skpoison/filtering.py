"""The filter that joins a detector to any classifier or regressor."""

import warnings
from dataclasses import asdict
from typing import Self

import numpy as np
from imblearn.base import BaseSampler
from numpy.typing import ArrayLike
from sklearn.base import clone
from sklearn.utils import _safe_indexing, get_tags
from sklearn.utils._param_validation import HasMethods
from sklearn.utils.validation import (
    _check_feature_names,
    _check_n_features,
    _num_samples,
    check_consistent_length,
    check_is_fitted,
)

from skpoison._typing import Estimator, Rows
from skpoison.detectors import EnsembleDetector
from skpoison.detectors._encoding import kind_of
from skpoison.utils._containers import check_container, check_not_empty, take
from skpoison.utils._labels import label_values
from skpoison.utils._pipelines import last_step_and_rows

RARE_SHARE = 0.1  # of the rows: a class with fewer is rare


class PoisonFilter(BaseSampler):
    """Drop the rows that a poisoning detector flags.

    A sampler: in an imbalanced-learn pipeline it cleans the training rows at fit time and leaves
    the rows to be predicted alone.

    Parameters
    ----------
    detector : estimator, default=None
        A poisoning detector: an outlier detector whose methods take the labels too; or a pipeline
        of transformers that ends in one. None: ``EnsembleDetector()``, the recommended one.

    prefit : bool, default=False
        Whether `detector` is fitted already. If so it judges the rows as it is; otherwise a clone
        is fitted to the very rows that are to be cleaned. Cross-validation clones what it is
        given: wrap a fitted detector in :class:`sklearn.frozen.FrozenEstimator` there.

    Attributes
    ----------
    detector_ : estimator
        The fitted detector.

    poison_mask_ : ndarray of shape (n_samples,), dtype=bool
        True for the rows of `X` that were dropped.

    sample_indices_ : ndarray of shape (n_samples_new,), dtype=int
        The rows of `X` that were kept, in their order.

    n_features_in_ : int
        Number of columns.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, where `X` has names that are all strings.

    Warns
    -----
    UserWarning
        If the detector flags every row of a class. A verdict on all is no verdict: the less
        anomalous half of that class is kept. Also if it flags more than half of a class that has
        less than a tenth of the rows: they are dropped, but rare is not wrong.

    Examples
    --------
    >>> from imblearn.pipeline import make_pipeline
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import cross_val_score
    >>> from sklearn.svm import SVC
    >>> from skpoison.attacks import LabelFlipAttack
    >>> from skpoison.detectors import CentroidDetector
    >>> from skpoison.filtering import PoisonFilter
    >>> X, y = load_iris(return_X_y=True)
    >>> defended = make_pipeline(
    ...     LabelFlipAttack(rate=0.3, random_state=0),
    ...     PoisonFilter(CentroidDetector(contamination=0.2)),
    ...     SVC(),
    ... )
    >>> bool(cross_val_score(defended, X, y).mean() > 0.9)
    True
    """

    sampling_strategy = "auto"
    _sampling_type = "bypass"

    _parameter_constraints = {
        "detector": [HasMethods(["predict", "decision_function"]), None],
        "prefit": ["boolean"],
    }

    def __init__(self, detector: Estimator | None = None, *, prefit: bool = False):
        self.detector = detector
        self.prefit = prefit

    def fit(self, X: Rows, y: ArrayLike) -> Self:
        """Judge the rows, and drop none: use `fit_resample`.

        Parameters
        ----------
        X, y
            As in `fit_resample`.

        Returns
        -------
        self : object
            The filter.
        """
        self.fit_resample(X, y)
        return self

    def fit_resample(self, X: Rows, y: ArrayLike) -> tuple:
        """Drop the rows that the detector flags.

        Parameters
        ----------
        X : {array-like, dataframe, sparse matrix, sequence of str} of shape (n_samples, ...)
            The untrusted rows. The detector gets them as they are.

        y : array-like of shape (n_samples,) or one-hot matrix of shape (n_samples, n_classes)
            Their labels; numbers or a column a tag where the detector judges them (
            :class:`~skpoison.detectors.ResidualDetector`,
            :class:`~skpoison.detectors.TagwiseDetector`).

        Returns
        -------
        X_resampled : as X, of shape (n_samples_new, ...)
            The rows that are kept, in their order.

        y_resampled : as y, of shape (n_samples_new,)
            Their labels.
        """
        self._validate_params()
        tags = get_tags(EnsembleDetector() if self.detector is None else self.detector)
        self._has_classes = tags.regressor_tags is None and not tags.target_tags.multi_output
        labels = label_values(y) if self._has_classes else y
        X, y = check_container(X), check_container(y, "y")
        check_consistent_length(X, labels)
        check_not_empty(X, type(self).__name__)
        if kind_of(X) != "text" and len(getattr(X, "shape", (0, 0))) == 2:
            _check_feature_names(self, X, reset=True)
            _check_n_features(self, X, reset=True)
        self.sampling_strategy_ = {}
        self._fit_resample(X, labels)
        return take(X, self.sample_indices_), take(y, self.sample_indices_)

    def _fit_resample(self, X, y):
        if self._has_classes and len(np.unique(y)) < 2:
            raise ValueError(
                "PoisonFilter needs rows of at least two classes in y, got "
                f"{'one class: ' + repr(y[0]) if len(y) else 'no rows'}."
            )
        if self.prefit:
            if self.detector is None:
                raise ValueError("prefit=True needs a fitted detector, got detector=None.")
            check_is_fitted(self.detector)
            self.detector_ = self.detector
            judge, rows = last_step_and_rows(self.detector_, X)
            verdict = judge.predict(rows, y)
        else:
            self.detector_ = EnsembleDetector() if self.detector is None else clone(self.detector)
            if not hasattr(self.detector_, "fit_predict"):
                raise TypeError(
                    f"detector={self.detector!r} must be an outlier detector, which has "
                    "fit_predict; one that is fitted already needs prefit=True."
                )
            verdict = self.detector_.fit_predict(X, y)
        if len(verdict) != _num_samples(y):
            raise ValueError(
                f"detector gave {len(verdict)} verdicts on {_num_samples(y)} rows: it must be no "
                "pipeline with a sampler that changes their number."
            )
        self.poison_mask_ = np.asarray(verdict) == -1
        if self._has_classes:
            self._guard_classes(X, y)
        self.sample_indices_ = np.flatnonzero(~self.poison_mask_)

    def _guard_classes(self, X, y):
        """Keep the less anomalous half of a class that would vanish; warn of a rare one."""
        for label in np.unique(y).tolist():
            rows = np.flatnonzero(y == label)
            n_flagged = self.poison_mask_[rows].sum()
            if n_flagged == len(rows):
                judge, seen = last_step_and_rows(self.detector_, _safe_indexing(X, rows))
                scores = judge.decision_function(seen, y[rows])
                kept = rows[np.argsort(-scores, kind="stable")[: (len(rows) + 1) // 2]]
                self.poison_mask_[kept] = False
                warnings.warn(
                    f"The detector flags all {len(rows)} rows of class {label!r}: "
                    f"keeping the {len(kept)} least anomalous of them.",
                    UserWarning,
                    stacklevel=2,
                )
            elif n_flagged > len(rows) / 2 and len(rows) < RARE_SHARE * len(y):
                warnings.warn(
                    f"The detector flags {n_flagged} of the {len(rows)} rows of class {label!r}, "
                    f"which has less than {RARE_SHARE:.0%} of all rows: they are dropped, but may "
                    "be no poison.",
                    UserWarning,
                    stacklevel=2,
                )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.sampler_tags.sample_indices = True
        detector = EnsembleDetector() if self.detector is None else self.detector
        for name, value in asdict(get_tags(detector).input_tags).items():
            setattr(tags.input_tags, name, value)
        return tags
