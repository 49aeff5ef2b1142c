"""Distance from the centre of the claimed class, along the lines to the other classes."""

from typing import Literal

import numpy as np
from sklearn.utils._param_validation import StrOptions

from skpoison._typing import Contamination, RandomState
from skpoison.detectors._base import BasePoisonDetector
from skpoison.detectors._label_base import BaseLabelNoiseDetector

CENTERS = {"mean": np.mean, "median": np.median}


class SlabDetector(BaseLabelNoiseDetector):
    """Flag rows that lie off their class on the line to another class.

    The slab defence of [1]_. A row of class y with centre c is projected on the line from c to the
    centre c' of another class; the anomaly score is its distance from c there, ``|<x - c, u>|``
    with ``u = (c' - c) / ||c' - c||``. Among more than two classes the largest of these distances
    counts: a clean row lies between all the pairs of planes.

    Parameters
    ----------
    center : {"median", "mean"}, default="median"
        Centre of a class. The paper takes the mean, which poison moves; the median of each column
        stays with the majority.

    contamination : "auto", float or threshold rule, default="auto"
        The rule of :mod:`skpoison.thresholds` that makes a verdict of the scores, or the share of
        the training rows to flag, in (0, 0.5]. "auto" is ``SecondComponentThreshold()``:
        it flags none unless the scores show a second component.

    random_state : int, RandomState instance or None, default=None
        Seed of a threshold rule that draws.

    Attributes
    ----------
    centers_ : ndarray of shape (n_classes, n_features)
        Centre of each class.

    classes_ : ndarray of shape (n_classes,)
        The labels seen in fit.

    training_scores_ : ndarray of shape (n_samples,)
        Negative anomaly scores of the training rows.

    offset_ : float
        Threshold on ``score_samples``.

    n_features_in_ : int
        Number of columns.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, where `X` has names that are all strings.

    See Also
    --------
    CentroidDetector : The sphere defence of the same paper.

    Notes
    -----
    Dividing by ``||c' - c||``, which the paper does not do, changes no order between two classes
    and makes the slabs of several comparable.

    The paper also joins sphere and slab: a row is removed if either flags it. That is the minimum
    of the two verdicts, as below, or one :class:`~skpoison.filtering.PoisonFilter` behind another.

    Fitted without labels, or to a single class, there is no other class to look to; rows are then
    scored by the mean distance to their five nearest neighbours.

    References
    ----------
    .. [1] J. Steinhardt, P. W. Koh, P. Liang, "Certified Defenses for Data Poisoning Attacks",
       NeurIPS 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from skpoison.detectors import CentroidDetector, SlabDetector
    >>> X = np.array([[0.0], [0.1], [0.2], [0.3], [5.0], [5.1], [5.2], [5.3], [5.15]])
    >>> y = np.array(["a", "a", "a", "a", "b", "b", "b", "b", "a"])
    >>> slab = SlabDetector(contamination=0.1).fit_predict(X, y)
    >>> slab
    array([ 1,  1,  1,  1,  1,  1,  1,  1, -1])
    >>> sphere = CentroidDetector(contamination=0.1).fit_predict(X, y)
    >>> np.minimum(sphere, slab)
    array([ 1,  1,  1,  1,  1,  1,  1,  1, -1])
    """

    short_names = {"slab": {}}

    _parameter_constraints = {
        **BasePoisonDetector._parameter_constraints,
        "center": [StrOptions(set(CENTERS))],
    }

    def __init__(
        self,
        *,
        center: Literal["mean", "median"] = "median",
        contamination: Contamination = "auto",
        random_state: RandomState = None,
    ):
        super().__init__(contamination=contamination, random_state=random_state)
        self.center = center

    def _fit_label_scores(self, X, y, random_state):
        center = CENTERS[self.center]
        self.centers_ = np.stack(
            [center(X[y == label], axis=0) for label in range(len(self.classes_))]
        )
        return self._label_scores(X)

    def _label_scores(self, X):
        return slab_distance(X, self.centers_)


def slab_distance(X, centers):
    """Distance of rows from each centre along the lines to the other centres.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        The rows.

    centers : ndarray of shape (n_centers, n_features)
        At least two.

    Returns
    -------
    distance : ndarray of shape (n_samples, n_centers)
        For each centre the largest over the lines; a line between equal centres counts as zero.
    """
    distances = np.empty((len(X), len(centers)))
    for index, center in enumerate(centers):
        lines = np.delete(centers, index, axis=0) - center
        lengths = np.linalg.norm(lines, axis=1, keepdims=True)
        units = lines / np.where(lengths > 0, lengths, 1)
        distances[:, index] = np.abs((X - center) @ units.T).max(axis=1)
    return distances
