"""SPECTRE: poison stands out once the rows of its class are whitened by a robust covariance."""

from numbers import Integral, Real

import numpy as np
from scipy.linalg import expm
from scipy.stats import chi2, median_abs_deviation
from sklearn.utils import check_array
from sklearn.utils._param_validation import HasMethods, Interval

from skpoison._typing import Contamination, Estimator, RandomState
from skpoison.detectors._base import BasePoisonDetector
from skpoison.utils._cloning import seeded_clone

ALPHA = 4.0  # of the QUE scores, the paper's
REMOVED = 1.5  # times the share of poison: the rows that the paper removes
ROWS_A_COMPONENT = 10
FEWEST_ROWS = 2 * ROWS_A_COMPONENT
MOST_COMPONENTS = 100
MOST_STEPS = 30
TIE = 1e-3  # two numbers of components by which the same rows are removed: the larger is taken
SMALLEST_VARIANCE = 1e-9  # of a component, of that of the first


class SpectreDetector(BasePoisonDetector):
    """Flag rows that stand out after robust whitening of the class they claim.

    The defence of [1]_ against backdoors. The rows of each class are projected on their leading
    principal components and whitened by a robust mean and covariance. Poison, which these leave
    out, inflates the covariance of the whitened rows in its direction; the anomaly score is the
    quantum entropy (QUE) score of [2]_, a squared length that weighs directions by this
    inflation. Where :class:`SpectralSignatureDetector` looks along the direction of largest
    variance, in which clean rows may vary more than poison shifts them, here clean rows vary alike
    in all.

    Parameters
    ----------
    share : float, default=0.1
        Largest share of poison in a class, in (0, 0.5): so many rows are left out of the robust
        estimates.

    n_components : int, default=None
        Number of principal components; at most 100, and one for ten rows of a class. None: of the
        squares 1, 4, 9, ... and all that there may be, the number for which the covariance of all
        rows is the most inflated, seen from that of the rows without the highest scores, as in
        the paper.

    transformer : transformer, default=None
        What the rows are represented by: a clone is fitted to the training rows and labels, and
        its output is looked at; :class:`HiddenActivations` is the paper's kind. None: the rows as
        they are.

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

    whitenings_ : list of Whitening
        ``mean``, ``directions`` and ``weights`` of each class; None for one of fewer than 20 rows,
        or whose rows are all alike.

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
    SpectralSignatureDetector : Looks along the direction of largest variance.

    Notes
    -----
    The robust mean and covariance are those of the rows that concentration steps [3]_ keep, started
    from medians and median absolute deviations; the paper's filter comes with guarantees and the
    same idea. Rows under the label of a class without a whitening score 0.

    References
    ----------
    .. [1] J. Hayase, W. Kong, R. Somani, S. Oh, "SPECTRE: Defending Against Backdoor Attacks Using
       Robust Statistics", ICML 2021, algorithms 1 to 3.
    .. [2] Y. Dong, S. Hopkins, J. Li, "Quantum Entropy Scoring for Fast Robust Mean Estimation and
       Improved Outlier Detection", NeurIPS 2019.
    .. [3] P. J. Rousseeuw, K. Van Driessen, "A Fast Algorithm for the Minimum Covariance
       Determinant Estimator", Technometrics 41(3), 1999.

    Examples
    --------
    >>> import numpy as np
    >>> from skpoison.detectors import SpectreDetector
    >>> rng = np.random.RandomState(0)
    >>> X = rng.normal(size=(210, 2)) * [10, 1]
    >>> X[200:] = rng.normal(size=(10, 2)) * [10, 0.1] + [0, 6]
    >>> verdict = SpectreDetector(n_components=2, contamination=10 / 210).fit_predict(X)
    >>> bool((verdict[200:] == -1).all())
    True
    """

    short_names = {"spectre": {}}

    _parameter_constraints = {
        **BasePoisonDetector._parameter_constraints,
        "share": [Interval(Real, 0, 0.5, closed="neither")],
        "n_components": [Interval(Integral, 1, None, closed="left"), None],
        "transformer": [HasMethods(["fit", "transform"]), None],
    }

    def __init__(
        self,
        share: float = 0.1,
        *,
        n_components: int | None = None,
        transformer: Estimator | None = None,
        contamination: Contamination = "auto",
        random_state: RandomState = None,
    ):
        super().__init__(contamination=contamination, random_state=random_state)
        self.share = share
        self.n_components = n_components
        self.transformer = transformer

    def _fit_scores(self, X, y, random_state):
        self.transformer_ = None
        if self.transformer is not None:
            self.transformer_ = seeded_clone(self.transformer, random_state).fit(X, y)
        represented = self._represent(X)
        self.whitenings_ = [
            whiten_class(represented[y == label], self.share, self.n_components)
            for label in range(len(self.classes_))
        ]
        return self._lengths(represented)

    def _scores(self, X):
        return self._lengths(self._represent(X))

    def _lengths(self, represented):
        return np.column_stack(
            [
                np.zeros(len(represented)) if whitening is None else whitening.scores(represented)
                for whitening in self.whitenings_
            ]
        )

    def _represent(self, X):
        represented = X if self.transformer_ is None else self.transformer_.transform(X)
        return check_array(represented, dtype=np.float64)


class Whitening:
    """Directions in which the clean rows of a class vary alike, and their QUE weights.

    Parameters
    ----------
    mean : ndarray of shape (n_features,)
        Robust mean.

    directions : ndarray of shape (n_features, n_components)
        ``(x - mean) @ directions`` is whitened.

    weights : ndarray of shape (n_components, n_components)
        Of trace 1.
    """

    def __init__(self, mean, directions, weights):
        self.mean, self.directions, self.weights = mean, directions, weights

    def scores(self, rows):
        """QUE scores of rows: (n_samples,)."""
        white = (rows - self.mean) @ self.directions
        return np.einsum("ij,jk,ik->i", white, self.weights, white)


def whiten_class(rows, share, n_components=None):
    """Find the whitening of the rows of one class.

    Parameters
    ----------
    rows : ndarray of shape (n_samples, n_features)
        The rows.

    share : float
        Of them that are left out of the robust estimates.

    n_components : int, default=None
        Number of principal components. None: chosen by the covariance that the removal of the
        highest scores leaves.

    Returns
    -------
    whitening : Whitening or None
        None for fewer than 20 rows, or where all are alike.
    """
    if len(rows) < FEWEST_ROWS:
        return None
    centre = rows.mean(axis=0)
    _, lengths, directions = np.linalg.svd(rows - centre, full_matrices=False)
    rank = np.count_nonzero(np.square(lengths) > SMALLEST_VARIANCE * max(lengths[0] ** 2, 1e-300))
    most = min(rank, MOST_COMPONENTS, len(rows) // ROWS_A_COMPONENT)
    if not most:
        return None
    projected = (rows - centre) @ directions[:most].T
    if n_components is not None:
        tried = [min(n_components, most)]
    else:
        tried = [root**2 for root in range(1, most) if root**2 < most] + [most]
    best, most_inflated = None, 0.0
    for number in tried:
        leading = projected[:, :number]
        mean, whitener = robust_whitening(leading, share)
        weights = que_weights((leading - mean) @ whitener)
        found = Whitening(mean, whitener, weights)
        inflation = _inflation_of_rest(projected, found.scores(leading), share)
        if inflation >= most_inflated * (1 - TIE):
            best, most_inflated = found, inflation
    directions = directions[: len(best.mean)].T
    return Whitening(centre + directions @ best.mean, directions @ best.directions, best.weights)


def robust_whitening(rows, share):
    """Robust mean of rows, and what makes their robust covariance the identity.

    Parameters
    ----------
    rows : ndarray of shape (n_samples, n_components)
        Uncorrelated columns, such as principal components.

    share : float
        Of rows that are left out.

    Returns
    -------
    mean : ndarray of shape (n_components,)

    whitener : ndarray of shape (n_components, n_components)
        The inverse square root of the covariance, which is scaled to be that of all rows if they
        are normal.
    """
    n_rows, n_columns = rows.shape
    n_kept = n_rows - int(share * n_rows)
    deviation = median_abs_deviation(rows, axis=0, scale="normal")
    deviation = np.where(deviation > 0, deviation, rows.std(axis=0))
    mean, whitener, kept = np.median(rows, axis=0), np.diag(1 / deviation), None
    for _ in range(MOST_STEPS):
        distances = np.square((rows - mean) @ whitener).sum(axis=1)
        nearest = np.sort(np.argpartition(distances, n_kept - 1)[:n_kept])
        if kept is not None and np.array_equal(nearest, kept):
            break
        kept = nearest
        mean, whitener = _moments(rows[kept])
    left = n_kept / n_rows
    if left < 1:
        whitener = whitener * np.sqrt(chi2.cdf(chi2.ppf(left, n_columns), n_columns + 2) / left)
    return mean, whitener


def que_weights(white):
    """Weights of directions by how much the covariance of whitened rows is inflated in them.

    Parameters
    ----------
    white : ndarray of shape (n_samples, n_components)
        Whitened rows.

    Returns
    -------
    weights : ndarray of shape (n_components, n_components)
        ``exp(4 (S - I) / (|S| - 1))`` of the covariance S and its spectral norm, divided by its
        trace; equal in all directions where none is inflated.
    """
    n_components = white.shape[1]
    covariance = np.atleast_2d(np.cov(white.T, bias=True))
    norm = np.linalg.norm(covariance, 2)
    if norm <= 1:
        return np.eye(n_components) / n_components
    weights = expm(ALPHA * (covariance - np.eye(n_components)) / (norm - 1))
    return weights / np.trace(weights)


def _moments(rows):
    """Mean, and inverse square root of the covariance."""
    mean = rows.mean(axis=0)
    _, lengths, directions = np.linalg.svd(rows - mean, full_matrices=False)
    variances = np.maximum(np.square(lengths) / len(rows), 1e-300)
    variances = np.maximum(variances, SMALLEST_VARIANCE * variances[0])
    return mean, directions.T / np.sqrt(variances) @ directions


def _inflation_of_rest(projected, scores, share):
    """How inflated the covariance of all rows is, seen from that of all but the highest scores."""
    n_removed = min(int(REMOVED * share * len(scores)), len(scores) // 2)
    rest = np.argsort(scores, kind="stable")[: len(scores) - n_removed]
    mean, whitener = _moments(projected[rest])
    white = (projected - mean) @ whitener
    return np.einsum(
        "ij,ji->", np.cov(white.T, bias=True).reshape(2 * [white.shape[1]]), que_weights(white)
    )
