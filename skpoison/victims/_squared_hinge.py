"""Squared hinge loss: Newton's method on the rows inside the margin."""

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from skpoison.victims._machine import BinaryMachine, BorderedSystem, Solution

MAX_NEWTON_STEPS = 100
MAX_HALVINGS = 30


class SquaredHingeMachine(BinaryMachine):
    """L2-regularised machine with the loss max(0, 1 - y f)^2: theta = 2 cost y max(0, 1 - y f)."""

    @staticmethod
    def coefficient(decision, y, cost):
        return 2.0 * cost * y * np.maximum(0.0, 1.0 - y * decision)

    @staticmethod
    def loss(decision, y):
        return np.maximum(0.0, 1.0 - y * decision) ** 2

    def solve(self, start):
        """Newton's method: given the rows inside the margin, the solution is one linear system."""
        train = self.gram[: self.n_train]
        taking_part = self.cost > 0
        theta, intercept = (np.zeros(self.n_train), 0.0) if start is None else start[:2]
        decision = train @ theta + intercept
        for _ in range(MAX_NEWTON_STEPS):
            inside = (self.y_train * decision < 1.0) & taking_part
            if not inside.any():  # far from any solution, which has rows inside
                inside = taking_part
            rows = np.flatnonzero(inside)
            matrix = train[rows[:, None], rows]
            matrix[np.diag_indices(len(rows))] += 0.5 / self.cost[rows]
            system = BorderedSystem(matrix, intercept=self.intercept)
            new_theta = np.zeros(self.n_train)
            new_theta[rows], new_intercept = system.solve(self.y_train[rows], 0.0)
            new_decision = train @ new_theta + new_intercept
            if (((self.y_train * new_decision < 1.0) & taking_part) == inside).all():
                theta, intercept = new_theta, new_intercept
                break
            value = self._objective(theta, decision)
            for _ in range(MAX_HALVINGS):
                if self._objective(new_theta, new_decision) <= value:
                    break
                new_theta = 0.5 * (theta + new_theta)
                new_intercept = 0.5 * (intercept + new_intercept)
                new_decision = train @ new_theta + new_intercept
            theta, intercept, decision = new_theta, new_intercept, new_decision
        else:
            warnings.warn(
                "The squared hinge loss did not settle; the attack goes on with the last machine.",
                ConvergenceWarning,
                stacklevel=2,
            )
        decision = self.gram @ theta + intercept
        return Solution(theta, intercept, decision, rows, system)

    def _objective(self, theta, decision):
        norm = theta @ (self.gram[: self.n_train] @ theta)
        return 0.5 * norm + self.cost @ np.maximum(0.0, 1.0 - self.y_train * decision) ** 2
