"""Nearest neighbours with the exact certificate of their vote."""

from numbers import Integral
from typing import Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, ClassifierMixin, _fit_context
from sklearn.metrics import pairwise_distances_chunked
from sklearn.metrics.pairwise import PAIRWISE_DISTANCE_FUNCTIONS
from sklearn.utils import column_or_1d
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted, validate_data

from skpoison._typing import FloatArray, IntArray, Rows
from skpoison.utils._labels import label_values

METRICS = set(PAIRWISE_DISTANCE_FUNCTIONS) - {"precomputed", "nan_euclidean"}


class CertifiedNeighborsClassifier(ClassifierMixin, BaseEstimator):
    """Vote of the nearest training rows, with the exact certificate of it.

    A nearest-neighbour vote withstands poison by itself [1]_: what is inserted or removed changes
    as many of the voters at most. The certificate counts the changes that the worst attacker
    needs, who inserts rows where the predicted row is, and removes those that vote for the
    prediction.

    Parameters
    ----------
    n_neighbors : int, default=5
        Number of voters. In a smaller training set, all rows.

    metric : str, default="euclidean"
        Distance, as in :func:`sklearn.metrics.pairwise_distances`.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels seen in fit.

    n_features_in_ : int
        Number of columns.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, where `X` has names that are all strings.

    See Also
    --------
    PartitionAggregationClassifier : A certificate for any classifier.

    Notes
    -----
    Of rows at equal distance, those of the first class vote; ties of the vote go to the first
    class, too. The certificate of [1]_ is half the lead of the vote, rounded down, and is never
    larger: it does not look at which voters an inserted row pushes out.

    References
    ----------
    .. [1] J. Jia, Y. Liu, X. Cao, N. Z. Gong, "Certified Robustness of Nearest Neighbors against
       Data Poisoning and Backdoor Attacks", AAAI 2022.

    Examples
    --------
    >>> from skpoison.robust import CertifiedNeighborsClassifier
    >>> X, y = [[0], [1], [2], [7], [8], [9]], ["a", "a", "a", "b", "b", "b"]
    >>> model = CertifiedNeighborsClassifier(n_neighbors=3).fit(X, y)
    >>> model.predict([[0]]), model.certified_radius([[0]])
    (array(['a'], dtype='<U1'), array([1]))
    """

    short_names = {"certified-neighbors": {}}

    _parameter_constraints = {
        "n_neighbors": [Interval(Integral, 1, None, closed="left")],
        "metric": [StrOptions(METRICS)],
    }

    def __init__(self, n_neighbors: int = 5, *, metric: str = "euclidean"):
        self.n_neighbors = n_neighbors
        self.metric = metric

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Rows, y: ArrayLike) -> Self:
        """Remember the training rows.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows.

        y : array-like of shape (n_samples,)
            Their labels.

        Returns
        -------
        self : object
            The fitted classifier.
        """
        y = label_values(column_or_1d(y, warn=True))
        self._rows, y = validate_data(self, X, y, accept_sparse="csr", dtype=np.float64)
        if self.metric == "haversine" and self._rows.shape[1] != 2:
            raise ValueError(
                "metric='haversine' needs rows of two columns, got "
                f"{self._rows.shape[1]}: latitude and longitude."
            )
        self.classes_, self._codes = np.unique(y, return_inverse=True)
        return self

    def predict_proba(self, X: Rows) -> FloatArray:
        """Share of the voters of each class.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        shares : ndarray of shape (n_samples, n_classes)
        """
        counts = self._cumulative_counts(X, self.n_neighbors)[:, -1]
        return counts / counts.sum(axis=1, keepdims=True)

    def predict(self, X: Rows) -> IntArray:
        """Predict the class of most voters, the first of them at a tie.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        labels : ndarray of shape (n_samples,)
        """
        shares = self.predict_proba(X)
        return self.classes_[shares.argmax(axis=1)]

    def certified_radius(self, X: Rows) -> IntArray:
        """Tell how many changed training rows each prediction withstands.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        radius : ndarray of shape (n_samples,), dtype=int
            However so many training rows are inserted or removed, ``predict`` says the same; one
            more can change it. A relabelled row counts twice.
        """
        counts = self._cumulative_counts(X, 2 * self.n_neighbors)
        counts = np.concatenate([np.zeros_like(counts[:, :1]), counts], axis=1)
        return neighbor_radius(counts, self.n_neighbors)

    def _cumulative_counts(self, X, n_nearest):
        """Labels among the 1, 2, ... nearest rows: (n_samples, n_nearest, n_classes)."""
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, accept_sparse="csr", dtype=np.float64)
        n_nearest = min(n_nearest, len(self._codes))

        def nearest_codes(distances, start):
            order = np.lexsort([np.broadcast_to(self._codes, distances.shape), distances])
            return self._codes[order[:, :n_nearest]]

        chunks = pairwise_distances_chunked(
            X, self._rows, metric=self.metric, reduce_func=nearest_codes
        )
        codes = np.concatenate(list(chunks))
        return (codes[:, :, np.newaxis] == np.arange(len(self.classes_))).cumsum(axis=1)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def neighbor_radius(counts, n_neighbors):
    """Least number of insertions and removals that change a vote, less one.

    With i rows of a rival class inserted at the row itself and d rows removed, those that vote
    are the rivals and the ``n_neighbors - i`` nearest of the others: among the ``n_neighbors - i
    + d`` nearest the attacker removes d, for the winner where there are as many.

    Parameters
    ----------
    counts : ndarray of shape (n_samples, n_nearest + 1, n_classes)
        Labels among the 0, 1, 2, ... nearest training rows, up to ``2 * n_neighbors`` of them
        where there are as many.

    n_neighbors : int
        Number of voters.

    Returns
    -------
    radius : ndarray of shape (n_samples,), dtype=int
    """
    winner = counts[:, min(n_neighbors, counts.shape[1] - 1)].argmax(axis=1)
    radius = np.empty(len(counts), dtype=int)
    for row, (count, code) in enumerate(zip(counts, winner, strict=True)):
        low, high = 0, n_neighbors + 1  # more changes never do less
        while high - low > 1:
            middle = (low + high) // 2
            if _can_turn(count, code, n_neighbors, middle):
                high = middle
            else:
                low = middle
        radius[row] = low
    return radius


def _can_turn(counts, winner, n_neighbors, n_changes):
    """Whether so many changes turn the vote of one row."""
    n_inserted = np.arange(n_changes + 1)
    n_removed = n_changes - n_inserted
    window = np.minimum(n_neighbors - n_inserted + n_removed, len(counts) - 1)
    left = np.maximum(counts[window, winner] - n_removed, 0)
    lead = (left - n_inserted)[:, np.newaxis] - counts[window]
    needed = np.arange(counts.shape[1]) < winner  # ties go to the first class
    return np.delete(lead < needed, winner, axis=1).any()
