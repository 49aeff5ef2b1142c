"""The base of detectors that look at nothing but how well rows and labels go together."""

import warnings
from abc import abstractmethod

import numpy as np

from skpoison.detectors._base import BasePoisonDetector
from skpoison.detectors._neighbors import NeighborDistances

N_NEIGHBORS = 5


class BaseLabelNoiseDetector(BasePoisonDetector):
    """Base class of detectors that need two classes to have anything to judge.

    A subclass writes ``_fit_label_scores`` and ``_label_scores``, the hooks of the base class for
    two classes or more. Where a detector is fitted without labels, or to rows of one class, no
    label can be wrong; rows are then scored by their mean distance to their five nearest
    neighbours, in one column, of which :class:`~skpoison.thresholds.LabelNoiseThreshold` flags
    nothing.
    """

    @abstractmethod
    def _fit_label_scores(self, X, y, random_state):
        """Learn from rows `X` and label codes `y` of at least two classes, and score the rows."""

    @abstractmethod
    def _label_scores(self, X):
        """Score rows that were not fitted under each label: (n_samples, n_classes)."""

    def _fit_scores(self, X, y, random_state):
        self._distances = None
        if len(self.classes_) > 1:
            scores = self._fit_label_scores(X, y, random_state)
            return self._leave_single_rows(scores, y)
        if self._is_precomputed():
            raise ValueError(
                f"{type(self).__name__} of something precomputed needs labels of at least two "
                "classes in y."
            )
        if self._takes_any_rows() and self._kind != "numbers":
            raise ValueError(
                f"{type(self).__name__}(estimator=...) needs rows of at least two classes in y "
                f"where X is of the kind {self._kind!r}: there are no distances between such rows."
            )
        self._distances = NeighborDistances(X, y, N_NEIGHBORS)
        return self._distances.of_training_rows(X, y)

    def _leave_single_rows(self, scores, y):
        """Give the only row of a class the score of the label that suits it best."""
        single = np.flatnonzero(np.bincount(y)[y] == 1)
        if len(single):
            scores = np.array(scores)
            scores[single, y[single]] = scores[single].min(axis=1)
            hint = ""
            if len(self.classes_) > max(len(y) / 3, 10) and self.classes_.dtype.kind in "iuf":
                hint = " ResidualDetector judges targets that are numbers."
            warnings.warn(
                f"{len(single)} classes have a single row, which is not judged: nothing tells it "
                f"from a wrong label. They are {self.classes_[y[single]][:10].tolist()}, rows "
                f"{single[:10].tolist()}.{hint}",
                UserWarning,
                stacklevel=4,
            )
        return scores

    def _scores(self, X):
        if self._distances is None:
            return self._label_scores(X)
        return self._distances(X)
