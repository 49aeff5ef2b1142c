"""Ensembles whose members vote, each on a part of the training rows."""

from abc import ABCMeta, abstractmethod
from typing import Self

import numpy as np
from joblib import delayed
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, _fit_context, clone
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils import _safe_indexing, check_random_state, column_or_1d
from sklearn.utils.validation import _num_samples, check_consistent_length, check_is_fitted

from skpoison._typing import FloatArray, IntArray, Rows
from skpoison.robust._rows import check_rows, copy_input_tags
from skpoison.utils._cloning import seeded_clone
from skpoison.utils._labels import label_values
from skpoison.utils._parallel import Parallel


class VotingClassifier(ClassifierMixin, MetaEstimatorMixin, BaseEstimator, metaclass=ABCMeta):
    """Base class of the certified ensembles: members vote, ties go to the first class.

    A subclass writes ``_draw_parts``, the training rows of each member, and
    ``certified_radius``. A member that sees rows of one class votes for it; one that sees none
    does not vote.
    """

    _parameter_constraints: dict = {}

    @abstractmethod
    def _draw_parts(self, X, codes, random_state):
        """The positions of the training rows of each member, a list of arrays."""

    @abstractmethod
    def certified_radius(self, X: Rows) -> IntArray:
        """How much poison each prediction withstands."""

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Rows, y: ArrayLike) -> Self:
        """Fit the members.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe, sequence of str} of shape (n_samples, ...)
            The rows, of any kind that `estimator` takes.

        y : array-like of shape (n_samples,)
            Their labels.

        Returns
        -------
        self : object
            The fitted classifier.
        """
        X = check_rows(self, X, self._inner(), reset=True)
        y = label_values(column_or_1d(y, warn=True))
        check_consistent_length(X, y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        random_state = check_random_state(self.random_state)
        member = seeded_clone(self._inner(), random_state)
        parts = self._draw_parts(X, codes, random_state)
        parallel = Parallel(
            self.n_jobs, n_tasks=len(parts), description="members", verbose=self.verbose
        )
        self.estimators_ = parallel(
            delayed(_fit_member)(member, _safe_indexing(X, rows), y[rows]) for rows in parts
        )
        return self

    def predict_members(self, X: Rows) -> IntArray:
        """Predict rows by each member.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe, sequence of str} of shape (n_samples, ...)
            Rows.

        Returns
        -------
        votes : ndarray of shape (n_samples, n_members), dtype=int
            Positions in `classes_`; -1 where a member does not vote.
        """
        check_is_fitted(self)
        X = check_rows(self, X, self._inner(), reset=False)
        parallel = Parallel(self.n_jobs)
        found = parallel(delayed(_vote)(member, X) for member in self.estimators_)
        votes = np.full((_num_samples(X), len(found)), -1)
        for number, labels in enumerate(found):
            if labels is not None:
                votes[:, number] = np.searchsorted(self.classes_, labels)
        return votes

    def predict_proba(self, X: Rows) -> FloatArray:
        """Share of the votes of each class.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe, sequence of str} of shape (n_samples, ...)
            Rows.

        Returns
        -------
        shares : ndarray of shape (n_samples, n_classes)
        """
        counts = count_votes(self.predict_members(X), len(self.classes_))
        return counts / counts.sum(axis=1, keepdims=True)

    def predict(self, X: Rows) -> IntArray:
        """Predict the class with the most votes, the first of them at a tie.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe, sequence of str} of shape (n_samples, ...)
            Rows.

        Returns
        -------
        labels : ndarray of shape (n_samples,)
        """
        counts = count_votes(self.predict_members(X), len(self.classes_))
        return self.classes_[counts.argmax(axis=1)]

    def _inner(self):
        return DecisionTreeClassifier() if self.estimator is None else self.estimator

    def __sklearn_tags__(self):
        return copy_input_tags(super().__sklearn_tags__(), self._inner())


def _fit_member(estimator, X, y):
    """A fitted clone; the label itself where there is one only; None where there are no rows."""
    if not len(y):
        return None
    return clone(estimator).fit(X, y) if (y != y[0]).any() else y[:1]


def _vote(member, X):
    """What a member predicts, one label where it knows no other; None where it knows none."""
    return member.predict(X) if hasattr(member, "predict") else member


def count_votes(votes, n_classes):
    """Count the votes of each class.

    Parameters
    ----------
    votes : ndarray of shape (n_samples, n_members)
        Class codes; -1 is no vote.

    n_classes : int
        Number of classes.

    Returns
    -------
    counts : ndarray of shape (n_samples, n_classes), dtype=int
    """
    return np.stack([(votes == code).sum(axis=1) for code in range(n_classes)], axis=1)
