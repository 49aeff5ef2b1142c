"""What all victims share: a binary machine in dual form and its implicit derivative.

Every victim here decides by f(x) = sum_i theta_i k(x_i, x) + b, and its signed dual coefficients
theta fulfil, with a loss of the decision value at each training row,

    theta_i = -cost_i * loss'(y_i, f(x_i)),    sum_i theta_i = 0 (with an intercept).

Let the row x_p move. Differentiating these conditions on the rows whose coefficients may move
(the margin support vectors of an SVM, all rows where the loss is smooth) gives

    [A  1] [d theta]     [dF]
    [1' 0] [d b    ] = - [0 ],    A = K + diag(1 / (cost * loss'')),

with dF the change of f at those rows that the kernel values alone cause. For an objective of the
attacker with slopes g = dL/df on the evaluation rows, one adjoint system

    [A  1] [u]   [K' g]
    [1' 0] [v] = [1' g]

serves every gradient: dL/dx_p = sum_r c_r dk(x_p, x_r)/dx_p with c_r = -(theta_p u_r + u_p theta_r)
on training rows, u being zero elsewhere, and c_r = theta_p g_r on evaluation rows. This is eq. 10
of Demontis et al. (2019), with the moving row itself allowed among those that solve the system.
"""

from abc import ABC, abstractmethod
from typing import Any, NamedTuple

import numpy as np
from scipy.linalg.lapack import dpotrf, dpotrs


class Solution(NamedTuple):
    """A trained machine and what its derivative needs."""

    theta: Any  # (n_train,) signed dual coefficients
    intercept: float
    decision: Any  # (n_train + n_val,) decision values, evaluation rows last
    rows: Any  # the training rows whose coefficients may move
    system: Any  # the BorderedSystem of those rows; None: b is the mean of b at two rows, if any


class BorderedSystem:
    """The system [A 1; 1' 0] with A positive definite, or A alone without an intercept.

    Raises
    ------
    numpy.linalg.LinAlgError
        If A is not positive definite or not finite.
    """

    def __init__(self, matrix, *, intercept=True):
        self.factor, failed = dpotrf(matrix, lower=1, clean=0)
        if failed:
            raise np.linalg.LinAlgError(
                "the victim's linear system is not positive definite: its kernel values are too "
                "large, too unequal or not finite; scale X to a range like [0, 1]"
            )
        self.border = None
        if intercept:
            self.border, _ = dpotrs(self.factor, np.ones(len(matrix)), lower=1)
            self.border_sum = self.border.sum()

    def solve(self, right, total):
        """Solve for u (n,) and v with A u + v = right and sum(u) = total."""
        inner, _ = dpotrs(self.factor, right, lower=1)
        if self.border is None:
            return inner, 0.0
        shift = (inner.sum() - total) / self.border_sum
        return inner - shift * self.border, shift

    def quadratic_form(self, columns):
        """The form c' u + v of the solution for each right side c (n, m), with sum(u) = 1."""
        inner, _ = dpotrs(self.factor, columns, lower=1)
        form = np.einsum("ij,ij->j", columns, inner)
        if self.border is None:
            return form
        return form - (inner.sum(axis=0) - 1.0) ** 2 / self.border_sum


class BinaryMachine(ABC):
    """One binary problem of a victim: its Gram matrix, its training and its derivative.

    Parameters
    ----------
    gram : ndarray of shape (n_train + n_val, n_train)
        Kernel values of the training rows (first) and the evaluation rows with training rows.
    y_train, y_val : ndarray of shape (n_train,) and (n_val,)
        -1.0 or +1.0.
    cost : ndarray of shape (n_train,)
        Weight of each row's loss against half the squared norm of the machine; 0 leaves it out.
    intercept : bool
        Whether the machine has one.

    Notes
    -----
    Repeated rows make margin systems singular. A ridge on the diagonal of the Gram matrix, small
    against rounding in its precision, makes them solvable, and the machine is that of the matrix
    with the ridge.
    """

    has_curvature = True  # whether the loss has a second derivative

    def __init__(self, gram, y_train, y_val, cost, *, intercept=True):
        self.y_train = y_train
        self.y_val = y_val
        self.intercept = intercept
        self.n_train = len(y_train)
        self.set_cost(cost)
        relative = 1e-5 if gram.dtype == np.float32 else 1e-10
        self.ridge = relative * max(np.trace(gram[: self.n_train]) / self.n_train, 1e-30)
        self.gram = np.array(gram, dtype=np.float64, order="F")
        self.gram[np.arange(self.n_train), np.arange(self.n_train)] += self.ridge

    def set_rows(self, points, values):
        """Replace the kernel values (p, n_train + n_val) of training rows with all rows."""
        self.gram[:, points] = values.T
        self.gram[points, :] = values[:, : self.n_train]
        self.gram[points, points] += self.ridge

    def train(self, start):
        """Solve; where all rows that take part carry one label, give it to every row."""
        labels = np.unique(self.y_train[self.cost > 0])
        if len(labels) == 2 or not self.intercept:
            return self.solve(start)
        decision = np.full(len(self.gram), labels.sum())
        return Solution(
            np.zeros(self.n_train), labels.sum(), decision, np.empty(0, dtype=int), None
        )

    @abstractmethod
    def solve(self, start):
        """Train, from the `Solution` of a similar machine or from None."""

    @staticmethod
    @abstractmethod
    def coefficient(decision, y, cost):
        """The theta = -cost * loss' of rows with labels -1 or +1 at their decision values."""

    @staticmethod
    @abstractmethod
    def loss(decision, y):
        """Losses of rows with labels -1 or +1 at their decision values."""

    def loss_slope(self, decision, y):
        """The derivative of each loss with respect to its decision value."""
        return -self.coefficient(decision, y, 1.0)

    def set_cost(self, cost):
        """Give the training rows other costs; 0 leaves a row out."""
        self.cost = cost

    def mean_loss(self, solution):
        """The attacker's loss: the mean over the evaluation rows."""
        return (
            self.loss(solution.decision[self.n_train :], self.y_val).mean()
            if len(self.y_val)
            else 0.0
        )

    def kernel_weights(self, solution, points):
        """Weights c (p, n_train + n_val) of the kernel derivatives in the mean loss' gradient."""
        slope, adjoint, _ = self.adjoint(solution)
        own = solution.theta[points][:, None]
        weights = np.empty((len(points), len(self.gram)))
        weights[:, : self.n_train] = -own * adjoint - adjoint[points][:, None] * solution.theta
        weights[:, self.n_train :] = own * slope
        return weights

    def coefficient_slope(self, solution):
        """Derivative of the mean loss (n_train,) with respect to coefficients held at a bound."""
        slope, adjoint, shift = self.adjoint(solution)
        return np.concatenate([-adjoint, slope]) @ self.gram - shift

    def cost_slope(self, solution):
        """Derivative of the mean loss (n_train,) with respect to the cost of each training row.

        A row pushes its coefficient by so much per unit of cost as its loss slopes.
        """
        push = self.coefficient(solution.decision[: self.n_train], self.y_train, 1.0)
        return push * self.coefficient_slope(solution)

    def adjoint(self, solution):
        """Slope g of the mean loss on the evaluation rows, and the adjoint u (n_train,) and v."""
        slope = self.loss_slope(solution.decision[self.n_train :], self.y_val)
        slope = slope / max(len(self.y_val), 1)
        right = (slope @ self.gram[self.n_train :])[solution.rows]
        adjoint, shift = np.zeros(self.n_train), 0.0
        if solution.system is None:
            adjoint[solution.rows] = 0.5 * slope.sum()
        else:
            adjoint[solution.rows], shift = solution.system.solve(right, slope.sum())
        return slope, adjoint, shift
