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

    @staticmethod
    def loss(decision, y):
        return (decision - y) ** 2

    def loss_slope(self, decision, y):
        return 2.0 * (decision - y)

    def solve(self, start):
        rows = np.flatnonzero(self.cost)
        matrix = self.gram[rows[:, None], rows]
        matrix[np.diag_indices(len(rows))] += 1.0 / self.cost[rows]
        system = BorderedSystem(matrix, intercept=self.intercept)
        theta = np.zeros(self.n_train)
        theta[rows], intercept = system.solve(self.y_train[rows], 0.0)
        decision = self.gram @ theta + intercept
        return Solution(theta, intercept, decision, rows, system)


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
