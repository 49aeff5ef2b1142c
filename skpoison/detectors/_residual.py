"""Residuals of a regression at rows that it has not learnt."""

import warnings
from numbers import Integral
from typing import Literal, Self

import numpy as np
from joblib import delayed
from numpy.typing import ArrayLike
from scipy.stats import median_abs_deviation
from sklearn.base import _fit_context, clone
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import RegressorTags, _safe_indexing, check_random_state
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.validation import _num_samples, check_consistent_length, check_is_fitted

from skpoison._typing import Contamination, Estimator, RandomState, Rows
from skpoison.detectors._base import BasePoisonDetector
from skpoison.detectors._neighbors import NeighborDistances
from skpoison.utils._cloning import seeded_clone
from skpoison.utils._parallel import Parallel
from skpoison.utils._row_index import row_keys
from skpoison.utils._targets import target_values

ROWS_OF_TREES = 300  # fewer rows have a linear model alone, and residuals of one size
FAR = 5  # robust standard deviations: of targets further out, little is to be learnt
LEAST_SIZE = 0.25  # of a residual, in units of the median one
N_NEIGHBORS = 5


class ResidualDetector(BasePoisonDetector):
    """Flag rows whose target a regression contradicts that has not learnt them.

    A regression is cross-fitted, so that each row is predicted by a clone that has not seen it.
    The anomaly score is ``log(1 + |y - prediction| / size)``, where the size is what a residual
    usually has: the median of all or, where rows are many, what a second cross-fitted regression
    expects at the row, so that noise that is larger in places is not taken for wrong targets.

    Parameters
    ----------
    estimator : regressor, default=None
        Clones of it are fitted, to the rows as they come. None: ridge regression on standardised
        columns or, of 300 rows or more, boosted trees where their residuals are smaller.

    scale : {"auto", "constant", "local"}, default="auto"
        Whether residuals have one size or one that depends on the row. "auto": "local" from 300
        rows on. With an `estimator`, clones of it learn the size, too.

    cv : int, default=5
        Number of folds. Equal rows share a fold.

    n_jobs : int, default=None
        Number of clones fitted at once, as in joblib.

    verbose : int, default=0
        1 shows progress bars.

    contamination : "auto", float or threshold rule, default="auto"
        The rule of :mod:`skpoison.thresholds` that makes a verdict of the scores, or the share of
        the training rows to flag, in (0, 0.5]. "auto" is ``SecondComponentThreshold()``:
        it flags none unless the scores show a second component.

    random_state : int, RandomState instance or None, default=None
        Seed of the folds, and of regressions that have none of their own.

    Attributes
    ----------
    training_predictions_ : ndarray of shape (n_samples,)
        What the target of each training row is expected to be; only where there were targets.

    training_sizes_ : ndarray of shape (n_samples,)
        The usual size of a residual at each training row.

    training_scores_ : ndarray of shape (n_samples,)
        Negative anomaly scores of the training rows.

    offset_ : float
        Threshold on ``score_samples``.

    contamination_ : float
        Estimated share of poison among the training rows.

    contamination_interval_ : tuple of float
        Its 90 % interval.

    n_features_in_ : int
        Number of columns.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, where `X` has names that are all strings.

    See Also
    --------
    skpoison.robust.TRIMRegressor : A regression on the rows that fit it best.

    Notes
    -----
    Targets more than five robust standard deviations from the median are moved there before a
    regression learns them.

    Poison that lies together, such as that of
    :class:`~skpoison.attacks.GradientRegressionAttack`, is learnt by a model that can bend: there a
    linear `estimator` with ``scale="constant"``, or TRIM, tells it apart.

    Other rows than those of the training set are compared with the mean prediction of all clones.
    A row without a target is taken to have the expected one. Fitted without targets, the detector
    scores rows by the mean distance to their five nearest neighbours.

    References
    ----------
    .. [1] H. Zhou, J. Mueller, M. Kumar, J.-L. Wang, J. Lei, "Detecting Errors in a Numerical
       Response via any Regression Model", Journal of Data-centric Machine Learning Research 1,
       2024. Residuals in units of an expected size.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import make_friedman1
    >>> from skpoison.detectors import ResidualDetector
    >>> X, y = make_friedman1(400, noise=0.5, random_state=0)
    >>> y[:20] *= 10  # slips of the decimal point
    >>> detector = ResidualDetector(random_state=0)
    >>> flagged = np.flatnonzero(detector.fit_predict(X, y) == -1)
    >>> bool(np.isin(flagged, np.arange(20)).mean() > 0.9)
    True
    >>> round(detector.contamination_, 2)
    0.05
    """

    short_names = {"residual": {}}

    _parameter_constraints = {
        **BasePoisonDetector._parameter_constraints,
        "estimator": [HasMethods(["fit", "predict"]), None],
        "scale": [StrOptions({"auto", "constant", "local"})],
        "cv": [Interval(Integral, 2, None, closed="left")],
        "n_jobs": [Integral, None],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        estimator: Estimator | None = None,
        *,
        scale: Literal["auto", "constant", "local"] = "auto",
        cv: int = 5,
        n_jobs: int | None = None,
        verbose: int = 0,
        contamination: Contamination = "auto",
        random_state: RandomState = None,
    ):
        super().__init__(contamination=contamination, random_state=random_state)
        self.estimator = estimator
        self.scale = scale
        self.cv = cv
        self.n_jobs = n_jobs
        self.verbose = verbose

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Rows, y: ArrayLike | None = None) -> Self:
        """Fit the detector to an untrusted training set.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe, sequence of str} of shape (n_samples, ...)
            The rows.

        y : array-like of shape (n_samples,), default=None
            Their targets, numbers.

        Returns
        -------
        self : object
            The fitted detector.

        Raises
        ------
        ValueError
            If `y` holds anything but one finite number for each row.
        """
        if y is None:
            return super().fit(X)
        y = target_values(y)
        X = self._validate_rows(X, reset=True)
        check_consistent_length(X, y)
        self.classes_, self._labelled = np.zeros(1, dtype=int), True
        random_state = check_random_state(self.random_state)
        self._folds = self._draw_folds(X, random_state)
        self.training_predictions_, self._models = self._predict_targets(X, y, random_state)
        residuals = np.abs(y - self.training_predictions_)
        self._least = max(
            LEAST_SIZE * np.median(residuals), 1e-9 * _spread(y), np.finfo(float).tiny
        )
        self.training_sizes_ = self._predict_sizes(X, residuals, random_state)
        scores = np.log1p(residuals / self.training_sizes_)
        codes = np.zeros(len(y), dtype=int)
        return self._fit_verdict(X, scores[:, np.newaxis], codes, random_state)

    def _draw_folds(self, X, random_state):
        """Training and left-out rows of each fold."""
        _, groups = np.unique(row_keys(X), return_inverse=True)
        n_folds = min(self.cv, groups.max() + 1)
        if n_folds < 2:
            return [(np.arange(len(groups)),) * 2]
        folds = GroupKFold(n_folds, shuffle=True, random_state=random_state.randint(2**31 - 1))
        return list(folds.split(groups, groups=groups))

    def _predict_targets(self, X, y, random_state):
        """Out-of-fold predictions of the best regression, and its clones."""
        center, spread = np.median(y), _spread(y)
        learnt = np.clip(y, center - FAR * spread, center + FAR * spread)
        if self.estimator is not None:
            return self._cross_fit(self.estimator, X, learnt, random_state)
        candidates = [make_pipeline(StandardScaler(), RidgeCV(np.logspace(-2, 4, 7)))]
        if len(y) >= ROWS_OF_TREES:
            candidates.append(_trees("absolute_error"))
        found = [self._cross_fit(model, X, learnt, random_state) for model in candidates]
        return min(found, key=lambda one: np.median(np.abs(y - one[0])))

    def _predict_sizes(self, X, residuals, random_state):
        """The usual size of a residual at each training row, and the models of it."""
        self._usual, self._size_models = max(np.median(residuals), self._least), None
        is_local = self.scale == "local" or (
            self.scale == "auto" and len(residuals) >= ROWS_OF_TREES
        )
        if not is_local:
            return np.full(len(residuals), self._usual)
        model = _trees("squared_error") if self.estimator is None else self.estimator
        logs = np.log(residuals + 0.1 * self._usual)
        expected, self._size_models = self._cross_fit(model, X, logs, random_state)
        self._center = np.median(expected)
        return self._as_size(expected)

    def _as_size(self, expected):
        """Expected logarithms of residuals as sizes, of which the median is that of residuals."""
        return np.maximum(np.exp(expected - self._center) * self._usual, self._least)

    def _cross_fit(self, estimator, X, target, random_state):
        """Predictions of rows by clones that have not learnt them, and the clones."""
        estimator = seeded_clone(estimator, random_state)
        parallel = Parallel(
            self.n_jobs, n_tasks=len(self._folds), description="folds", verbose=self.verbose
        )
        models = parallel(
            delayed(_fit)(estimator, _safe_indexing(X, train), target[train])
            for train, _ in self._folds
        )
        predictions = np.empty(len(target))
        for model, (_, rows) in zip(models, self._folds, strict=True):
            predictions[rows] = np.ravel(model.predict(_safe_indexing(X, rows)))
        return predictions, models

    def _judge(self, X, y):
        check_is_fitted(self)
        if not self._labelled:
            return super()._judge(X, y)
        X = self._validate_rows(X, reset=False)
        if y is None:
            warnings.warn(
                "ResidualDetector judges labels, but got no y: each row is taken to have the "
                "target that is expected of it, and wrong ones go unseen.",
                UserWarning,
                stacklevel=3,
            )
            return np.zeros((_num_samples(X), 1)), None
        y = target_values(y)
        check_consistent_length(X, y)
        place = self._training_rows.find(X)
        predictions, sizes = self.training_predictions_[place], self.training_sizes_[place]
        new = np.flatnonzero(place < 0)
        if len(new):
            rows = _safe_indexing(X, new)
            predictions[new] = _mean_prediction(self._models, rows)
            sizes[new] = self._usual
            if self._size_models is not None:
                sizes[new] = self._as_size(_mean_prediction(self._size_models, rows))
        scores = np.log1p(np.abs(y - predictions) / sizes)
        return scores[:, np.newaxis], np.zeros(len(y), dtype=int)

    def _takes_any_rows(self):
        return self.estimator is not None

    def _fit_scores(self, X, y, random_state):
        if self._takes_any_rows() and self._kind != "numbers":
            raise ValueError(
                f"ResidualDetector(estimator=...) needs targets in y where X is of the kind "
                f"{self._kind!r}: there are no distances between such rows."
            )
        self._distances = NeighborDistances(X, y, N_NEIGHBORS)
        return self._distances.of_training_rows(X, y)

    def _scores(self, X):
        return self._distances(X)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.regressor_tags = RegressorTags()  # y holds numbers
        return tags


def _trees(loss):
    return HistGradientBoostingRegressor(loss=loss, max_iter=100, early_stopping=False)


def _spread(y):
    return median_abs_deviation(y, scale="normal") or y.std() or 1.0


def _fit(estimator, X, y):
    with np.errstate(invalid="ignore", divide="ignore"):  # of rows that RidgeCV fits exactly
        return clone(estimator).fit(X, y)


def _mean_prediction(models, X):
    return np.mean([np.ravel(model.predict(X)) for model in models], axis=0)
