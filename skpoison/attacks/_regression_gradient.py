"""Optimisation attack on linear regressions."""

from collections.abc import Sequence
from numbers import Integral, Real
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions

from skpoison._typing import Bounds, Estimator, Injection, RandomState
from skpoison.attacks._regression_base import (
    BaseRegressionPoisoningAttack,
    resolve_bounds,
    resolve_target_bounds,
)
from skpoison.victims._least_squares import check_regression, loss_gradients, validation_loss

FIRST_STEP, LEAST_STEP = 0.25, 1e-3  # in units of the width of the bounds


class GradientRegressionAttack(BaseRegressionPoisoningAttack):
    """Poison rows and targets that climb the error of a linear regression.

    Copies of training rows, their targets moved to a bound, climb together the gradient of the
    mean squared error that the regression, trained on clean and poison rows, has on the attacker's
    rows (`X_val`; without them, on the clean rows). Columns and target move. How the coefficients
    follow a row comes from the optimality conditions of the fit [1]_.

    Parameters
    ----------
    estimator : LinearRegression, Ridge, Lasso or ElasticNet, default=None
        The victim, unfitted. None: :class:`sklearn.linear_model.Ridge`.

    rate : float or int, default=0.3
        How much poison: a float in [0, 1] is a share of the clean rows, an int a number of rows.
        Where this is more than there are rows, rows are used again.

    bounds : "columns" or tuple of (low, high), default="columns"
        Where poison rows may be. "columns": in each column's own range. Low and high are numbers
        or arrays of shape (n_features,).

    target_bounds : "data" or tuple of (low, high), default="data"
        Where their targets may be. "data": in the range of `y`.

    max_iter : int, default=100
        Most steps.

    tol : float, default=1e-6
        The ascent ends when a step gains less than this share of the error.

    injection : {"append", "replace"}, default="append"
        "append" adds the poison to the clean rows; "replace" takes one clean row out for each.

    random_state : int, RandomState instance or None, default=None
        Seed of the starting rows.

    Attributes
    ----------
    objective_path_ : ndarray of shape (n_steps + 1,)
        Mean squared error on the attacker's rows at the start and after each step.

    poison_mask_ : ndarray of shape (n_samples_new,), dtype=bool
        True for the poison rows of the result.

    sample_indices_ : ndarray of shape (n_samples_new,), dtype=int
        The row of `X` each row of the result is or was started from.

    n_features_in_ : int
        Number of columns, where `X` is two-dimensional.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, where `X` has names that are all strings.

    See Also
    --------
    StatisticalRegressionAttack : Needs predictions of the victim only.

    Notes
    -----
    Two starts of the paper are tried, of which the one with the larger error is taken: targets
    mirrored in their range, and at the bound that lies further away. The paper moves one row after
    the other; here all move at once and the victim is trained once a step.

    References
    ----------
    .. [1] M. Jagielski, A. Oprea, B. Biggio, C. Liu, C. Nita-Rotaru, B. Li, "Manipulating Machine
       Learning: Poisoning Attacks and Countermeasures for Regression Learning", IEEE Symposium on
       Security and Privacy 2018.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.linear_model import Ridge
    >>> from skpoison.attacks import GradientRegressionAttack
    >>> X, y = load_diabetes(return_X_y=True)
    >>> attack = GradientRegressionAttack(Ridge(alpha=0.1), rate=0.1, random_state=0)
    >>> X_poisoned, y_poisoned = attack.fit_resample(X, y)
    >>> X_poisoned.shape
    (486, 10)
    >>> bool(attack.objective_path_[-1] > attack.objective_path_[0])
    True
    """

    short_names = {"regression-gradient": {}}

    _parameter_constraints = {
        **BaseRegressionPoisoningAttack._parameter_constraints,
        "estimator": [HasMethods(["fit", "predict"]), None],
        "bounds": [StrOptions({"columns"}), tuple, list],
        "target_bounds": [StrOptions({"data"}), tuple, list],
        "max_iter": [Interval(Integral, 0, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
    }

    def __init__(
        self,
        estimator: Estimator | None = None,
        *,
        rate: float = 0.3,
        bounds: Bounds = "columns",
        target_bounds: Literal["data"] | Sequence[ArrayLike] = "data",
        max_iter: int = 100,
        tol: float = 1e-6,
        injection: Injection = "append",
        random_state: RandomState = None,
    ):
        super().__init__(rate=rate, injection=injection, random_state=random_state)
        self.estimator = estimator
        self.bounds = bounds
        self.target_bounds = target_bounds
        self.max_iter = max_iter
        self.tol = tol

    def _make_poison(self, X, y, n_poison, X_val, y_val, random_state):
        estimator = Ridge() if self.estimator is None else self.estimator
        check_regression(estimator)
        bounds = resolve_bounds(self.bounds, X)
        low, high = resolve_target_bounds(self.target_bounds, y)
        attacker = (X, y) if X_val is None else (X_val, y_val)
        rounds = -(-n_poison // len(y))
        sources = np.concatenate([random_state.permutation(len(y)) for _ in range(rounds)])
        sources = sources[:n_poison]

        rows = np.clip(X[sources], *bounds)
        mirrored = low + high - np.clip(y[sources], low, high)
        at_bound = np.where(y[sources] < (low + high) / 2, high, low)
        poison = np.vstack([np.append(bounds[0], low), np.append(bounds[1], high)])
        starts = [np.column_stack([rows, target]) for target in (mirrored, at_bound)]
        climb = _Climb(estimator, X, y, *attacker, *poison)
        best = max(starts, key=lambda start: climb.train(start)[1])
        made, self.objective_path_ = climb.run(best, self.max_iter, self.tol)
        return made[:, :-1], made[:, -1], sources


class _Climb:
    """Projected gradient ascent of all poison rows at once; their last column is the target."""

    def __init__(self, estimator, X, y, X_val, y_val, low, high):
        self.estimator, self.attacker = estimator, (X_val, y_val)
        self.X, self.y = X, y
        self.low, self.high = low, high

    def train(self, poison):
        """The victim fitted with these poison rows, and its error."""
        model = clone(self.estimator).fit(*self._with(poison))
        return model, validation_loss(model, *self.attacker)

    def run(self, poison, max_iter, tol):
        """The poison rows after the ascent, and the error on the way."""
        width = self.high - self.low
        (model, error), step, path = self.train(poison), FIRST_STEP, []
        path.append(error)
        while len(path) <= max_iter and step >= LEAST_STEP:
            rows = np.arange(len(self.y), len(self.y) + len(poison))
            gradient = loss_gradients(model, *self._with(poison), rows, *self.attacker)
            slope = np.column_stack(gradient) * width
            largest = np.abs(slope).max(axis=1, keepdims=True)
            slope = np.divide(slope, largest, out=np.zeros_like(slope), where=largest > 0)
            while step >= LEAST_STEP:
                moved = np.clip(poison + step * width * slope, self.low, self.high)
                new_model, new_error = self.train(moved)
                if new_error > error:
                    break
                step /= 2
            else:
                break
            gain = new_error - error
            poison, model, error = moved, new_model, new_error
            step = min(2 * step, 1.0)
            path.append(error)
            if gain <= tol * error:
                break
        return poison, np.array(path)

    def _with(self, poison):
        return np.vstack([self.X, poison[:, :-1]]), np.append(self.y, poison[:, -1])
