"""Logistic regression: Newton's method in dual form."""

import warnings

import numpy as np
from scipy.special import expit
from sklearn.exceptions import ConvergenceWarning

from skpoison.victims._kernels import Kernel
from skpoison.victims._machine import BinaryMachine, BorderedSystem, Solution
from skpoison.victims._victim import Victim

# Largest error of the optimality conditions, relative to the cost.
TOLERANCE = 1e-10
MAX_NEWTON_STEPS = 100
MAX_HALVINGS = 30
# Rows that are so well classified that their loss has no curvature left keep this much of it.
SMALLEST_CURVATURE = 1e-10


class LogisticMachine(BinaryMachine):
    """L2-regularised logistic regression: theta = cost * y * sigmoid(-y f)."""

    @staticmethod
    def coefficient(decision, y, cost):
        return cost * y * expit(-y * decision)

    @staticmethod
    def loss(decision, y):
        return np.logaddexp(0.0, -y * decision)

    def solve(self, start):
        """Newton's method, with halved steps where a whole one does not lower the objective."""
        rows = np.flatnonzero(self.cost)
        train, y, cost = self.gram[rows[:, None], rows], self.y_train[rows], self.cost[rows]
        theta, intercept = (np.zeros(len(rows)), 0.0)
        if start is not None:
            theta, intercept = start.theta[rows], start.intercept
        decision = train @ theta + intercept

        def objective(theta, decision):
            """Half the squared norm plus the weighted losses; the intercept's part cancels."""
            return 0.5 * theta @ (train @ theta) + cost @ np.logaddexp(0.0, -y * decision)

        for _ in range(MAX_NEWTON_STEPS):
            miss = expit(-y * decision)
            wanted = cost * y * miss
            curvature = np.maximum(cost * miss * (1 - miss), SMALLEST_CURVATURE * cost)
            matrix = train.copy()
            matrix[np.diag_indices(len(rows))] += 1.0 / curvature
            system = BorderedSystem(matrix, intercept=self.intercept)
            if np.abs(wanted - theta).max() <= TOLERANCE * cost.max():
                break
            new_theta, new_intercept = system.solve(decision + wanted / curvature, 0.0)
            value = objective(theta, decision)
            for _ in range(MAX_HALVINGS):
                new_decision = train @ new_theta + new_intercept
                if objective(new_theta, new_decision) <= value:
                    break
                new_theta = 0.5 * (theta + new_theta)
                new_intercept = 0.5 * (intercept + new_intercept)
            else:
                break
            theta, intercept, decision = new_theta, new_intercept, new_decision
        else:
            warnings.warn(
                "The logistic regression did not converge; the attack goes on with the last one.",
                ConvergenceWarning,
                stacklevel=2,
            )
        all_theta = np.zeros(self.n_train)
        all_theta[rows] = theta
        decision = self.gram[:, rows] @ theta + intercept
        return Solution(all_theta, intercept, decision, rows, system)


def describe_logistic(estimator):
    """The `Victim` for a :class:`~sklearn.linear_model.LogisticRegression`.

    Raises
    ------
    ValueError
        If its penalty is not the squared norm, or the solver penalises the intercept.
    """
    settings = estimator.get_params()
    if settings.get("l1_ratio") or settings.get("penalty", "l2") not in ("deprecated", "l2"):
        raise ValueError(
            f"estimator={estimator!r} cannot be attacked with this penalty; l1_ratio=0 can."
        )
    if estimator.solver == "liblinear":
        raise ValueError(
            f"estimator={estimator!r} cannot be attacked with solver='liblinear', which penalises "
            "the intercept; the other solvers can."
        )
    if not np.isfinite(estimator.C):
        raise ValueError(f"estimator={estimator!r} cannot be attacked with C={estimator.C!r}.")
    return Victim(
        LogisticMachine,
        lambda X: Kernel("linear"),
        cost=estimator.C,
        class_weight=estimator.class_weight,
        intercept=estimator.fit_intercept,
    )
