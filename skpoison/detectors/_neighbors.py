"""Distance to the nearest rows of the claimed class."""

from numbers import Integral

import numpy as np
from sklearn.neighbors import NearestNeighbors
from sklearn.utils._param_validation import Interval

from skpoison.detectors._base import BasePoisonDetector


class KNNDetector(BasePoisonDetector):
    """Flag rows far from their nearest neighbours in the class they claim.

    Suspicion is the mean Euclidean distance between a row and the `n_neighbors` nearest training
    rows of its label. A training row is not its own neighbour: a row that stands in the training
    set under the label it is judged with is left out once.

    Parameters
    ----------
    n_neighbors : int, default=5
        Number of neighbours. In a class with fewer rows, all of them.

    contamination : "auto", "mixture" or float, default="auto"
        Share of the training rows to flag, in (0, 0.5]. "auto" flags none unless their suspicions
        show a second component; "mixture" cuts between two in any case, as the paper does.

    random_state : int, RandomState instance or None, default=None
        Seed of the mixture.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels seen in fit.

    training_scores_ : ndarray of shape (n_samples,)
        Negative suspicions of the training rows.

    offset_ : float
        Threshold on ``score_samples``.

    n_features_in_ : int
        Number of columns.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, where `X` has names that are all strings.

    See Also
    --------
    CentroidDetector : Distance to the mean of the class.

    Notes
    -----
    A class of a single row has no neighbours to compare that row with; its suspicion under that
    label is the largest distance seen in training.

    Examples
    --------
    >>> import numpy as np
    >>> from skpoison.detectors import KNNDetector
    >>> X = np.array([[0.0], [0.1], [0.2], [0.3], [5.0], [5.1], [5.2], [5.3], [5.15]])
    >>> y = np.array(["a", "a", "a", "a", "b", "b", "b", "b", "a"])
    >>> KNNDetector(2, contamination="mixture", random_state=0).fit_predict(X, y)
    array([ 1,  1,  1,  1,  1,  1,  1,  1, -1])
    """

    short_names = {"knn": {"contamination": "mixture"}}

    _parameter_constraints = {
        **BasePoisonDetector._parameter_constraints,
        "n_neighbors": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(self, n_neighbors=5, *, contamination="auto", random_state=None):
        super().__init__(contamination=contamination, random_state=random_state)
        self.n_neighbors = n_neighbors

    def _fit(self, X, y, random_state):
        self._neighbors = [
            NearestNeighbors(algorithm="ball_tree").fit(X[y == label])
            for label in range(len(self.classes_))
        ]
        distances = self._mean_distances(X)
        self._largest = np.max(distances, initial=0.0, where=np.isfinite(distances))

    def _suspicion(self, X):
        return np.nan_to_num(self._mean_distances(X), nan=self._largest)

    def _mean_distances(self, X):
        return np.column_stack(
            [mean_neighbor_distance(rows, X, self.n_neighbors) for rows in self._neighbors]
        )


def mean_neighbor_distance(neighbors, X, n_neighbors):
    """Mean distance of rows to their nearest training rows other than themselves.

    Parameters
    ----------
    neighbors : NearestNeighbors
        Fitted to the training rows with an exact (tree) algorithm: a row's distance to itself
        must come out as zero.

    X : ndarray of shape (n_samples, n_features)
        Rows to measure.

    n_neighbors : int
        How many neighbours count.

    Returns
    -------
    distance : ndarray of shape (n_samples,)
        NaN for a row that is itself the only training row.
    """
    n_found = min(n_neighbors + 1, neighbors.n_samples_fit_)
    distances, _ = neighbors.kneighbors(X, n_neighbors=n_found)
    itself = distances[:, 0] == 0
    if n_found == 1:
        return np.where(itself, np.nan, distances[:, 0])
    without_itself = distances[:, 1:].mean(axis=1)
    return np.where(itself, without_itself, distances[:, :n_neighbors].mean(axis=1))
