"""What attacks that only change labels have in common."""

from abc import abstractmethod
from numbers import Real

import numpy as np
from numpy.typing import ArrayLike

from skpoison._typing import Injection, RandomState
from skpoison.attacks._base import BasePoisoningAttack


class BaseFlipAttack(BasePoisoningAttack):
    """True rows, each at most once, under wrong labels.

    Rows are taken from the attacker's rows (`X_val`) where they are given and from the training
    rows otherwise. A subclass chooses among them in ``_choose_flips``.
    """

    _parameter_constraints = {
        **BasePoisoningAttack._parameter_constraints,
        "confusion": [dict, "array-like", None],
    }

    def __init__(
        self,
        *,
        rate: float = 0.3,
        confusion: dict | ArrayLike | None = None,
        injection: Injection = "append",
        random_state: RandomState = None,
    ):
        super().__init__(rate=rate, injection=injection, random_state=random_state)
        self.confusion = confusion

    @abstractmethod
    def _choose_flips(self, X, y, n_flips, pool, weights, random_state):
        """Choose rows of the pool and their new labels.

        Parameters
        ----------
        X, y : ndarray
            Clean rows and label codes.

        n_flips : int
            How many to choose.

        pool : ndarray of shape (n_pool, n_features) and (n_pool,)
            Rows that may be flipped, and their label codes.

        weights : ndarray of shape (n_pool, n_classes)
            How likely a row gets a new label, relative to others; 0 where it may not.

        random_state : RandomState instance
            The only source of randomness.

        Returns
        -------
        rows, labels : ndarray of shape (n_flips,)
        """

    def _make_poison(self, X, y, n_poison, X_val, y_val, random_state):
        pool = (X, y) if X_val is None else (X_val, y_val)
        weights = confusion_weights(self.confusion, self.classes_)[pool[1]]
        weights = weights * self._row_weights(len(weights))[:, np.newaxis]
        n_eligible = np.count_nonzero(weights.sum(axis=1))
        if n_poison > n_eligible:
            raise ValueError(
                f"rate={self.rate!r} asks for {n_poison} flipped rows, but only {n_eligible} "
                f"rows of {'X' if X_val is None else 'X_val'} can be flipped."
            )
        rows, labels = self._choose_flips(X, y, n_poison, pool, weights, random_state)
        return None, labels, rows if X_val is None else len(y) + rows

    def _row_weights(self, n_rows):
        """How likely each row is to be flipped, beside its label."""
        return np.ones(n_rows)


def draw_flips(weights, n_flips, random_state):
    """Draw rows, each once, and their new labels.

    Parameters
    ----------
    weights : ndarray of shape (n_rows, n_classes)
        A row's chance goes by the sum of its weights, its label by each of them.

    n_flips : int
        How many; at least so many rows have a weight.

    random_state : RandomState instance

    Returns
    -------
    rows, labels : ndarray of shape (n_flips,)
    """
    chances = weights.sum(axis=1)
    eligible = np.flatnonzero(chances)
    chances = chances[eligible]
    even = np.allclose(chances, chances[0], rtol=1e-12)
    rows = random_state.choice(
        eligible, size=n_flips, replace=False, p=None if even else chances / chances.sum()
    )
    codes = np.arange(weights.shape[1])
    labels = [random_state.choice(codes, p=w / w.sum()) for w in weights[rows]]
    return rows, np.array(labels)


def confusion_weights(confusion, classes):
    """Row i: weights of the new label of a row of class i; zeros where it stays.

    Parameters
    ----------
    confusion : dict, array-like of shape (n_classes, n_classes) or None
        As :class:`LabelFlipAttack` takes it.

    classes : ndarray of shape (n_classes,)
        The labels.

    Returns
    -------
    weights : ndarray of shape (n_classes, n_classes)

    Raises
    ------
    ValueError
        If it names unknown labels, flips a label to itself or holds negative numbers.
    """
    n_classes = len(classes)
    if confusion is None:
        return (1 - np.eye(n_classes)) / (n_classes - 1)
    if not isinstance(confusion, dict):
        return _matrix_weights(confusion, classes)
    index = {label: code for code, label in enumerate(classes.tolist())}
    weights = np.zeros((n_classes, n_classes))
    for old, new in confusion.items():
        for label, weight in (new if isinstance(new, dict) else {new: 1.0}).items():
            if old not in index or label not in index:
                raise ValueError(
                    f"confusion maps {old!r} to {label!r}, but the labels in y are "
                    f"{classes.tolist()}."
                )
            if old == label:
                raise ValueError(f"confusion maps {old!r} to itself, which is no flip.")
            if not (isinstance(weight, Real) and 0 < weight < np.inf):
                raise ValueError(
                    f"confusion gives {old!r} -> {label!r} the weight {weight!r}; "
                    "weights must be positive."
                )
            weights[index[old], index[label]] = weight
    totals = weights.sum(axis=1, keepdims=True)
    return np.divide(weights, totals, out=np.zeros_like(weights), where=totals > 0)


def _matrix_weights(confusion, classes):
    try:
        weights = np.array(confusion, dtype=float)
    except (TypeError, ValueError) as error:
        raise ValueError(f"confusion must hold numbers, got {confusion!r}.") from error
    expected = (len(classes), len(classes))
    if weights.shape != expected:
        raise ValueError(
            f"confusion has shape {weights.shape}, but y has the {len(classes)} labels "
            f"{classes.tolist()}: {expected} is expected."
        )
    if not (np.isfinite(weights).all() and (weights >= 0).all()):
        raise ValueError(f"confusion must hold no negative or infinite numbers, got {confusion!r}.")
    np.fill_diagonal(weights, 0.0)
    return weights
