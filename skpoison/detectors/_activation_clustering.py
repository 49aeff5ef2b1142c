"""Activation clustering: two populations under one label look different inside a network."""

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral, Real

import numpy as np
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.metrics import silhouette_score
from sklearn.utils._param_validation import Interval

from skpoison._typing import Contamination, RandomState
from skpoison.detectors._activations import HiddenActivations
from skpoison.detectors._base import BasePoisonDetector
from skpoison.thresholds import FixedThreshold


class ActivationClusteringDetector(BasePoisonDetector):
    """Flag the smaller of two clusters of activations in the class that a row claims.

    The defence of [1]_. A network is trained on the untrusted rows and labels; in each class the
    activations of its last hidden layer are reduced by PCA and split in two by k-means. The class
    is suspect if the smaller cluster holds a small enough share of it and the two lie far enough
    apart. The anomaly score is how much nearer a row's activations are to the centre of the
    smaller cluster than to that of the larger one, divided by the distance between the two: from
    -1 to 1. Under the label of a class that is not suspect it is one less.

    Parameters
    ----------
    hidden_layer_sizes : array-like of int or int, default=100
        Widths of the network's hidden layers.

    epochs : int, default=50
        Passes over the training rows; fewer where the loss stands still.

    n_components : int, default=10
        Number of principal components of the activations. In a class with fewer rows, one less
        than those.

    whiten : bool, default=False
        Whether the principal components are scaled to equal variance. The paper reduces by
        independent component analysis; independent components are whitened principal
        components rotated, which 2-means does not see, so True is the paper's reduction.

    max_share : float, default=0.35
        A class is suspect if its smaller cluster holds at most this share of it, in (0, 0.5].

    min_silhouette : float, default=0.1
        A class is suspect if the mean silhouette of its clusters is at least this, in [-1, 1].

    contamination : "auto", float or threshold rule, default="auto"
        The rule of :mod:`skpoison.thresholds` that makes a verdict of the scores, or the share of
        the training rows to flag, in (0, 0.5]. "auto" is ``FixedThreshold(0.0)``: the
        smaller clusters of the suspect classes, as in the paper, and none where no class is.

    random_state : int, RandomState instance or None, default=None
        Seed of the network, the reduction and the clusters.

    Attributes
    ----------
    network_ : MLPClassifier or None
        The trained network; None where there is a single class.

    clusters_ : list of ActivationClusters
        The two clusters of each class: ``centers``, ``share``, ``silhouette``. None for a class
        whose rows cannot be split.

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
    SpectralSignatureDetector : Looks for the hidden population along a singular vector.

    Notes
    -----
    The network is that of :class:`HiddenActivations`.

    Fitted without labels, or to a single class, there is nothing to train the network on; the rows
    themselves are clustered.

    References
    ----------
    .. [1] B. Chen et al., "Detecting Backdoor Attacks on Deep Neural Networks by Activation
       Clustering", SafeAI workshop at AAAI 2019, arXiv:1811.03728.

    Examples
    --------
    >>> import numpy as np
    >>> from skpoison.detectors import ActivationClusteringDetector
    >>> X = np.array([[0.0], [0.1], [0.2], [0.3], [5.0], [5.1], [5.2], [5.3], [5.15]])
    >>> y = np.array(["a", "a", "a", "a", "b", "b", "b", "b", "a"])
    >>> ActivationClusteringDetector(random_state=0).fit_predict(X, y)
    array([ 1,  1,  1,  1,  1,  1,  1,  1, -1])
    """

    short_names = {"activation-clustering": {}}
    auto_threshold = FixedThreshold(0.0)

    _parameter_constraints = {
        **BasePoisonDetector._parameter_constraints,
        "hidden_layer_sizes": ["array-like", Interval(Integral, 1, None, closed="left")],
        "epochs": [Interval(Integral, 1, None, closed="left")],
        "n_components": [Interval(Integral, 1, None, closed="left")],
        "whiten": ["boolean"],
        "max_share": [Interval(Real, 0, 0.5, closed="right")],
        "min_silhouette": [Interval(Real, -1, 1, closed="both")],
    }

    def __init__(
        self,
        *,
        hidden_layer_sizes: int | Sequence[int] = 100,
        epochs: int = 50,
        n_components: int = 10,
        whiten: bool = False,
        max_share: float = 0.35,
        min_silhouette: float = 0.1,
        contamination: Contamination = "auto",
        random_state: RandomState = None,
    ):
        super().__init__(contamination=contamination, random_state=random_state)
        self.hidden_layer_sizes = hidden_layer_sizes
        self.epochs = epochs
        self.n_components = n_components
        self.whiten = whiten
        self.max_share = max_share
        self.min_silhouette = min_silhouette

    def _fit_scores(self, X, y, random_state):
        self._hidden = HiddenActivations(
            self.hidden_layer_sizes, epochs=self.epochs, random_state=random_state
        )
        activations = self._hidden.fit_transform(X, y)
        self.network_ = self._hidden.network_
        self.clusters_ = [
            split_activations(activations[y == label], self.n_components, self.whiten, random_state)
            for label in range(len(self.classes_))
        ]
        return self._cluster_scores(activations)

    def _scores(self, X):
        return self._cluster_scores(self._hidden.transform(X))

    def _cluster_scores(self, activations):
        return np.column_stack(
            [self._class_scores(activations, clusters) for clusters in self.clusters_]
        )

    def _class_scores(self, activations, clusters):
        if clusters is None:
            return np.full(len(activations), -1.0)
        suspect = clusters.share <= self.max_share and clusters.silhouette >= self.min_silhouette
        return clusters.margin(activations) - (0 if suspect else 1)


@dataclass(frozen=True)
class ActivationClusters:
    """Two clusters of activations.

    Parameters
    ----------
    reduction : PCA
        Fitted to the activations.

    centers : ndarray of shape (2, n_components)
        Centre of the larger cluster, then of the smaller one.

    share : float
        Rows of the smaller cluster / rows of both.

    silhouette : float
        Mean silhouette of the rows.
    """

    reduction: PCA
    centers: np.ndarray
    share: float
    silhouette: float

    def margin(self, activations):
        """How much nearer rows are to the smaller cluster: from -1 to 1, shape (n_samples,)."""
        reduced = self.reduction.transform(activations)
        from_larger, from_smaller = (
            np.linalg.norm(reduced - center, axis=1) for center in self.centers
        )
        return (from_larger - from_smaller) / np.linalg.norm(self.centers[0] - self.centers[1])


def split_activations(activations, n_components, whiten, random_state):
    """Reduce activations by PCA and split them in two by k-means.

    Parameters
    ----------
    activations : ndarray of shape (n_samples, n_features)
        Of the rows of one class.

    n_components : int
        Number of principal components.

    whiten : bool
        Whether these are scaled to equal variance.

    random_state : RandomState
        Seed of the start of k-means, and of the reduction where there are many rows.

    Returns
    -------
    clusters : ActivationClusters or None
        None for fewer than three rows, and for rows that are all alike.
    """
    spread = np.ptp(activations, axis=0).max()
    if len(activations) < 3 or spread <= 1e-9 * np.abs(activations).max():
        return None
    n_components = min(n_components, len(activations) - 1, activations.shape[1])
    reduction = PCA(n_components, whiten=whiten, random_state=random_state).fit(activations)
    reduced = reduction.transform(activations)
    in_cluster = KMeans(2, n_init=10, random_state=random_state).fit_predict(reduced)
    sizes = np.bincount(in_cluster, minlength=2)
    return ActivationClusters(
        reduction,
        np.stack([reduced[in_cluster == label].mean(axis=0) for label in np.argsort(-sizes)]),
        sizes.min() / len(reduced),
        silhouette_score(reduced, in_cluster),
    )
