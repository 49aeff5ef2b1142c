"""The attacker's objective as a function of the poison rows."""

import numpy as np


class PoisoningObjective:
    """A victim trained on clean and poison rows, and the attacker's objective.

    The objective is the victim's mean loss on the evaluation rows, averaged over its binary
    problems; with more than two classes these are all pairs of classes or each class against the
    rest, as the victim does it. A poison row acts on every problem that it takes part in.

    Parameters
    ----------
    victim : Victim
    X_train, y_train : ndarray of shape (n_train, n_features) and (n_train,)
        The clean rows, then the poison rows; labels are codes 0..K-1.
    cost : ndarray of shape (n_train,)
        Weight of each row's loss in the victim's training.
    X_val, y_val : ndarray of shape (n_val, n_features) and (n_val,)
        The evaluation rows.
    sign : {1, -1}
        1: the higher the victim's loss on the evaluation labels the better; -1: the lower.

    Attributes
    ----------
    value : float
        The objective.
    rows : ndarray of shape (n_train + n_val, n_features)
        All rows; the poison rows among them move.
    """

    def __init__(self, victim, X_train, y_train, cost, X_val, y_val, *, sign=1):
        self.sign = sign
        self.n_train = len(X_train)
        self.rows = np.concatenate([X_train, X_val])
        self.squared_norms = np.einsum("ij,ij->i", self.rows, self.rows)
        self.kernel = victim.make_kernel(X_train)
        self.values = self._kernel_values(slice(None, self.n_train))
        self.problems = [
            _Problem(victim, self.values, y_train, y_val, cost, *classes)
            for classes in victim.binary_problems(int(y_train.max()) + 1)
        ]
        self._train([None] * len(self.problems))

    def gradient(self, points):
        """The objective's gradient (p, n_features) with respect to the training rows `points`."""
        weights = np.zeros((len(points), len(self.rows)))
        for problem, solution in zip(self.problems, self.solutions, strict=True):
            problem.add_kernel_weights(weights, solution, points)
        if not weights.any():
            return np.zeros((len(points), self.rows.shape[1]))
        weights *= self.sign / len(self.problems)
        return self.kernel.weighted_derivative(
            self.rows[points],
            self.rows,
            self.values[points],
            weights.astype(self.rows.dtype, copy=False),
        )

    def move(self, points, X_points):
        """Put the training rows `points` at `X_points` (p, n_features) and train again."""
        self.rows[points] = X_points
        self.squared_norms[points] = np.einsum("ij,ij->i", X_points, X_points)
        self._set_values(points, self._kernel_values(points))
        self._train(self.solutions)

    def cost_slope(self):
        """The objective's derivative (n_train,) with respect to the cost of each training row."""
        total = np.zeros(self.n_train)
        for problem, solution in zip(self.problems, self.solutions, strict=True):
            total[problem.train] += problem.machine.cost_slope(solution)
        return self.sign / len(self.problems) * total

    def by_row(self, function):
        """Sum over the problems of `function(decision, y)` at each training row: (n_train,)."""
        total = np.zeros(self.n_train)
        for problem, solution in zip(self.problems, self.solutions, strict=True):
            machine = problem.machine
            total[problem.train] += function(solution.decision[: machine.n_train], machine.y_train)
        return total

    def set_cost(self, cost, start):
        """Give the training rows other costs (n_train,) and train again.

        `start` is a pair of costs and the solutions with them; where the costs of a problem's rows
        are those, so is its solution.
        """
        start_cost, solutions = start
        self.solutions = []
        for problem, solution in zip(self.problems, solutions, strict=True):
            own = cost[problem.train]
            problem.machine.set_cost(own)
            if not np.array_equal(own, start_cost[problem.train]):
                solution = problem.machine.train(solution)
            self.solutions.append(solution)
        self._evaluate()

    def state(self, points):
        """What `restore` needs to undo later moves of `points`."""
        return self.rows[points], self.values[points], self.solutions, self.value

    def restore(self, points, state):
        """Go back to a `state` of the same points, without training."""
        X_points, values, self.solutions, self.value = state
        self.rows[points] = X_points
        self.squared_norms[points] = np.einsum("ij,ij->i", X_points, X_points)
        self._set_values(points, values)

    def _kernel_values(self, points):
        values = self.kernel(self.rows[points], self.rows, self.squared_norms)
        if not np.isfinite(values).all():
            raise ValueError(
                f"The {self.kernel.name!r} kernel overflows on these rows: scale X to a range like "
                "[0, 1], or set bounds that keep the poison rows near it."
            )
        return values

    def _set_values(self, points, values):
        self.values[points] = values
        self.values[:, points] = values[:, : self.n_train].T
        for problem in self.problems:
            problem.set_rows(points, values)

    def _train(self, starts):
        pairs = zip(self.problems, starts, strict=True)
        self.solutions = [problem.machine.train(start) for problem, start in pairs]
        self._evaluate()

    def _evaluate(self):
        pairs = zip(self.problems, self.solutions, strict=True)
        losses = [problem.machine.mean_loss(solution) for problem, solution in pairs]
        self.value = self.sign * float(np.mean(losses))


class _Problem:
    """One binary problem: its machine, and which rows of all take part."""

    def __init__(self, victim, values, y_train, y_val, cost, positive, negative):
        train, val = (
            np.flatnonzero((y == positive) | (negative is None) | (y == negative))
            for y in (y_train, y_val)
        )
        self.train = train
        self.columns = np.concatenate([train, val + len(y_train)])
        self.position = np.full(len(y_train), -1)
        self.position[train] = np.arange(len(train))
        self.machine = victim.machine(
            values[train[:, None], self.columns].T,
            np.where(y_train[train] == positive, 1.0, -1.0),
            np.where(y_val[val] == positive, 1.0, -1.0),
            cost[train],
            intercept=victim.intercept,
        )

    def set_rows(self, points, values):
        taking_part = self.position[points] >= 0
        if taking_part.any():
            self.machine.set_rows(
                self.position[points[taking_part]], values[taking_part][:, self.columns]
            )

    def add_kernel_weights(self, weights, solution, points):
        taking_part = np.flatnonzero(self.position[points] >= 0)
        if len(taking_part):
            own = self.machine.kernel_weights(solution, self.position[points[taking_part]])
            weights[taking_part[:, None], self.columns] += own
