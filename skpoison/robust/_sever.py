"""Sever: leave out the rows whose gradients stand out together."""

from numbers import Integral, Real
from typing import Self

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse
from scipy.sparse.linalg import LinearOperator, svds
from sklearn.base import (
    BaseEstimator,
    ClassifierMixin,
    MetaEstimatorMixin,
    RegressorMixin,
    _fit_context,
    clone,
)
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.utils import _safe_indexing, check_random_state, column_or_1d
from sklearn.utils._param_validation import HasMethods, Interval
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from skpoison._typing import Estimator, IntArray, RandomState, Rows
from skpoison.robust._rows import check_rows, copy_input_tags
from skpoison.utils._cloning import seeded_clone
from skpoison.utils._labels import label_values
from skpoison.utils._pipelines import last_step_and_rows
from skpoison.utils._targets import target_values


class _Sever(MetaEstimatorMixin, BaseEstimator):
    """What the classifier and the regressor have in common."""

    _parameter_constraints = {
        "estimator": [HasMethods(["fit", "predict"]), None],
        "contamination": [Interval(Real, 0, 0.5, closed="both")],
        "n_rounds": [Interval(Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        estimator: Estimator | None = None,
        *,
        contamination: float = 0.1,
        n_rounds: int = 4,
        random_state: RandomState = None,
    ):
        self.estimator = estimator
        self.contamination = contamination
        self.n_rounds = n_rounds
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Rows, y: ArrayLike) -> Self:
        """Fit to the rows whose gradients do not stand out.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
            The rows, of any kind that `estimator` takes.

        y : array-like of shape (n_samples,)
            Their labels or targets.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If `estimator` gets no numbers: a pipeline that makes some of texts and tables does.
        """
        X = check_rows(self, X, self._inner(), reset=True)
        y = self._read_target(y)
        check_consistent_length(X, y)
        estimator = seeded_clone(self._inner(), check_random_state(self.random_state))
        n_dropped = int(self.contamination / 2 * len(y) + 0.5)  # in a round
        kept = np.arange(len(y))
        self.estimator_ = clone(estimator).fit(X, y)
        for _ in range(self.n_rounds if n_dropped else 0):
            rows = _safe_indexing(X, kept)
            features = _numbers_in_front(self.estimator_, rows)
            slopes = self._loss_slopes(rows, y[kept])
            scores = gradient_scores(features, slopes)
            best = np.sort(np.argsort(scores, kind="stable")[: len(kept) - n_dropped])
            if not self._can_fit(y[kept[best]]):
                break
            kept = kept[best]
            self.estimator_ = clone(estimator).fit(_safe_indexing(X, kept), y[kept])
        self.poison_mask_ = ~np.isin(np.arange(len(y)), kept)
        return self

    def predict(self, X: Rows) -> IntArray:
        """Predict labels or targets.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        y : ndarray of shape (n_samples,)
        """
        check_is_fitted(self)
        return self.estimator_.predict(check_rows(self, X, self.estimator_, reset=False))

    def __sklearn_tags__(self):
        return copy_input_tags(super().__sklearn_tags__(), self._inner())


class SeverClassifier(ClassifierMixin, _Sever):
    """Classifier fitted without the rows whose gradients stand out together.

    A poison row that does harm pulls at the fitted parameters, and many must pull in one
    direction. So a classifier is fitted, each row's gradient of the loss is taken at its
    parameters, and the rows that reach furthest along the leading direction of the centred
    gradients are left out; and so on for a few rounds [1]_.

    Parameters
    ----------
    estimator : classifier, default=None
        Clones of it are fitted. None: :class:`sklearn.linear_model.LogisticRegression`. A linear
        one on numbers, or a pipeline that ends in one, is what the paper's guarantee is about.

    contamination : float, default=0.1
        Share of poison to expect among the training rows, in [0, 0.5]. Each round leaves out half
        as many.

    n_rounds : int, default=4
        Number of rounds.

    random_state : int, RandomState instance or None, default=None
        Seed of a classifier that has none of its own.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels seen in fit.

    estimator_ : classifier
        The one fitted to the rows kept.

    poison_mask_ : ndarray of shape (n_samples,), dtype=bool
        True for the training rows left out.

    n_features_in_ : int
        Number of columns.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, where `X` has names that are all strings.

    See Also
    --------
    SeverRegressor : The same for numbers.

    Notes
    -----
    The loss is the log loss of ``predict_proba``; of a classifier that has none, the hinge loss of
    ``decision_function``. The gradient is that for the coefficients and the intercept of a linear
    function added to what the classifier gives, at zero: for a linear classifier its own
    parameters. Rounds end early where a class would vanish.

    References
    ----------
    .. [1] I. Diakonikolas, G. Kamath, D. Kane, J. Li, J. Steinhardt, A. Stewart, "Sever: A Robust
       Meta-Algorithm for Stochastic Optimization", ICML 2019.

    Examples
    --------
    >>> import numpy as np
    >>> from skpoison.robust import SeverClassifier
    >>> rng = np.random.RandomState(0)
    >>> X, y = rng.normal(size=(200, 2)), np.repeat([0, 1], 100)
    >>> X[:, 0] += 4 * y
    >>> X[:20, 0] += 8  # far on the wrong side
    >>> model = SeverClassifier(contamination=0.1).fit(X, y)
    >>> bool(model.poison_mask_[:20].all())
    True
    """

    short_names = {"sever": {}}

    def _inner(self):
        return LogisticRegression() if self.estimator is None else self.estimator

    def _read_target(self, y):
        y = label_values(column_or_1d(y, warn=True))
        self.classes_ = np.unique(y)
        if len(self.classes_) == 1:
            raise ValueError(
                "SeverClassifier needs rows of at least two classes in y, got one class only: "
                f"{y[:1].tolist()[0]!r}."
            )
        return y

    def _can_fit(self, y):
        return len(np.unique(y)) == len(self.classes_)

    def _loss_slopes(self, X, y):
        """Slope of each row's loss in what the classifier gives for each class."""
        truth = (y[:, np.newaxis] == self.classes_).astype(np.float64)
        if len(self.classes_) == 2:
            truth = truth[:, 1:]
        if hasattr(self.estimator_, "predict_proba"):
            return self.estimator_.predict_proba(X)[:, -truth.shape[1] :] - truth
        sign = 2 * truth - 1
        decision = np.reshape(self.estimator_.decision_function(X), truth.shape)
        return np.where(sign * decision < 1, -sign, 0.0)


class SeverRegressor(RegressorMixin, _Sever):
    """Regressor fitted without the rows whose gradients stand out together.

    As :class:`SeverClassifier` [1]_, with the squared loss.

    Parameters
    ----------
    estimator : regressor, default=None
        Clones of it are fitted. None: :class:`sklearn.linear_model.Ridge`.

    contamination : float, default=0.1
        Share of poison to expect among the training rows, in [0, 0.5]. Each round leaves out half
        as many.

    n_rounds : int, default=4
        Number of rounds.

    random_state : int, RandomState instance or None, default=None
        Seed of a regressor that has none of its own.

    Attributes
    ----------
    estimator_ : regressor
        The one fitted to the rows kept.

    poison_mask_ : ndarray of shape (n_samples,), dtype=bool
        True for the training rows left out.

    n_features_in_ : int
        Number of columns.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, where `X` has names that are all strings.

    See Also
    --------
    TRIMRegressor : Leaves out the rows with the largest residuals.

    References
    ----------
    .. [1] I. Diakonikolas, G. Kamath, D. Kane, J. Li, J. Steinhardt, A. Stewart, "Sever: A Robust
       Meta-Algorithm for Stochastic Optimization", ICML 2019.

    Examples
    --------
    >>> import numpy as np
    >>> from skpoison.robust import SeverRegressor
    >>> X = np.arange(100.0).reshape(-1, 1)
    >>> y = 3 * X.ravel() + 1
    >>> y[90:] = -500
    >>> model = SeverRegressor(contamination=0.1).fit(X, y)
    >>> bool(model.poison_mask_[90:].all())
    True
    """

    short_names = {"regression-sever": {}}

    def _inner(self):
        return Ridge() if self.estimator is None else self.estimator

    def _read_target(self, y):
        return target_values(column_or_1d(y, warn=True))

    def _can_fit(self, y):
        return len(y) > 0

    def _loss_slopes(self, X, y):
        """Slope of each row's squared loss in the prediction."""
        return 2 * (self.estimator_.predict(X) - y)[:, np.newaxis]


def gradient_scores(X, slopes):
    """Squared reach of each row's gradient along the leading direction of all, centred.

    The gradient of a row is the outer product of its slopes and of its features and a one.

    Parameters
    ----------
    X : {ndarray, sparse matrix} of shape (n_samples, n_features)
        Features.

    slopes : ndarray of shape (n_samples, n_outputs)
        Slope of each row's loss in what the estimator gives.

    Returns
    -------
    scores : ndarray of shape (n_samples,)
    """
    if not slopes.any():
        return np.zeros(len(slopes))
    ones = np.ones((len(slopes), 1))
    X = sparse.hstack([X, ones], format="csr") if sparse.issparse(X) else np.hstack([X, ones])
    n_gradients, n_outputs, n_columns = len(slopes), slopes.shape[1], X.shape[1]
    mean = (slopes.T @ X).ravel() / n_gradients

    def along(direction):
        direction = np.ravel(direction)
        return ((X @ direction.reshape(n_outputs, n_columns).T) * slopes).sum(1) - mean @ direction

    def back(weights):
        weights = np.ravel(weights)
        return ((slopes * weights[:, np.newaxis]).T @ X).ravel() - mean * weights.sum()

    shape = (n_gradients, n_outputs * n_columns)
    if min(shape) < 3:  # too small for Lanczos
        gradients = np.stack([along(unit) for unit in np.eye(shape[1])], axis=1)
        return (gradients @ np.linalg.svd(gradients)[2][0]) ** 2
    gradients = LinearOperator(shape, matvec=along, rmatvec=back, dtype=np.float64)
    start = np.random.RandomState(0).normal(size=min(shape))
    *_, directions = svds(gradients, k=1, v0=start)
    return along(directions[0]) ** 2


def _numbers_in_front(estimator, X):
    """The rows as the last step of a pipeline sees them, flattened; they must be numbers."""
    _, X = last_step_and_rows(estimator, X)
    if sparse.issparse(X):
        return X
    try:
        X = np.asarray(X, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"Sever works on the numbers that estimator={estimator!r} is fitted to; X holds "
            "something else. A pipeline of an encoder and a linear model takes it."
        ) from error
    return X.reshape(len(X), -1)
