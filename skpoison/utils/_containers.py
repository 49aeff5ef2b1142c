"""Rows of any container: telling what it is, taking rows, joining rows."""

import sys
from numbers import Integral, Number

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.utils import _safe_indexing

ACCEPTED = (
    "an array, a list, a pandas or polars DataFrame or Series, or a SciPy sparse matrix, "
    "with one item or one row for each sample"
)


def container_of(X):
    """Tell what holds the rows: "pandas", "polars", "sparse", "list", "array"; None: nothing."""
    if isinstance(X, (pd.DataFrame, pd.Series)):
        return "pandas"
    polars = sys.modules.get("polars")
    if polars is not None and isinstance(X, (polars.DataFrame, polars.Series)):
        return "polars"
    if sparse.issparse(X):
        return "sparse" if X.ndim == 2 else None
    if isinstance(X, (list, tuple)):
        return "list"
    is_array = hasattr(X, "__array__") and getattr(X, "shape", None) != ()
    return "array" if is_array else None


def check_container(X, name="X"):
    """Check that rows can be taken from it.

    Parameters
    ----------
    X : object
        What holds the rows.

    name : str, default="X"
        How errors call it.

    Returns
    -------
    X : array, list, tuple, pandas or polars DataFrame or Series, sparse matrix
        The same object; array-likes that are no arrays as an ndarray.

    Raises
    ------
    TypeError
        If no rows can be taken from it.
    """
    container = container_of(X)
    if container is None:
        raise TypeError(f"{name} must be {ACCEPTED}; got {type(X).__name__}.")
    return np.asanyarray(X) if container == "array" else X


def check_not_empty(X, estimator):
    """Refuse rows that are none, or have no columns.

    Parameters
    ----------
    X : array, list, pandas or polars DataFrame or Series, sparse matrix
        Rows.

    estimator : str
        How the error calls who needs them.

    Raises
    ------
    ValueError
        If there is nothing.
    """
    shape = (X.shape[0] if hasattr(X, "shape") else len(X), *row_shape(X))
    if 0 in shape:
        what = "sample(s)" if shape[0] == 0 else "feature(s)"
        raise ValueError(
            f"Found array with 0 {what} (shape={shape}) while a minimum of 1 is required by "
            f"{estimator}."
        )


def is_frame(X):
    """Whether it is a table of pandas or polars."""
    return container_of(X) in ("pandas", "polars") and len(X.shape) == 2


def row_shape(X):
    """Shape of one row: (n_features,), (height, width); () where it is a text or an object."""
    if container_of(X) != "list":
        return X.shape[1:]
    if not len(X) or isinstance(X[0], (str, dict)) or np.ndim(X[0]) == 0:
        return ()
    same_length = all(np.ndim(row) and len(row) == len(X[0]) for row in X)
    return np.shape(X[0]) if same_length else ()


def holds_bare_numbers(X):
    """Whether there is a single number where a row should be."""
    if container_of(X) == "list":
        return len(X) > 0 and isinstance(X[0], Number)
    return len(X.shape) == 1 and np.asarray(X[:1]).dtype.kind in "biufc"


def take(X, rows):
    """Take rows, in their order and as often as they are named.

    Parameters
    ----------
    X : array, list, pandas or polars DataFrame or Series, sparse matrix
        What holds the rows.

    rows : ndarray of shape (n_rows,), dtype=int
        Their positions.

    Returns
    -------
    taken : as X
        A copy, of the same dtypes, columns and sparse format; pandas rows bring their index labels.
    """
    if sparse.issparse(X):  # not every format can be indexed
        return X.tocsr()[rows].asformat(X.format)
    taken = _safe_indexing(X, rows)
    return tuple(taken) if isinstance(X, tuple) else taken


def join(top, bottom):
    """Put rows under other rows of the same container, columns and dtypes.

    Parameters
    ----------
    top, bottom : array, list, pandas or polars DataFrame or Series, sparse matrix
        Rows.

    Returns
    -------
    joined : as `top`
    """
    container = container_of(top)
    if container == "pandas":
        return pd.concat([top, bottom])
    if container == "polars":
        return sys.modules["polars"].concat([top, bottom])
    if container == "sparse":
        return sparse.vstack([top, bottom], format=top.format, dtype=top.dtype)
    if container == "list":
        return top + type(top)(bottom)
    texts = top.dtype.kind in "SU"  # as wide as the longest
    return np.concatenate([top, bottom], dtype=None if texts else top.dtype, casting="unsafe")


def write_texts(changed, texts):
    """Put changed texts into the container of others.

    Parameters
    ----------
    changed : list of str
        The changed texts.

    texts : list, array, pandas or polars Series of str
        As many texts, whose container, dtype and index are wanted; left as they are.

    Returns
    -------
    written : as texts
    """
    container = container_of(texts)
    if container == "list":
        return type(texts)(changed)
    if container == "array":
        return np.array(changed, dtype=object if texts.dtype == object else None)
    if container == "pandas":
        return type(texts)(changed, index=texts.index, name=texts.name, dtype=texts.dtype)
    return type(texts)(texts.name, changed, dtype=texts.dtype)


def check_same_container(X_val, X):
    """Check that further rows can be joined to X.

    Parameters
    ----------
    X_val : array, list, pandas or polars DataFrame or Series, sparse matrix
        The further rows.

    X : as X_val
        What they are compared with.

    Raises
    ------
    ValueError
        If they lie in another container, have other columns or another shape, or dtypes whose
        values X's cannot hold.
    """
    container = container_of(X)
    if container_of(X_val) != container or is_frame(X_val) != is_frame(X):
        raise ValueError(
            f"X_val must be in the same container as X: X is a {type(X).__name__}, "
            f"X_val a {type(X_val).__name__}."
        )
    if is_frame(X):
        columns, own = list(X.columns), list(X_val.columns)
        if own != columns:
            raise ValueError(f"X_val has the columns {own}, but X has {columns}.")
        for column, dtype, expected in zip(columns, X_val.dtypes, X.dtypes, strict=True):
            if dtype != expected:
                raise ValueError(
                    f"column {column!r} of X_val has dtype {dtype}, but in X it has {expected}."
                )
        return
    if row_shape(X_val) != row_shape(X):
        raise ValueError(
            f"X_val has rows of shape {row_shape(X_val)}, but those of X have {row_shape(X)}."
        )
    if container in ("array", "sparse") and not np.can_cast(X_val.dtype, X.dtype, "same_kind"):
        raise ValueError(
            f"X_val has dtype {X_val.dtype}, whose values the dtype of X, {X.dtype}, cannot hold."
        )


def column_values(X, column, parameter):
    """The values of one column.

    Parameters
    ----------
    X : array, list, pandas or polars DataFrame, sparse matrix
        Rows.

    column : str or int
        Its name, in a DataFrame, or its position.

    parameter : str
        How errors call what named the column.

    Returns
    -------
    values : ndarray of shape (n_samples,)

    Raises
    ------
    ValueError
        If there is no such column.
    """
    names = list(X.columns) if is_frame(X) else []
    shape = row_shape(X)
    if column in names:
        position = names.index(column)
    elif isinstance(column, Integral) and len(shape) == 1 and 0 <= column < shape[0]:
        position = int(column)
    else:
        known = names or f"those from 0 to {shape[0] - 1}" if len(shape) == 1 else "none"
        raise ValueError(f"{parameter} names the column {column!r}; the columns are {known}.")
    container = container_of(X)
    if container == "pandas":
        return X.iloc[:, position].to_numpy()
    if container == "polars":
        return X.to_series(position).to_numpy()
    if container == "sparse":
        return X.tocsc()[:, [position]].toarray()[:, 0]
    if container == "list":
        return np.array([row[position] for row in X])
    return X[:, position]
