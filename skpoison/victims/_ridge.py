"""Ridge classifier: one linear system."""

import numpy as np
from sklearn.linear_model import Ridge

from skpoison.victims._kernels import Kernel
from skpoison.victims._machine import BinaryMachine, BorderedSystem, Solution
from skpoison.victims._victim import Victim


class RidgeMachine(BinaryMachine):
    """Least squares on labels -1 and +1: theta = cost * (y - f)."""

    @staticmethod
    def coefficient(decision, y, cost):
        return cost * (y - decision)

    def loss(self, decision):
        return (decision - self.y_val) ** 2

    def loss_slope(self, decision):
        return 2.0 * (decision - self.y_val)

    def solve(self, start):
        matrix = self.gram[: self.n_train].copy()
        matrix[np.diag_indices(self.n_train)] += 1.0 / self.cost
        system = BorderedSystem(matrix, intercept=self.intercept)
        theta, intercept = system.solve(self.y_train, 0.0)
        decision = self.gram @ theta + intercept
        return Solution(theta, intercept, decision, np.arange(self.n_train), system)


def describe_ridge(estimator):
    """The `Victim` for a :class:`~sklearn.linear_model.RidgeClassifier` or ``Ridge``.

    A ``Ridge`` is taken as the regression on labels -1 and +1 that a ``RidgeClassifier`` is.

    Raises
    ------
    ValueError
        If `alpha` is not a positive number or the coefficients are bound to be positive.
    """
    if not (np.isscalar(estimator.alpha) and estimator.alpha > 0):
        raise ValueError(
            f"estimator={estimator!r} cannot be attacked with alpha={estimator.alpha!r}; a number "
            "above 0 can."
        )
    if estimator.positive:
        raise ValueError(f"estimator={estimator!r} cannot be attacked with positive=True.")
    return Victim(
        RidgeMachine,
        lambda X: Kernel("linear"),
        cost=1.0 / estimator.alpha,
        class_weight=None if isinstance(estimator, Ridge) else estimator.class_weight,
        intercept=estimator.fit_intercept,
    )
