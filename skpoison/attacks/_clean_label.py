"""What attacks share that make one row misclassified by rows whose labels are right."""

from abc import abstractmethod
from numbers import Integral, Real
from typing import Any

import numpy as np
from scipy.optimize import minimize
from sklearn.frozen import FrozenEstimator
from sklearn.utils._param_validation import Interval
from threadpoolctl import threadpool_limits

from skpoison._typing import Injection, RandomState
from skpoison.attacks._base import BasePoisoningAttack
from skpoison.attacks._goal import label_code
from skpoison.utils._cloning import seeded_clone


class BaseCleanLabelAttack(BasePoisoningAttack):
    """Base class of the attacks that move rows a little so that one row is misclassified.

    A subclass writes ``_loss``, which is made small within a box around rows of the label that the
    target row shall get.

    Parameters
    ----------
    target : int, default=0
        The row that shall be misclassified: its position in `X_val`, or in `X` where there are no
        rows of the attacker's.

    y_target : label, default=None
        The label that it shall get. None: of the other classes, the one whose mean is nearest.

    epsilon : float, default=0.3
        Largest change of a value, in units of its column's range.

    max_iter : int, default=100
        Limit of steps.

    rate, injection, random_state
        As in the base class.
    """

    _parameter_constraints: dict = {
        **BasePoisoningAttack._parameter_constraints,
        "target": [Interval(Integral, 0, None, closed="left")],
        "y_target": "no_validation",
        "epsilon": [Interval(Real, 0, 1, closed="right")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(
        self,
        *,
        target: int = 0,
        y_target: Any = None,
        epsilon: float = 0.3,
        max_iter: int = 100,
        rate: float = 0.1,
        injection: Injection = "append",
        random_state: RandomState = None,
    ):
        super().__init__(rate=rate, injection=injection, random_state=random_state)
        self.target = target
        self.y_target = y_target
        self.epsilon = epsilon
        self.max_iter = max_iter

    @abstractmethod
    def _model(self, X, y, random_state):
        """What the attacker knows of the victim, from the clean rows and their label codes."""

    @abstractmethod
    def _loss(self, model, target, code, bases):
        """Make the loss of poison rows.

        Parameters
        ----------
        model : object
            What `_model` returned.

        target : ndarray of shape (n_features,)
            The row that shall be misclassified.

        code : int
            Code of the label that it shall get.

        bases : ndarray of shape (n_poison, n_features)
            Rows of this label from which the poison starts.

        Returns
        -------
        loss : callable
            ``loss(rows)`` gives the loss of poison rows and its derivatives, of their shape.
        """

    def _order(self, model, rows, code):
        """In which order to start from rows of the wanted label, which come in a random one."""
        return np.arange(len(rows))

    def _make_poison(self, X, y, n_poison, X_val, y_val, random_state):
        rows, labels = (X, y) if X_val is None else (X_val, y_val)
        if self.target >= len(rows):
            raise ValueError(
                f"target={self.target} must be the position of a row of "
                f"{'X' if X_val is None else 'X_val'}, which has {len(rows)} rows."
            )
        target = rows[self.target]
        code = self._aim(X, y, target, labels[self.target])
        self.y_target_ = self.classes_[code]
        candidates = random_state.permutation(np.flatnonzero(y == code))
        everything = np.vstack([X, target])
        low, high = everything.min(axis=0), everything.max(axis=0)
        reach = self.epsilon * (high - low)
        with threadpool_limits(1):
            model = self._model(X, y, random_state)
            order = candidates[self._order(model, X[candidates], code)]
            sources = np.resize(order, n_poison)  # used again where there are too few
            bases = X[sources]
            loss = self._loss(model, target, code, bases)
            made, self.loss_path_ = minimize_in_box(
                loss,
                bases,
                np.maximum(bases - reach, low),
                np.minimum(bases + reach, high),
                self.max_iter,
            )
        return made.astype(X.dtype), np.full(n_poison, code), sources

    def _aim(self, X, y, target, own):
        if self.y_target is None:
            means = np.stack([X[y == code].mean(axis=0) for code in range(len(self.classes_))])
            distances = np.linalg.norm(means - target, axis=1)
            distances[own] = np.inf
            return int(distances.argmin())
        code = int(label_code(self.y_target, self.classes_))
        if code == own:
            raise ValueError(f"y_target={self.y_target!r} is the label that the target row has.")
        return code


def train_victim(estimator, kinds, X, y, random_state):
    """Fit a clone of a victim of one of these classes; one in a FrozenEstimator stays as it is."""
    victim = seeded_clone(estimator, random_state).fit(X, y)
    victim = victim.estimator if isinstance(victim, FrozenEstimator) else victim
    if not isinstance(victim, kinds):
        names = " or ".join(kind.__name__ for kind in kinds)
        raise TypeError(f"estimator must be of the class {names}, got {estimator!r}.")
    return victim


def minimize_in_box(loss, start, low, high, max_iter):
    """Minimise a loss of rows within bounds, by L-BFGS-B.

    Parameters
    ----------
    loss : callable
        ``loss(rows)`` gives a number and its derivatives, of the shape of `rows`.

    start, low, high : ndarray of shape (n_rows, n_features)
        Where to start, and the bounds.

    max_iter : int
        Limit of iterations.

    Returns
    -------
    rows : ndarray of shape (n_rows, n_features)

    path : ndarray of shape (n_iterations + 1,)
        The loss at the start and after each iteration.
    """

    def flat_loss(values):
        value, gradient = loss(values.reshape(start.shape))
        return float(value), np.asarray(gradient, dtype=np.float64).ravel()

    path = [float(loss(np.asarray(start, dtype=np.float64))[0])]

    def record(intermediate_result):
        path.append(float(intermediate_result.fun))

    found = minimize(
        flat_loss,
        np.asarray(start, dtype=np.float64).ravel(),
        jac=True,
        method="L-BFGS-B",
        bounds=np.column_stack([low.ravel(), high.ravel()]),
        callback=record,
        options={"maxiter": max_iter},
    )
    return np.clip(found.x.reshape(start.shape), low, high), np.array(path)
