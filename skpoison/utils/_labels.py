"""Classification labels, one per row, whatever they come in."""

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.utils.multiclass import type_of_target

from skpoison.utils._containers import check_container

SHOWN = 5  # rows named in an error


def label_values(y, name="y"):
    """Read the label of each row.

    Parameters
    ----------
    y : list, array, pandas or polars Series of shape (n_samples,), or one-hot matrix
        Labels: of any type that can be sorted. One-hot rows hold a single 1.

    name : str, default="y"
        How errors call them.

    Returns
    -------
    labels : ndarray of shape (n_samples,)
        The labels; of one-hot rows the column of the 1.

    Raises
    ------
    ValueError, TypeError
        If labels are missing, continuous, of different types or more than one a row.
    """
    if y is None:
        raise ValueError(
            f"The estimator requires {name} to be passed, but the target {name} is None."
        )
    values = _as_array(check_container(y, name))
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.dtype.kind == "c":
        raise _not_labels(name, "complex numbers. Complex data not supported")
    check_missing(values, name)
    if values.dtype == object:
        kinds = {"str" if isinstance(v, str) else type(v).__name__ for v in values.ravel()}
        if len(kinds) > 1:
            raise _not_labels(name, f"labels of different types: {', '.join(sorted(kinds))}")
    if values.ndim != 1:
        return _read_one_hot(values, name)
    with np.errstate(invalid="ignore"):  # it casts to integers, whatever the values
        kind = type_of_target(values, input_name=name) if len(values) else "binary"
    if kind not in ("binary", "multiclass"):
        given = f"values of the kind {kind!r}, such as {values[:1].tolist()[0]!r} in row 0"
        raise _not_labels(
            name,
            f"{given} (Unknown label type: {kind}). Targets that are numbers are for "
            "ResidualDetector and the attacks on regressions",
        )
    return values.astype(values.dtype.newbyteorder("="), copy=False)


def codes_of(labels, classes):
    """Find labels among the classes.

    Parameters
    ----------
    labels : ndarray of shape (n_samples,)
        Labels of any type.

    classes : ndarray of shape (n_classes,)
        The known ones.

    Returns
    -------
    codes : ndarray of shape (n_samples,)
        Positions in `classes`; -1 where the label is not among them, be it for its type.
    """
    return pd.Index(classes).get_indexer(pd.Index(labels))


def _as_array(y):
    """An array of numbers, booleans or texts; of Python objects where it is a mixture."""
    if sparse.issparse(y):
        return y.toarray()
    values = np.asarray(y, dtype=object if isinstance(y, (list, tuple)) else None)
    if values.dtype != object:
        return values
    return pd.Series(values.ravel(), dtype=object).infer_objects().to_numpy().reshape(values.shape)


def check_missing(values, name):
    """Refuse labels that are missing.

    Parameters
    ----------
    values : ndarray of shape (n_samples,) or (n_samples, n_columns)
        Labels.

    name : str
        How the error calls them.

    Raises
    ------
    ValueError
        If there are gaps; the message names the first rows.
    """
    missing = pd.isna(values)
    if not missing.any():
        return
    rows = np.flatnonzero(missing.reshape(len(values), -1).any(axis=1))
    shown = ", ".join(map(str, rows[:SHOWN])) + (", ..." if len(rows) > SHOWN else "")
    raise ValueError(
        f"{name} has no label (None or NaN) in {len(rows)} of {len(values)} rows: {shown}. "
        "Every row needs one: drop these rows."
    )


def _read_one_hot(values, name):
    if type_of_target(values) != "multilabel-indicator":
        raise _not_labels(name, f"an array of shape {values.shape}")
    n_labels = values.sum(axis=1)
    wrong = np.flatnonzero(n_labels != 1)
    if len(wrong):
        raise _not_labels(
            name,
            f"a multi-label matrix: row {wrong[0]} carries {int(n_labels[wrong[0]])} labels. "
            "TagwiseDetector judges several labels a row",
        )
    return values.argmax(axis=1)


def _not_labels(name, given):
    return ValueError(
        f"{name} must hold classification labels, one per row, or one-hot rows; got {given}."
    )
