"""Distance to the centroid of the claimed class."""

import numpy as np
from sklearn.metrics.pairwise import euclidean_distances

from skpoison._typing import Contamination, RandomState
from skpoison.detectors._base import BasePoisonDetector
from skpoison.detectors._standardizer import Standardizer
from skpoison.thresholds import SecondComponentThreshold

ROUNDING = 1e-6  # of a row's norm: distances come out of differences of squares


class CentroidDetector(BasePoisonDetector):
    """Flag rows far from the centroid of the class they claim.

    The outlier detector that the paper [1]_ compares with, and the sphere defence of [2]_:
    the anomaly score is the Euclidean distance between a row and the mean of the training rows of
    its label. The mean is taken over the poison too.

    Parameters
    ----------
    standardize : bool, default=False
        Whether columns are standardised and cut at three standard deviations first, so that their
        units do not matter.

    contamination : "auto", float or threshold rule, default="auto"
        The rule of :mod:`skpoison.thresholds` that makes a verdict of the scores, or the share of
        the training rows to flag, in (0, 0.5]. "auto" is
        ``SecondComponentThreshold(min_likelihood_ratio=12)``: distances to a mean of many columns
        have no long tail. The paper's rule is
        :class:`~skpoison.thresholds.GaussianMixtureThreshold`.

    random_state : int, RandomState instance or None, default=None
        Seed of a threshold rule that draws.

    Attributes
    ----------
    centroids_ : ndarray of shape (n_classes, n_features)
        Mean row of each class, of standardised columns if they are.

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
    KNNDetector : Distance to the nearest rows of the class instead of its mean.
    SlabDetector : Distance along the line to another class only.

    References
    ----------
    .. [1] F. Razmi, L. Xiong, "Classification Auto-Encoder based Detector against Diverse Data
       Poisoning Attacks", arXiv:2108.04206, 2021.
    .. [2] J. Steinhardt, P. W. Koh, P. Liang, "Certified Defenses for Data Poisoning Attacks",
       NeurIPS 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from skpoison.detectors import CentroidDetector
    >>> X = np.array([[0.0], [0.1], [0.2], [0.3], [5.0], [5.1], [5.2], [5.3], [5.15]])
    >>> y = np.array(["a", "a", "a", "a", "b", "b", "b", "b", "a"])
    >>> CentroidDetector(contamination=0.1).fit_predict(X, y)
    array([ 1,  1,  1,  1,  1,  1,  1,  1, -1])
    """

    short_names = {"centroid": {}}
    auto_threshold = SecondComponentThreshold(min_likelihood_ratio=12.0)

    _parameter_constraints = {
        **BasePoisonDetector._parameter_constraints,
        "standardize": ["boolean"],
    }

    def __init__(
        self,
        *,
        standardize: bool = False,
        contamination: Contamination = "auto",
        random_state: RandomState = None,
    ):
        super().__init__(contamination=contamination, random_state=random_state)
        self.standardize = standardize

    def _fit_scores(self, X, y, random_state):
        self._scale = Standardizer(X) if self.standardize else None
        rows = self._scaled(X)
        self.centroids_ = np.stack(
            [rows[y == label].mean(axis=0) for label in range(len(self.classes_))]
        )
        return self._distances(rows)

    def _scores(self, X):
        return self._distances(self._scaled(X))

    def _distances(self, rows):
        """Distances from the centroids; what is nothing but rounding is 0."""
        distances = euclidean_distances(rows, self.centroids_)
        norms = np.linalg.norm(rows, axis=1)[:, np.newaxis]
        distances[distances < ROUNDING * np.maximum(norms, 1e-300)] = 0
        return distances

    def _scaled(self, X):
        return X if self._scale is None else self._scale(X)
