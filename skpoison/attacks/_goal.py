"""What an attacker evaluates on and starts from, the label he wants, estimators with his seed."""

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


def evaluation_rows(attack, X, y, X_val, y_val, share, random_state):
    """Take the attacker's own rows to evaluate on, or hold some out where there are none.

    Parameters
    ----------
    attack : attack
        Whose `classes_` the codes stand for.

    X, y : ndarray of shape (n_samples, n_features) and (n_samples,)
        The clean rows, their label codes.

    X_val, y_val : as X and y, or None
        The attacker's rows.

    share : float
        Share of each class to hold out.

    random_state : RandomState instance

    Returns
    -------
    train : ndarray of int
        The rows of `X` to train on.

    X_val, y_val : ndarray
        The rows to evaluate on, their label codes.

    sources : ndarray of int
        Where these are: a row of `X`, or ``n_samples + i`` for row i of the attacker's.
    """
    if X_val is not None:
        return np.arange(len(X)), X_val, y_val, len(X) + np.arange(len(X_val))
    train, val = hold_out(attack, y, share, random_state)
    return train, X[val], y[val], val


def starting_rows(pool, labels, n_poison, *, keep, target, n_classes, noise, box, random_state):
    """Draw the rows that poison starts from, and the labels it will carry.

    Parameters
    ----------
    pool, labels : ndarray of shape (n_samples, n_features) and (n_samples,)
        Rows to draw from, their label codes.

    n_poison : int
        How many. Where this is more than there are rows, rows are drawn again.

    keep : bool
        Whether the rows keep their labels.

    target : int or None
        The label that all others are to carry; rows that have it are not drawn. None: another one
        at random.

    n_classes : int
        How many labels there are.

    noise : float
        The rows are moved by up to this much in each column, in the box's units.

    box : Box
        Where they stay.

    random_state : RandomState instance

    Returns
    -------
    X_poison : ndarray of shape (n_poison, n_features)
        Of the dtype of `pool`.

    y_poison : ndarray of shape (n_poison,)
        Label codes.

    rows : ndarray of shape (n_poison,)
        Where they are in `pool`.
    """
    eligible = np.arange(len(pool))
    if not keep and target is not None:
        eligible = np.flatnonzero(labels != target)
    rows = random_state.choice(eligible, size=n_poison, replace=n_poison > len(eligible))
    if keep:
        y_poison = labels[rows]
    elif target is not None:
        y_poison = np.full(n_poison, target)
    else:
        y_poison = (labels[rows] + random_state.randint(1, n_classes, size=n_poison)) % n_classes
    moves = random_state.uniform(-noise, noise, size=(n_poison, pool.shape[1])) * box.unit
    X_poison = np.clip(pool[rows] + moves, box.low, box.high).astype(pool.dtype)
    return X_poison, y_poison, rows


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
