"""Distance to the centroid of the claimed class."""

import numpy as np
from sklearn.metrics.pairwise import euclidean_distances

from skpoison.detectors._base import BasePoisonDetector
from skpoison.thresholds import two_component_cut

MIN_GAIN = 12.0  # distances to a mean of many columns have no long tail


class CentroidDetector(BasePoisonDetector):
    """Flag rows far from the centroid of the class they claim.

    The outlier detector that the paper [1]_ compares with, and the sphere defence of [2]_:
    suspicion is the Euclidean distance between a row and the mean of the training rows of its
    label. The mean is taken over the poison too.

    Parameters
    ----------
    contamination : "auto", "mixture" or float, default="auto"
        Share of the training rows to flag, in (0, 0.5]. "auto" flags none unless their suspicions
        show a second component; "mixture" cuts between two in any case, as the paper does.

    random_state : int, RandomState instance or None, default=None
        Seed of the mixture.

    Attributes
    ----------
    centroids_ : ndarray of shape (n_classes, n_features)
        Mean row of each class.

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
    >>> CentroidDetector(contamination="mixture", random_state=0).fit_predict(X, y)
    array([ 1,  1,  1,  1,  1,  1,  1,  1, -1])
    """

    short_names = {"centroid": {"contamination": "mixture"}}

    def _fit(self, X, y, random_state):
        self.centroids_ = np.stack(
            [X[y == label].mean(axis=0) for label in range(len(self.classes_))]
        )

    def _suspicion(self, X):
        return euclidean_distances(X, self.centroids_)

    def _find_poison(self, suspicion):
        return two_component_cut(suspicion, MIN_GAIN)
