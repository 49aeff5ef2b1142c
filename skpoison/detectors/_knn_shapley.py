"""The Shapley value of a row for the nearest neighbours of the others."""

from numbers import Integral

import numpy as np
from sklearn.metrics.pairwise import euclidean_distances
from sklearn.utils._param_validation import Interval

from skpoison._typing import Contamination, RandomState
from skpoison.detectors._base import BasePoisonDetector
from skpoison.detectors._cross_fitting import is_unit_scaled, near_duplicate_groups
from skpoison.detectors._label_base import BaseLabelNoiseDetector
from skpoison.detectors._standardizer import Standardizer
from skpoison.thresholds import LabelNoiseThreshold
from skpoison.utils._row_index import row_keys

BLOCK_VALUES = 2_000_000  # distances at once


class KNNShapleyDetector(BaseLabelNoiseDetector):
    """Flag rows that do not help the nearest-neighbour classification of the others.

    The value of a row is its Shapley value [1]_ in a game whose players are the training rows and
    whose gain is how well they classify: the share of the `n_neighbors` nearest players that have
    the label of the row to be classified. It has a closed form. There is no clean set to classify,
    so that each training row is classified by all others, with the label that it claims. The
    anomaly score of a label is minus the value that the row would have under it, summed over the
    rows classified.

    Parameters
    ----------
    n_neighbors : int, default=10
        Number of neighbours that classify.

    contamination : "auto", float or threshold rule, default="auto"
        The rule of :mod:`skpoison.thresholds` that makes a verdict of the scores, or the share of
        the training rows to flag, in (0, 0.5]. "auto" is the likelihood of label noise,
        ``LabelNoiseThreshold(temperature=4, temperature_scale=0.5)``.

    random_state : int, RandomState instance or None, default=None
        Seed of a threshold rule that draws.

    Attributes
    ----------
    values_ : ndarray of shape (n_samples,)
        Shapley values of the training rows, with a gain that is the mean over the rows classified.

    See Also
    --------
    BasePoisonDetector : Attributes that detectors share.
    NeighborDisagreementDetector : Asks which labels the neighbours of a row have.
    DataOOBDetector : Values a row by how bagged classifiers judge it.

    Notes
    -----
    Distances are those of standardised columns, unless all values lie in [0, 1] as those of pixels
    do. A row is not valued on its near-duplicates, and equal rows share their values. A new row is
    valued as if it had joined the training set. Time grows with the square of the number of rows.

    Neighbours cannot tell wrong labels from classes that overlap: where they do by a fifth, "auto"
    flags the overlap.

    Without labels, or with one class, rows are scored by their mean distance to their five
    nearest neighbours, and "auto" flags nothing.

    References
    ----------
    .. [1] R. Jia et al., "Efficient Task-Specific Data Valuation for Nearest Neighbor Algorithms",
       VLDB 2019, theorem 1.

    Examples
    --------
    >>> import numpy as np
    >>> from skpoison.detectors import KNNShapleyDetector
    >>> X = np.array([[0.0], [0.1], [0.2], [0.3], [5.0], [5.1], [5.2], [5.3], [5.15]])
    >>> y = np.array(["a", "a", "a", "a", "b", "b", "b", "b", "a"])
    >>> detector = KNNShapleyDetector(n_neighbors=3, contamination=0.1)
    >>> detector.fit_predict(X, y)
    array([ 1,  1,  1,  1,  1,  1,  1,  1, -1])
    >>> int(detector.values_.argmin())
    8
    """

    short_names = {"knn-shapley": {}}
    auto_threshold = LabelNoiseThreshold(temperature=4.0, temperature_scale=0.5)

    _parameter_constraints = {
        **BasePoisonDetector._parameter_constraints,
        "n_neighbors": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(
        self,
        n_neighbors: int = 10,
        *,
        contamination: Contamination = "auto",
        random_state: RandomState = None,
    ):
        super().__init__(contamination=contamination, random_state=random_state)
        self.n_neighbors = n_neighbors

    def _fit_label_scores(self, X, y, random_state):
        self._scaler = None if is_unit_scaled(X) else Standardizer(X)
        self._rows, self._codes = self._scaled(X), y
        groups = near_duplicate_groups(X, y)
        values = values_of_training_rows(self._rows, y, groups, self.n_neighbors)
        self.values_ = values[np.arange(len(y)), y]
        return -len(y) * values

    def _label_scores(self, X):
        values = values_of_new_rows(self._scaled(X), self._rows, self._codes, self.n_neighbors)
        return -len(self._codes) * values

    def _scaled(self, X):
        X = X.astype(np.float64, copy=False)
        return X if self._scaler is None else self._scaler(X)


def shapley_by_rank(matches, n_neighbors):
    """Shapley values of players in the order of their distance, one game a row.

    Parameters
    ----------
    matches : ndarray of shape (n_games, n_players), dtype=bool
        Whether each player, the nearest first, has the label to be found.

    n_neighbors : int
        Number of neighbours that classify.

    Returns
    -------
    values : ndarray of shape (n_games, n_players)
    """
    weights = rank_weights(matches.shape[1], n_neighbors)
    steps = -np.diff(matches.astype(np.float64), axis=1, append=0.0) * weights
    return steps[:, ::-1].cumsum(axis=1)[:, ::-1]


def rank_weights(n_players, n_neighbors, first=1):
    """What a player's own label adds to its value, by its rank from `first` on."""
    return 1.0 / np.maximum(n_neighbors, np.arange(first, first + n_players))


def values_of_training_rows(X, codes, groups, n_neighbors):
    """Values of rows under each label, on all rows but those of their group.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Rows.

    codes : ndarray of shape (n_samples,)
        Their label codes.

    groups : ndarray of shape (n_samples,)
        The group of each row.

    n_neighbors : int
        Number of neighbours that classify.

    Returns
    -------
    values : ndarray of shape (n_samples, n_classes)
        The mean over the rows classified; equal within groups of equal rows.
    """
    n_rows = len(X)
    one_hot = np.eye(codes.max() + 1)[codes]
    weights = np.append(
        rank_weights(n_rows - 1, n_neighbors), 0.0
    )  # a row does not play for itself
    rest, votes = np.zeros(n_rows), np.zeros_like(one_hot)
    for block in _blocks(n_rows):
        distances = euclidean_distances(X[block], X, squared=True)
        distances[np.arange(len(block)), block] = np.inf
        order = np.argsort(distances, axis=1, kind="stable")
        matches = codes[order] == codes[block, np.newaxis]
        by_rank = np.zeros((len(block), n_rows))
        by_rank[:, :-1] = shapley_by_rank(matches[:, :-1], n_neighbors)
        counts = groups[order] != groups[block, np.newaxis]
        others, own = np.empty_like(by_rank), np.empty_like(by_rank)
        np.put_along_axis(others, order, (by_rank - matches * weights) * counts, axis=1)
        np.put_along_axis(own, order, weights * counts, axis=1)
        rest += others.sum(axis=0)
        votes += own.T @ one_hot[block]
    n_classified = n_rows - np.bincount(groups)[groups]
    values = (rest[:, np.newaxis] + votes) / np.maximum(n_classified, 1)[:, np.newaxis]
    return _shared_by_equal_rows(values, X)


def values_of_new_rows(X_new, X, codes, n_neighbors):
    """Values that new rows would have under each label, each as the only one that joins.

    Parameters
    ----------
    X_new : ndarray of shape (n_new, n_features)
        New rows.

    X : ndarray of shape (n_samples, n_features)
        Training rows; all of them are classified, each by the others and the new row.

    codes : ndarray of shape (n_samples,)
        Their label codes.

    n_neighbors : int
        Number of neighbours that classify.

    Returns
    -------
    values : ndarray of shape (n_new, n_classes)
    """
    n_rows = len(X)
    one_hot = np.eye(codes.max() + 1)[codes]
    weights = rank_weights(n_rows, n_neighbors)
    rest, votes = np.zeros(len(X_new)), np.zeros((len(X_new), one_hot.shape[1]))
    for block in _blocks(n_rows):
        distances = euclidean_distances(X[block], X, squared=True)
        distances[np.arange(len(block)), block] = np.inf
        to_new = euclidean_distances(X[block], X_new, squared=True)
        order = np.argsort(distances, axis=1, kind="stable")[:, :-1]
        matches = (codes[order] == codes[block, np.newaxis]).astype(np.float64)
        # values of the others, had they all moved back by one rank
        steps = -np.diff(matches, axis=1, append=0.0) * weights[1:]
        moved = steps[:, ::-1].cumsum(axis=1)[:, ::-1]
        others = np.append(moved - matches * weights[:-1], np.zeros((len(block), 1)), axis=1)
        sorted_distances = np.take_along_axis(distances, order, axis=1)
        for game, row in enumerate(block):
            rank = np.searchsorted(sorted_distances[game], to_new[game], side="right")
            rest += others[game, rank]
            votes[:, codes[row]] += weights[rank]
    return (rest[:, np.newaxis] + votes) / n_rows


def _shared_by_equal_rows(values, X):
    _, places = np.unique(row_keys(X), return_inverse=True)
    sums = np.zeros((places.max() + 1, values.shape[1]))
    np.add.at(sums, places, values)
    return (sums / np.bincount(places)[:, np.newaxis])[places]


def _blocks(n_rows):
    size = max(1, BLOCK_VALUES // n_rows)
    return np.split(np.arange(n_rows), np.arange(size, n_rows, size))
