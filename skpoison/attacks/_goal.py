"""What an attacker evaluates on, the label he wants, and estimators with his seed."""

import numpy as np
from sklearn.base import clone


def hold_out(attack, y, share, random_state):
    """Rows to train on and rows to evaluate on, of each class at least one each.

    Parameters
    ----------
    attack : attack
        Whose `classes_` the codes stand for.

    y : ndarray of shape (n_samples,)
        Label codes.

    share : float
        Share of each class to evaluate on.

    random_state : RandomState instance

    Returns
    -------
    train, val : ndarray of int
        Sorted positions.

    Raises
    ------
    ValueError
        If a class has one row only.
    """
    train, val = [], []
    for code, label in enumerate(attack.classes_.tolist()):
        rows = random_state.permutation(np.flatnonzero(y == code))
        if len(rows) < 2:
            raise ValueError(
                f"{type(attack).__name__} without X_val needs at least two rows of each class, "
                f"one to train on and one to evaluate on; class {label!r} has {len(rows)}."
            )
        n_val = min(max(round(share * len(rows)), 1), len(rows) - 1)
        val.append(rows[:n_val])
        train.append(rows[n_val:])
    return np.sort(np.concatenate(train)), np.sort(np.concatenate(val))


def label_code(label, classes, parameter="y_target"):
    """Position of a label among the classes, or a ValueError that names the parameter."""
    codes = np.flatnonzero(classes == label)
    if len(codes) == 0:
        raise ValueError(
            f"{parameter}={label!r} is no label of y; the labels are {classes.tolist()}."
        )
    return codes[0]


def seeded(estimator, seed):
    """A clone that draws from the seed where it has no seed of its own."""
    estimator = clone(estimator)
    if estimator.get_params(deep=False).get("random_state", 0) is None:
        estimator.set_params(random_state=int(seed))
    return estimator
