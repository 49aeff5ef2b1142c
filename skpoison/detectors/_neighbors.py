"""Distance to the nearest rows of the claimed class."""

from numbers import Integral

import numpy as np
from sklearn.neighbors import NearestNeighbors
from sklearn.utils._param_validation import Interval

from skpoison._typing import Contamination, RandomState
from skpoison.detectors._base import BasePoisonDetector
from skpoison.detectors._searches import FittedToRows
from skpoison.utils._row_index import row_keys


class KNNDetector(BasePoisonDetector):
    """Flag rows far from their nearest neighbours in the class they claim.

    The anomaly score is the mean Euclidean distance between a row and the `n_neighbors` nearest
    training rows of its label. A training row is not its own neighbour: under its label it, or one
    row equal to it, is left out.

    Parameters
    ----------
    n_neighbors : int, default=5
        Number of neighbours. In a class with fewer rows, all of them.

    contamination : "auto", float or threshold rule, default="auto"
        The rule of :mod:`skpoison.thresholds` that makes a verdict of the scores, or the share of
        the training rows to flag, in (0, 0.5]. "auto" is ``SecondComponentThreshold()``:
        it flags none unless the scores show a second component. The paper's rule is
        :class:`~skpoison.thresholds.GaussianMixtureThreshold`.

    random_state : int, RandomState instance or None, default=None
        Seed of a threshold rule that draws.

    See Also
    --------
    BasePoisonDetector : Attributes that detectors share.
    CentroidDetector : Distance to the mean of the class.

    Notes
    -----
    A class of a single row has no neighbours to compare that row with; its anomaly score under
    that label is the largest distance seen in training.

    Examples
    --------
    >>> import numpy as np
    >>> from skpoison.detectors import KNNDetector
    >>> X = np.array([[0.0], [0.1], [0.2], [0.3], [5.0], [5.1], [5.2], [5.3], [5.15]])
    >>> y = np.array(["a", "a", "a", "a", "b", "b", "b", "b", "a"])
    >>> KNNDetector(2, contamination=0.1).fit_predict(X, y)
    array([ 1,  1,  1,  1,  1,  1,  1,  1, -1])
    """

    short_names = {"knn": {}}

    _parameter_constraints = {
        **BasePoisonDetector._parameter_constraints,
        "n_neighbors": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(
        self,
        n_neighbors: int = 5,
        *,
        contamination: Contamination = "auto",
        random_state: RandomState = None,
    ):
        super().__init__(contamination=contamination, random_state=random_state)
        self.n_neighbors = n_neighbors

    def _fit_scores(self, X, y, random_state):
        self._distances = NeighborDistances(X, y, int(self.n_neighbors))
        return self._distances.of_training_rows(X, y)

    def _scores(self, X):
        return self._distances(X)


class NeighborDistances:
    """Mean distances of rows to their nearest training rows of each class.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Training rows.

    codes : ndarray of shape (n_samples,)
        Their label codes; every code up to the largest occurs.

    n_neighbors : int
        How many neighbours count; all of a class that has fewer.
    """

    def __init__(self, X, codes, n_neighbors):
        self.n_neighbors = n_neighbors
        rows_of = _rows_of_classes(codes)
        self._searches = [FittedToRows(NearestNeighbors(), X[own]) for own in rows_of]

    def of_training_rows(self, X, codes):
        """Those of the training rows, of which none is its own neighbour: (n_samples, n_classes).

        Under the label of a class of which it is the only row, a row gets the largest distance of
        all.
        """
        distances = self(X)
        # equal rows get equal distances, also where they carry different labels
        _, places = np.unique(row_keys(X), return_inverse=True)
        for code, own in enumerate(_rows_of_classes(codes)):
            in_class = np.isin(places, places[own])
            of_place = np.empty(places.max() + 1)
            of_place[places[own]] = self._without_itself(code)
            distances[in_class, code] = of_place[places[in_class]]
        largest = np.max(distances, initial=0.0, where=np.isfinite(distances))
        return np.nan_to_num(distances, nan=largest)

    def __call__(self, X):
        """Mean distances of new rows: (n_rows, n_classes)."""
        return np.column_stack(
            [
                neighbors.kneighbors(X, min(self.n_neighbors, neighbors.n_samples_fit_))[0].mean(
                    axis=1
                )
                for neighbors in (search.estimator for search in self._searches)
            ]
        )

    def _without_itself(self, code):
        neighbors = self._searches[code].estimator
        n_neighbors = min(self.n_neighbors, neighbors.n_samples_fit_ - 1)
        if n_neighbors == 0:
            return np.nan
        return neighbors.kneighbors(n_neighbors=n_neighbors)[0].mean(axis=1)


def _rows_of_classes(codes):
    return [np.flatnonzero(codes == code) for code in range(codes.max() + 1)]
