"""TRIM: regression on the rows that fit best."""

from numbers import Integral, Real
from typing import Self

import numpy as np
from joblib import delayed
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, MetaEstimatorMixin, RegressorMixin, _fit_context, clone
from sklearn.linear_model import LinearRegression
from sklearn.utils import _safe_indexing, check_random_state, column_or_1d
from sklearn.utils._param_validation import HasMethods, Interval
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from skpoison._typing import Estimator, IntArray, RandomState, Rows
from skpoison.robust._rows import check_rows, copy_input_tags
from skpoison.utils._cloning import seeded_clone
from skpoison.utils._parallel import Parallel
from skpoison.utils._targets import target_values


class TRIMRegressor(RegressorMixin, MetaEstimatorMixin, BaseEstimator):
    """Fit a regressor to the rows that fit it best.

    A regressor is fitted to a random part of the rows; then, over and over, to the rows with the
    smallest residuals, until these no longer change. Of several starts the one with the smallest
    squared residuals of the rows kept wins: least trimmed squares, where the regressor is [1]_.

    Parameters
    ----------
    estimator : regressor, default=None
        Clones of it are fitted. None: :class:`sklearn.linear_model.LinearRegression`.

    contamination : float, default=0.1
        Share of the training rows to leave out, in [0, 0.5].

    n_init : int, default=20
        Number of starts.

    max_iter : int, default=100
        Most fits of one start.

    n_jobs : int, default=None
        Number of starts at once, as in joblib.

    random_state : int, RandomState instance or None, default=None
        Seed of the starts, and of a regressor that has none of its own.

    Attributes
    ----------
    estimator_ : regressor
        The one fitted to the rows kept.

    poison_mask_ : ndarray of shape (n_samples,), dtype=bool
        True for the training rows left out.

    n_iter_ : int
        Fits of the winning start.

    n_features_in_ : int
        Number of columns.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, where `X` has names that are all strings.

    See Also
    --------
    SeverRegressor : Leaves out the rows whose gradients stand out.

    Notes
    -----
    Starts are the paper's, from as many rows as are kept; where `X` is an array of numbers, every
    other one is that of least trimmed squares [2]_, from one row more than there are columns, which
    are more likely to be free of poison.

    References
    ----------
    .. [1] M. Jagielski, A. Oprea, B. Biggio, C. Liu, C. Nita-Rotaru, B. Li, "Manipulating Machine
       Learning: Poisoning Attacks and Countermeasures for Regression Learning", IEEE Symposium on
       Security and Privacy 2018.
    .. [2] P. J. Rousseeuw, K. Van Driessen, "Computing LTS Regression for Large Data Sets", Data
       Mining and Knowledge Discovery 12, 2006.

    Examples
    --------
    >>> import numpy as np
    >>> from skpoison.robust import TRIMRegressor
    >>> X = np.arange(20.0).reshape(-1, 1)
    >>> y = 3 * X.ravel() + 1
    >>> y[[0, 7, 19]] = 0, 100, 0
    >>> model = TRIMRegressor(contamination=0.15, random_state=0).fit(X, y)
    >>> np.flatnonzero(model.poison_mask_)
    array([ 0,  7, 19])
    """

    short_names = {"trim": {}}

    _parameter_constraints = {
        "estimator": [HasMethods(["fit", "predict"]), None],
        "contamination": [Interval(Real, 0, 0.5, closed="both")],
        "n_init": [Interval(Integral, 1, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        estimator: Estimator | None = None,
        *,
        contamination: float = 0.1,
        n_init: int = 20,
        max_iter: int = 100,
        n_jobs: int | None = None,
        random_state: RandomState = None,
    ):
        self.estimator = estimator
        self.contamination = contamination
        self.n_init = n_init
        self.max_iter = max_iter
        self.n_jobs = n_jobs
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Rows, y: ArrayLike) -> Self:
        """Find the rows that fit best, and fit the regressor to them.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe, sequence of str} of shape (n_samples, ...)
            The rows, of any kind that `estimator` takes.

        y : array-like of shape (n_samples,)
            Their targets.

        Returns
        -------
        self : object
            The fitted regressor.
        """
        X = check_rows(self, X, self._inner(), reset=True)
        y = target_values(column_or_1d(y, warn=True))
        check_consistent_length(X, y)
        random_state = check_random_state(self.random_state)
        estimator = seeded_clone(self._inner(), random_state)
        n_kept = len(y) - round(self.contamination * len(y))
        is_numeric = isinstance(X, np.ndarray) and X.dtype.kind in "biuf"
        n_few = min(n_kept, np.prod(X.shape[1:]) + 1) if is_numeric else n_kept
        starts = [
            random_state.choice(len(y), n_few if start % 2 else n_kept, replace=False)
            for start in range(self.n_init if n_kept < len(y) else 1)
        ]
        found = Parallel(self.n_jobs)(
            delayed(_concentrate)(estimator, X, y, rows, n_kept, self.max_iter) for rows in starts
        )
        _, kept, self.estimator_, self.n_iter_ = min(found, key=lambda start: start[0])
        self.poison_mask_ = ~np.isin(np.arange(len(y)), kept)
        return self

    def predict(self, X: Rows) -> IntArray:
        """Predict targets.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe, sequence of str} of shape (n_samples, ...)
            Rows.

        Returns
        -------
        y : ndarray of shape (n_samples,)
        """
        check_is_fitted(self)
        return self.estimator_.predict(check_rows(self, X, self.estimator_, reset=False))

    def _inner(self):
        return LinearRegression() if self.estimator is None else self.estimator

    def __sklearn_tags__(self):
        return copy_input_tags(super().__sklearn_tags__(), self._inner())


def _concentrate(estimator, X, y, rows, n_kept, max_iter):
    """Fit and keep the best rows in turn: their squared residuals, the rows, regressor, fits."""
    kept, n_fits = np.sort(rows), 0
    while n_fits < max_iter:
        rows, n_fits = kept, n_fits + 1
        model = clone(estimator).fit(_safe_indexing(X, rows), y[rows])
        squares = (y - model.predict(X)) ** 2
        kept = np.sort(np.argsort(squares, kind="stable")[:n_kept])
        if np.array_equal(kept, rows):
            break
    return squares[kept].sum(), kept, model, n_fits
