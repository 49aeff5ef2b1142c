"""Statistical attack on any regression."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.utils._param_validation import HasMethods, StrOptions

from skpoison._typing import Bounds, Estimator, Injection, RandomState
from skpoison.attacks._regression_base import (
    BaseRegressionPoisoningAttack,
    resolve_bounds,
    resolve_target_bounds,
)


class StatisticalRegressionAttack(BaseRegressionPoisoningAttack):
    """Poison at the corners of the data, with the target that the victim expects least.

    Rows are drawn from the normal distribution that has the mean and covariance of the columns and
    moved to the nearer bound in each column; the target is the bound further from what the victim,
    trained on the clean rows, predicts. The StatP of [1]_: nothing but predictions of the victim is
    needed, and it is fast.

    Parameters
    ----------
    estimator : regressor, default=None
        The victim, unfitted. None: :class:`sklearn.linear_model.Ridge`.

    rate : float or int, default=0.3
        How much poison: a float in [0, 1] is a share of the clean rows, an int a number of rows.

    bounds : "columns" or tuple of (low, high), default="columns"
        Where the corners are. "columns": at the ends of each column's own range. Low and high are
        numbers or arrays of shape (n_features,).

    target_bounds : "data" or tuple of (low, high), default="data"
        What the targets are. "data": the ends of the range of `y`.

    injection : {"append", "replace"}, default="append"
        "append" adds the poison to the clean rows; "replace" takes one clean row out for each.

    random_state : int, RandomState instance or None, default=None
        Seed of the draw.

    Attributes
    ----------
    poison_mask_ : ndarray of shape (n_samples_new,), dtype=bool
        True for the poison rows of the result.

    sample_indices_ : ndarray of shape (n_samples_new,), dtype=int
        The row of `X` each row of the result is; of poison, a random one, for it is made from all.

    n_features_in_ : int
        Number of columns, where `X` is two-dimensional.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, where `X` has names that are all strings.

    See Also
    --------
    GradientRegressionAttack : Stronger, on linear regressions.

    References
    ----------
    .. [1] M. Jagielski, A. Oprea, B. Biggio, C. Liu, C. Nita-Rotaru, B. Li, "Manipulating Machine
       Learning: Poisoning Attacks and Countermeasures for Regression Learning", IEEE Symposium on
       Security and Privacy 2018.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from skpoison.attacks import StatisticalRegressionAttack
    >>> X, y = load_diabetes(return_X_y=True)
    >>> attack = StatisticalRegressionAttack(rate=0.1, random_state=0)
    >>> X_poisoned, y_poisoned = attack.fit_resample(X, y)
    >>> sorted(set(y_poisoned[attack.poison_mask_].tolist())) == [y.min(), y.max()]
    True
    """

    short_names = {"regression-statistical": {}}

    _parameter_constraints = {
        **BaseRegressionPoisoningAttack._parameter_constraints,
        "estimator": [HasMethods(["fit", "predict"]), None],
        "bounds": [StrOptions({"columns"}), tuple, list],
        "target_bounds": [StrOptions({"data"}), tuple, list],
    }

    def __init__(
        self,
        estimator: Estimator | None = None,
        *,
        rate: float = 0.3,
        bounds: Bounds = "columns",
        target_bounds: Literal["data"] | Sequence[ArrayLike] = "data",
        injection: Injection = "append",
        random_state: RandomState = None,
    ):
        super().__init__(rate=rate, injection=injection, random_state=random_state)
        self.estimator = estimator
        self.bounds = bounds
        self.target_bounds = target_bounds

    def _make_poison(self, X, y, n_poison, X_val, y_val, random_state):
        low, high = resolve_bounds(self.bounds, X)
        target_low, target_high = resolve_target_bounds(self.target_bounds, y)
        covariance = (
            np.atleast_2d(np.cov(X, rowvar=False)) if len(X) > 1 else 0 * np.eye(X.shape[1])
        )
        drawn = random_state.multivariate_normal(
            X.mean(axis=0), covariance, n_poison, check_valid="ignore"
        )
        rows = np.where(drawn < (low + high) / 2, low, high)
        victim = clone(Ridge() if self.estimator is None else self.estimator).fit(X, y)
        expected = victim.predict(rows)
        target = np.where(expected < (target_low + target_high) / 2, target_high, target_low)
        sources = random_state.choice(len(y), n_poison, replace=n_poison > len(y))
        return rows, target, sources
