"""Spectral signatures: poison stands out along the direction in which its class varies most."""

from numbers import Integral

import numpy as np
from sklearn.utils import check_array
from sklearn.utils._param_validation import HasMethods, Interval

from skpoison._typing import Contamination, Estimator, RandomState
from skpoison.detectors._base import BasePoisonDetector
from skpoison.utils._cloning import seeded_clone


class SpectralSignatureDetector(BasePoisonDetector):
    """Flag rows that stand out along the top singular direction of the class they claim.

    The defence of [1]_ against backdoors. The training rows of each class are centred; the
    anomaly score is the squared length of a row's projection on their top right singular vectors.
    A second population hidden in a class pulls the first of them towards itself.

    Parameters
    ----------
    n_components : int, default=1
        Number of singular vectors. In a class with fewer rows or columns, as many as it has.

    transformer : transformer, default=None
        What the rows are represented by: a clone is fitted to the training rows and labels, and
        its output is looked at. None: the rows as they are.

    contamination : "auto", float or threshold rule, default="auto"
        The rule of :mod:`skpoison.thresholds` that makes a verdict of the scores, or the share of
        the training rows to flag, in (0, 0.5]. "auto" is ``SecondComponentThreshold()``:
        it flags none unless the scores show a second component.

    random_state : int, RandomState instance or None, default=None
        Seed of a transformer that has none of its own.

    Attributes
    ----------
    transformer_ : transformer or None
        The fitted transformer.

    means_ : list of ndarray of shape (n_represented_features,)
        Mean of each class.

    directions_ : list of ndarray of shape (n_components, n_represented_features)
        Top right singular vectors of each class.

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
    ActivationClusteringDetector : Looks for the hidden population with 2-means.

    Notes
    -----
    The paper represents images by the last hidden layer of a network trained on them, and removes
    the same share of every class, 1.5 times the expected share of poison. Here one threshold
    serves all classes, and columns of different units need a transformer such as
    :class:`sklearn.preprocessing.StandardScaler`.

    References
    ----------
    .. [1] B. Tran, J. Li, A. Madry, "Spectral Signatures in Backdoor Attacks", NeurIPS 2018,
       algorithm 1.

    Examples
    --------
    >>> import numpy as np
    >>> from skpoison.detectors import SpectralSignatureDetector
    >>> X = np.array([[0.0], [0.1], [0.2], [0.3], [5.0], [5.1], [5.2], [5.3], [5.15]])
    >>> y = np.array(["a", "a", "a", "a", "b", "b", "b", "b", "a"])
    >>> SpectralSignatureDetector(contamination=0.1).fit_predict(X, y)
    array([ 1,  1,  1,  1,  1,  1,  1,  1, -1])
    """

    short_names = {"spectral": {}}

    _parameter_constraints = {
        **BasePoisonDetector._parameter_constraints,
        "n_components": [Interval(Integral, 1, None, closed="left")],
        "transformer": [HasMethods(["fit", "transform"]), None],
    }

    def __init__(
        self,
        n_components: int = 1,
        *,
        transformer: Estimator | None = None,
        contamination: Contamination = "auto",
        random_state: RandomState = None,
    ):
        super().__init__(contamination=contamination, random_state=random_state)
        self.n_components = n_components
        self.transformer = transformer

    def _fit_scores(self, X, y, random_state):
        self.transformer_ = None
        if self.transformer is not None:
            self.transformer_ = seeded_clone(self.transformer, random_state).fit(X, y)
        represented = self._represent(X)
        classes = [represented[y == label] for label in range(len(self.classes_))]
        self.means_ = [rows.mean(axis=0) for rows in classes]
        self.directions_ = [top_directions(rows, self.n_components) for rows in classes]
        return self._projections(represented)

    def _scores(self, X):
        return self._projections(self._represent(X))

    def _projections(self, represented):
        return np.column_stack(
            [
                np.square((represented - mean) @ directions.T).sum(axis=1)
                for mean, directions in zip(self.means_, self.directions_, strict=True)
            ]
        )

    def _represent(self, X):
        return X if self.transformer_ is None else check_array(self.transformer_.transform(X))


def top_directions(rows, n_components):
    """Top right singular vectors of centred rows.

    Parameters
    ----------
    rows : ndarray of shape (n_samples, n_features)
        Centred here.

    n_components : int
        How many.

    Returns
    -------
    directions : ndarray of shape (n_components, n_features)
        Orthonormal; their signs mean nothing. Fewer where there are fewer rows or columns.
    """
    _, _, directions = np.linalg.svd(rows - rows.mean(axis=0), full_matrices=False)
    return directions[:n_components]
