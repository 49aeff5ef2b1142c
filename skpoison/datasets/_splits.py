"""The draw of training, validation and test rows for one run."""

from numbers import Integral

import numpy as np
from numpy.typing import ArrayLike
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state, column_or_1d
from sklearn.utils._param_validation import Interval, validate_params
from sklearn.utils.multiclass import check_classification_targets

from skpoison._typing import IntArray, RandomState


@validate_params(
    {
        "y": ["array-like"],
        "n_train": [Interval(Integral, 1, None, closed="left")],
        "n_val": [Interval(Integral, 1, None, closed="left")],
        "n_test": [Interval(Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def split_rows(
    y: ArrayLike,
    *,
    n_train: int = 100,
    n_val: int = 200,
    n_test: int = 200,
    random_state: RandomState = 0,
) -> tuple[IntArray, IntArray, IntArray]:
    """Draw disjoint training, validation and test rows with the class shares of ``y``.

    The defaults are the sizes of the paper: the victim trains on 100 rows, the attacker
    evaluates on 200 and the accuracy is measured on 200 others.

    Parameters
    ----------
    y : array-like of shape (n_samples,)
        Class labels of any type.

    n_train : int, default=100
        Number of rows that the victim trains on.

    n_val : int, default=200
        Number of rows that the attacker evaluates on.

    n_test : int, default=200
        Number of rows that the accuracy is measured on.

    random_state : int, RandomState instance or None, default=0
        Seed of the draw.

    Returns
    -------
    train : ndarray of shape (n_train,)
        Indices of the training rows, in random order.

    val : ndarray of shape (n_val,)
        Indices of the validation rows, in random order.

    test : ndarray of shape (n_test,)
        Indices of the test rows, in random order.

    Raises
    ------
    ValueError
        If ``y`` has fewer rows than asked for, only one class, or a class too rare to give
        each of the three parts two rows on average.

    Examples
    --------
    >>> from skpoison.datasets import load_images, split_rows
    >>> X, y = load_images("digits", classes=(0, 1), return_X_y=True)
    >>> train, val, test = split_rows(y, n_train=100, n_val=80, n_test=80)
    >>> X[train].shape, X[val].shape, X[test].shape
    ((100, 64), (80, 64), (80, 64))
    """
    y = column_or_1d(y)
    check_classification_targets(y)
    _check_enough_rows(y, {"n_train": n_train, "n_val": n_val, "n_test": n_test})

    random_state = check_random_state(random_state)
    rest, test = train_test_split(
        np.arange(len(y)),
        train_size=n_train + n_val,
        test_size=n_test,
        stratify=y,
        random_state=random_state,
    )
    train, val = train_test_split(
        rest, train_size=n_train, test_size=n_val, stratify=y[rest], random_state=random_state
    )
    return train, val, test


def _check_enough_rows(y, sizes):
    """Raise unless each part can hold every class.

    Two expected rows of a class in each part are enough for at least one after the rounding
    of both draws.
    """
    asked = ", ".join(f"{name}={size}" for name, size in sizes.items())
    if sum(sizes.values()) > len(y):
        raise ValueError(f"{asked} need {sum(sizes.values())} rows, but y has {len(y)}.")
    classes, counts = np.unique(y, return_counts=True)
    if len(classes) < 2:
        raise ValueError(f"y has one class alone, {classes[0]!r}; at least two are needed.")
    name, size = min(sizes.items(), key=lambda item: item[1])
    rare = counts * size < 2 * len(y)
    if rare.any():
        listed = ", ".join(
            f"{label!s} ({n} rows)" for label, n in zip(classes[rare], counts[rare], strict=True)
        )
        raise ValueError(
            f"{asked} are too few for the classes of y: with {name}={size} of {len(y)} rows, "
            f"fewer than two rows are expected of class {listed}. Ask for more rows, or leave "
            "these classes out."
        )
