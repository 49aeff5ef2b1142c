"""The base of detectors that look at nothing but how well rows and labels go together."""

from abc import abstractmethod

import numpy as np
from sklearn.neighbors import NearestNeighbors

from skpoison.detectors._base import BasePoisonDetector
from skpoison.detectors._neighbors import mean_neighbor_distance

N_NEIGHBORS = 5


class BaseLabelDetector(BasePoisonDetector):
    """Base class of detectors that need two classes to have anything to judge.

    A subclass writes ``_fit_labels`` and ``_label_suspicion``, and ``_find_wrong_labels`` where it
    has a cut of its own for ``contamination="auto"``. Where a detector is fitted without
    labels, or to rows of one class, no label can be wrong; rows are then judged by their mean
    distance to their five nearest neighbours.
    """

    @abstractmethod
    def _fit_labels(self, X, y, random_state):
        """Learn from rows `X` and label codes `y` of at least two classes."""

    @abstractmethod
    def _label_suspicion(self, X):
        """Suspicion of each row under each label: (n_samples, n_classes)."""

    def _find_wrong_labels(self, suspicion):
        """Cut where "auto" finds poison among rows of two classes or more; a hook."""
        return super()._find_poison(suspicion)

    def _find_poison(self, suspicion):
        if self._neighbors is not None:
            return super()._find_poison(suspicion)
        return self._find_wrong_labels(suspicion)

    def _fit(self, X, y, random_state):
        self._neighbors = None
        if len(self.classes_) == 1:
            self._neighbors = NearestNeighbors(algorithm="ball_tree").fit(X)
        else:
            self._fit_labels(X, y, random_state)

    def _suspicion(self, X):
        if self._neighbors is None:
            return self._label_suspicion(X)
        distances = mean_neighbor_distance(self._neighbors, X, N_NEIGHBORS)
        return np.nan_to_num(distances, nan=0.0)[:, np.newaxis]
