"""How many of a row's neighbours carry another label."""

from collections.abc import Callable
from numbers import Integral

import numpy as np
from scipy import sparse
from sklearn.neighbors import VALID_METRICS, NearestNeighbors
from sklearn.utils._param_validation import Interval, StrOptions

from skpoison._typing import Contamination, RandomState
from skpoison.detectors._base import BasePoisonDetector
from skpoison.detectors._label_base import BaseLabelNoiseDetector
from skpoison.detectors._searches import FittedToRows
from skpoison.thresholds import LabelNoiseThreshold
from skpoison.utils._row_index import row_keys


class NeighborDisagreementDetector(BaseLabelNoiseDetector):
    """Flag rows whose neighbours carry another label.

    The anomaly score of a label is the share of the `n_neighbors` nearest other training rows that
    carry another one, the quantity on which label sanitization [1]_ relabels. A training row is
    not its own neighbour: one row equal to it is left out, one with the label that is scored where
    there is one.

    Parameters
    ----------
    n_neighbors : int, default=10
        Number of neighbours, of all classes together. In a smaller training set, all other rows.

    metric : str or callable, default="minkowski"
        Distance, as in :class:`sklearn.neighbors.NearestNeighbors`. "precomputed": `X` holds
        distances to the training rows in place of rows, (n_samples, n_training), or is a sparse
        graph of at least `n_neighbors` neighbours of each row, as ``kneighbors_graph`` gives it
        with ``mode="distance"``.

    contamination : "auto", float or threshold rule, default="auto"
        The rule of :mod:`skpoison.thresholds` that makes a verdict of the scores, or the share of
        the training rows to flag, in (0, 0.5]. "auto" is the likelihood of label noise,
        ``LabelNoiseThreshold(temperature=10, temperature_scale=0.5)``.

    random_state : int, RandomState instance or None, default=None
        Seed of a threshold rule that draws.

    See Also
    --------
    BasePoisonDetector : Attributes that detectors share.
    KNNDetector : Distance to the nearest rows of the class.
    ConfidentLearningDetector : Asks a cross-fitted classifier instead of the neighbours.

    Notes
    -----
    Label sanitization gives a row the label of its neighbours where enough of them agree; here
    the row is flagged and left to the filter.

    The prior of the temperature is centred at 10, above the medians of what is fitted without one
    (4.4): centred at 4 or 5, "auto" finds less on a hundred rows of two classes (F1 .27 and .36
    of a tenth of flips, .59 at 10), and takes more of honest classes that overlap for noise
    (``benchmarks/calibrate_estimators.py neighbors``). Wherever it is centred, "auto" flags a
    tenth of 1,000 honest rows of the ten classes of Fashion-MNIST.

    Many wrong labels among the neighbours look like classes that overlap: from about a quarter of
    two classes on, "auto" may find none.

    Without labels, or with one class, rows are scored by their mean distance to their five
    nearest neighbours, and "auto" flags nothing.

    References
    ----------
    .. [1] A. Paudice, L. Muñoz-González, E. C. Lupu, "Label Sanitization against Label Flipping
       Poisoning Attacks", ECML PKDD 2018 Workshops.

    Examples
    --------
    >>> import numpy as np
    >>> from skpoison.detectors import NeighborDisagreementDetector
    >>> X = np.array([[0.0], [0.1], [0.2], [0.3], [5.0], [5.1], [5.2], [5.3], [5.15]])
    >>> y = np.array(["a", "a", "a", "a", "b", "b", "b", "b", "a"])
    >>> detector = NeighborDisagreementDetector(n_neighbors=3, contamination=0.1)
    >>> detector.fit_predict(X, y)
    array([ 1,  1,  1,  1,  1,  1,  1,  1, -1])
    """

    short_names = {"label-disagreement": {}}
    auto_threshold = LabelNoiseThreshold(temperature=10.0, temperature_scale=0.5)

    _parameter_constraints = {
        **BasePoisonDetector._parameter_constraints,
        "n_neighbors": [Interval(Integral, 1, None, closed="left")],
        "metric": [StrOptions({*VALID_METRICS["brute"], "precomputed"}), callable],
    }

    def __init__(
        self,
        n_neighbors: int = 10,
        *,
        metric: str | Callable = "minkowski",
        contamination: Contamination = "auto",
        random_state: RandomState = None,
    ):
        super().__init__(contamination=contamination, random_state=random_state)
        self.n_neighbors = n_neighbors
        self.metric = metric

    def _is_precomputed(self):
        return isinstance(self.metric, str) and self.metric == "precomputed"

    def _fit_label_scores(self, X, y, random_state):
        self._codes = y
        if self.metric == "haversine" and X.shape[1] != 2:
            raise ValueError(
                f"metric='haversine' needs 2 columns, latitude and longitude, got {X.shape[1]}."
            )
        if self._is_precomputed():
            nearest = nearest_by_distance(X, min(self.n_neighbors, len(y) - 1), others=True)
            return 1 - label_counts(y[nearest], len(self.classes_)) / nearest.shape[1]
        self._search = FittedToRows(NearestNeighbors(metric=self.metric), X)
        n_found = min(self.n_neighbors + 1, len(X))
        nearest = self._search.estimator.kneighbors(X, n_found, return_distance=False)
        _, places = np.unique(row_keys(X), return_inverse=True)
        equal = places[nearest] == places[:, np.newaxis]
        return 1 - label_counts(y[nearest], len(self.classes_), equal) / (n_found - 1)

    def _label_scores(self, X):
        n_found = min(self.n_neighbors, len(self._codes))
        if self._is_precomputed():
            nearest = nearest_by_distance(X, n_found)
        else:
            nearest = self._search.estimator.kneighbors(X, n_found, return_distance=False)
        return 1 - label_counts(self._codes[nearest], len(self.classes_)) / n_found

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.pairwise = self._is_precomputed()
        return tags


def nearest_by_distance(distances, n_neighbors, others=False):
    """Find the nearest training rows of each row.

    Parameters
    ----------
    distances : {ndarray, CSR matrix} of shape (n_samples, n_training)
        Distances; those that a sparse matrix does not hold are too large to matter.

    n_neighbors : int
        How many.

    others : bool, default=False
        Whether the rows are the training rows, so that none is its own neighbour.

    Returns
    -------
    nearest : ndarray of shape (n_samples, n_neighbors)

    Raises
    ------
    ValueError
        If distances are missing, negative or too few, or, with `others`, no square; the message
        names rows.
    """
    n_rows, n_training = distances.shape
    if others and n_rows != n_training:
        raise ValueError(
            'X must hold the distances between all training rows where metric="precomputed", got '
            f"{n_rows} rows and {n_training} columns."
        )
    values = distances.data if sparse.issparse(distances) else distances
    if not (values >= 0).all():
        raise ValueError("X must hold distances, which are neither missing nor negative.")
    if not sparse.issparse(distances):
        if others:
            distances = distances.copy()
            np.fill_diagonal(distances, np.inf)
        return np.argsort(distances, axis=1, kind="stable")[:, :n_neighbors]
    graph = distances.tocoo()
    kept = graph.row != graph.col if others else np.ones(graph.nnz, dtype=bool)
    counts = np.bincount(graph.row[kept], minlength=n_rows)
    if counts.min() < n_neighbors:
        rows = np.flatnonzero(counts < n_neighbors)
        raise ValueError(
            f"X must hold the distances to n_neighbors={n_neighbors} other rows, got fewer in "
            f"{len(rows)} rows: {rows[:10].tolist()}."
        )
    row, column = graph.row[kept], graph.col[kept]
    order = np.lexsort((column, graph.data[kept], row))
    starts = np.cumsum(counts) - counts
    return column[order][starts[:, np.newaxis] + np.arange(n_neighbors)]


def label_counts(codes, n_classes, equal=None):
    """Count neighbours of each label.

    Parameters
    ----------
    codes : ndarray of shape (n_samples, n_neighbors)
        Label codes of the neighbours of each row, the nearest first.

    n_classes : int
        Number of labels.

    equal : ndarray of shape (n_samples, n_neighbors), dtype=bool, default=None
        Which neighbours may be the row itself. One of them with the label that is counted is left
        out, where there is one.

    Returns
    -------
    counts : ndarray of shape (n_samples, n_classes)
    """
    labels = np.arange(n_classes)
    counts = np.stack([(codes == label).sum(axis=1) for label in labels], axis=1)
    if equal is None:
        return counts
    may_be_itself = [((codes == label) & equal).any(axis=1) for label in labels]
    return counts - np.stack(may_be_itself, axis=1)
