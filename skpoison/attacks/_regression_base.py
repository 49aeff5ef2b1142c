"""The contract of attacks on regressions."""

import numpy as np
from sklearn.utils import RegressorTags

from skpoison.attacks._base import BasePoisoningAttack
from skpoison.attacks._numbers import as_stored, columns_by_dtype, write_numbers
from skpoison.utils._containers import container_of, join, take
from skpoison.utils._targets import target_values


class BaseRegressionPoisoningAttack(BasePoisoningAttack):
    """Base class of the attacks on regressions: the target is a number.

    As :class:`BasePoisoningAttack`, but ``_make_poison`` gets and gives targets where that of a
    classification has label codes, and there are no classes.

    Parameters
    ----------
    rate : float or int, default=0.3
        How much poison. A float in [0, 1] is a share of the clean rows, an int a number of rows.

    injection : {"append", "replace"}, default="append"
        As in the base class.

    random_state : int, RandomState instance or None, default=None
        Seed of everything that is drawn.

    Attributes
    ----------
    poison_mask_ : ndarray of shape (n_samples_new,), dtype=bool
        True for the poison rows of the result: they follow the clean rows.

    sample_indices_ : ndarray of shape (n_samples_new,), dtype=int
        For each row of the result, the row of `X` it is or was made from; -1 where a poison row
        was made from a row of `X_val`.
    """

    def _read_target(self, y):
        targets = target_values(y)
        if not len(targets):
            raise ValueError(f"{type(self).__name__} needs rows, got Found array with 0 sample(s).")
        return targets

    def _read_attacker_target(self, y_val):
        return target_values(y_val, "y_val")

    def _write_target(self, y, kept, poison_target):
        clean = take(y, kept)
        if not len(poison_target):
            return clean
        column = take(y, np.zeros(len(poison_target), dtype=int))
        is_series = container_of(y) in ("pandas", "polars") and len(y.shape) == 1
        column = column.to_frame() if is_series else column
        made = np.reshape(poison_target, (-1, 1)).astype(np.float64)
        column = write_numbers(as_stored(made, columns_by_dtype(column)), column)
        if is_series:
            column = column.iloc[:, 0] if container_of(y) == "pandas" else column.to_series()
        return join(clean, column)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.regressor_tags = RegressorTags()  # y holds numbers
        return tags


def resolve_bounds(bounds, X):
    """Where poison rows may be.

    Parameters
    ----------
    bounds : "columns" or tuple of (low, high)
        "columns": in each column's own range. Low and high are numbers or arrays of shape
        (n_features,).

    X : ndarray of shape (n_samples, n_features)
        The clean rows.

    Returns
    -------
    low, high : ndarray of shape (n_features,)

    Raises
    ------
    ValueError
        If a lower bound lies above the upper one, or they do not fit `X`.
    """
    if isinstance(bounds, str):
        return X.min(axis=0).astype(np.float64), X.max(axis=0).astype(np.float64)
    return _pair("bounds", bounds, (X.shape[1],))


def resolve_target_bounds(bounds, y):
    """Where targets may be: as `resolve_bounds`, two numbers."""
    if isinstance(bounds, str):
        return float(y.min()), float(y.max())
    low, high = _pair("target_bounds", bounds, ())
    return float(low), float(high)


def _pair(name, bounds, shape):
    wrong = f"{name}={bounds!r} must be (low, high), numbers" + (
        f" or arrays of shape {shape}, low below high." if shape else ", low below high."
    )
    try:
        low, high = (np.broadcast_to(np.asarray(b, dtype=np.float64), shape) for b in bounds)
    except (TypeError, ValueError) as error:
        raise ValueError(wrong) from error
    if not (np.isfinite([low, high]).all() and (low <= high).all()):
        raise ValueError(wrong)
    return low, high
