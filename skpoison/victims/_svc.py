"""Support vector machine: an exact, warm-started active-set solver."""

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.svm import SVC

from skpoison.victims._kernels import KERNELS, Kernel
from skpoison.victims._machine import BinaryMachine, BorderedSystem, Solution
from skpoison.victims._victim import Victim

# How far a decision value may lie on the wrong side of its margin.
TOLERANCE = 1e-8
# Guesses of the whole active set before the solver falls back to one change at a time.
MAX_GUESSES = 20
# Where columns have very different units libsvm goes on for minutes: its most steps to a first
# guess, and where it trains a victim alone.
MAX_COLD_STEPS, MOST_STEPS = 100_000, 1_000_000


class SVCMachine(BinaryMachine):
    """The dual of a soft-margin SVM, solved exactly by active sets.

    A row is at its lower bound, at its upper bound, or free; given who is free, the coefficients
    solve one margin system. From the last solution few rows change sides, so the solver first
    guesses: all coefficients that left their bounds are fixed there, all fixed rows on the wrong
    side of their margin are freed, until nothing changes (a primal-dual active set method; two or
    three rounds as a rule). Should the guesses go in circles, `_descend` finds the solution by
    steps that each lower the dual objective.
    """

    has_curvature = False

    def set_cost(self, cost):
        super().set_cost(cost)
        self.low = np.minimum(0.0, self.y_train * cost)
        self.high = np.maximum(0.0, self.y_train * cost)
        self.taking_part = cost > 0

    @staticmethod
    def coefficient(decision, y, cost):
        return np.where(y * decision < 1.0, cost * y, 0.0)

    @staticmethod
    def loss(decision, y):
        return np.maximum(0.0, 1.0 - y * decision)

    def solve(self, start):
        if start is None:
            theta = self._train_cold()
            return self._guess(theta.copy()) or self._descend(theta.copy())
        theta = np.clip(start.theta, self.low, self.high)
        solution = self._guess(theta.copy())
        if solution is None:  # steps begin at coefficients that sum to zero
            left_bounds = (theta != start.theta).any()
            solution = self._descend(self._train_cold() if left_bounds else theta.copy())
        return solution

    def _train_cold(self):
        rows = np.flatnonzero(self.cost)
        victim = SVC(kernel="precomputed", C=1.0, max_iter=MAX_COLD_STEPS)
        victim.fit(
            self.gram[rows[:, None], rows], self.y_train[rows], sample_weight=self.cost[rows]
        )
        theta = np.zeros(self.n_train)
        theta[rows[victim.support_]] = victim.dual_coef_[0]
        return np.clip(theta, self.low, self.high)

    def _guess(self, theta):
        """The solution by whole active sets, or None."""
        train = self.gram[: self.n_train]
        free = (theta > self.low) & (theta < self.high)
        for _ in range(MAX_GUESSES):
            rows = np.flatnonzero(free)
            if len(rows) == 0:
                return None
            system = BorderedSystem(train[rows[:, None], rows], intercept=self.intercept)
            used = np.flatnonzero(theta)  # few of many candidates
            residual = self.y_train[rows] - train[rows[:, None], used] @ theta[used]
            step, intercept = system.solve(residual, -theta.sum())
            wanted = theta[rows] + step
            theta[rows] = np.clip(wanted, self.low[rows], self.high[rows])
            left = theta[rows] != wanted
            solved = theta.copy()
            solved[rows] = wanted
            used = np.flatnonzero(solved)
            decision = train[:, used] @ solved[used] + intercept
            violation = self._violation(theta, self.y_train - decision)
            violation[rows] = 0.0
            wrong = violation > TOLERANCE
            if not left.any() and not wrong.any():
                return self._solution(theta, intercept, rows, system)
            free[rows[left]] = False
            free |= wrong
        return None

    def _descend(self, theta):
        """The solution by steps that keep all bounds and each lower the dual objective."""
        train = self.gram[: self.n_train]
        free = (theta > self.low) & (theta < self.high)
        for _ in range(100 + 20 * self.n_train):
            rows = np.flatnonzero(free)
            residual = self.y_train - train @ theta
            if len(rows) == 0 and not self.intercept:
                violation = self._violation(theta, residual)
                if violation.max() <= TOLERANCE:
                    return self._solution(theta, 0.0, rows, None)
                free[violation.argmax()] = True
                continue
            if len(rows) == 0:
                pair = self._extreme_pair(theta, residual)
                if residual[pair[0]] - residual[pair[1]] <= TOLERANCE:
                    return self._solution(theta, residual[pair].mean(), pair, None)
                free[pair] = True
                continue
            system = BorderedSystem(train[rows[:, None], rows], intercept=self.intercept)
            step, intercept = system.solve(residual[rows], -theta.sum())
            wanted = theta[rows] + step
            bound = np.where(step > 0, self.high[rows], self.low[rows])
            outside = (wanted - bound) * np.sign(step) > 0
            if outside.any():
                share = (bound - theta[rows])[outside] / step[outside]
                length = share.min()
                stopped = np.flatnonzero(outside)[share <= length]
                theta[rows] += length * step
                theta[rows[stopped]] = bound[stopped]
                free[rows[stopped]] = False
                continue
            theta[rows] = wanted
            violation = self._violation(theta, self.y_train - train @ theta - intercept)
            violation[rows] = 0.0
            if violation.max() <= TOLERANCE:
                return self._solution(theta, intercept, rows, system)
            free |= violation > max(TOLERANCE, 0.5 * violation.max())
        warnings.warn(
            "The victim's margins did not settle; the attack goes on with the last ones.",
            ConvergenceWarning,
            stacklevel=2,
        )
        return self._solution(theta, intercept, rows, system)

    def _violation(self, theta, slack):
        """How far rows at a bound are on the wrong side; `slack` is y - f at each row."""
        return np.where(theta >= self.high, -slack, slack) * self.taking_part

    def _extreme_pair(self, theta, residual):
        """The rows between whose residuals the intercept lies when no coefficient is free."""
        upward = np.where(theta < self.high, residual, -np.inf)
        downward = np.where(theta > self.low, residual, np.inf)
        return np.array([upward.argmax(), downward.argmin()])

    def _solution(self, theta, intercept, rows, system):
        used = np.flatnonzero(theta)
        decision = self.gram[:, used] @ theta[used] + intercept
        return Solution(theta, intercept, decision, rows, system)


def describe_svc(estimator):
    """The `Victim` for a :class:`~sklearn.svm.SVC`.

    Raises
    ------
    ValueError
        If its kernel has no derivative here.
    """
    if estimator.kernel not in KERNELS:
        raise ValueError(
            f"estimator={estimator!r} has the kernel {estimator.kernel!r}; the kernels that can be "
            f"attacked are {', '.join(map(repr, KERNELS))}."
        )

    def make_kernel(X):
        gamma = estimator.gamma
        if gamma == "scale":
            variance = X.var()
            gamma = 1.0 / (X.shape[1] * variance) if variance > 0 else 1.0
        elif gamma == "auto":
            gamma = 1.0 / X.shape[1]
        return Kernel(estimator.kernel, gamma=gamma, degree=estimator.degree, coef0=estimator.coef0)

    return Victim(
        SVCMachine,
        make_kernel,
        cost=estimator.C,
        class_weight=estimator.class_weight,
        pairwise=True,
    )
