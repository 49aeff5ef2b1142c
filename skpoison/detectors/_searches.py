"""Neighbour searches that are copied and saved as the rows that they search."""

from sklearn.base import clone
from sklearn.neighbors import LocalOutlierFactor, NearestNeighbors

SEARCHES = (NearestNeighbors, LocalOutlierFactor)


class FittedToRows:
    """An estimator and the rows it is fitted to.

    Of a neighbour search the rows are all that is saved: its tree holds them once more, is made
    again in no time, and is the same then. Other estimators are saved as they are.

    Parameters
    ----------
    estimator : estimator
        Unfitted.

    rows : ndarray of shape (n_samples, n_features)
        What it is fitted to.

    Attributes
    ----------
    estimator : estimator
        The same, fitted.
    """

    def __init__(self, estimator, rows):
        self.estimator = estimator.fit(rows)
        self._rows = rows if isinstance(estimator, SEARCHES) else None

    def __getstate__(self):
        if self._rows is None:
            return vars(self)
        return {"estimator": clone(self.estimator), "_rows": self._rows}

    def __setstate__(self, state):
        vars(self).update(state)
        if self._rows is not None:
            if not isinstance(self.estimator, SEARCHES):
                raise ValueError(f"a neighbour search is not {self.estimator!r}")
            self.estimator.fit(self._rows)
