"""Rows as the numbers that an attack works on, and back."""

import sys

import numpy as np
import pandas as pd

from skpoison.utils._containers import container_of, is_frame
from skpoison.utils._magnitudes import with_room_to_square


def read_numbers(X, attack, name="X"):
    """Read rows as floating-point numbers.

    Parameters
    ----------
    X : array, list, pandas or polars DataFrame
        Rows of numbers or booleans.

    attack, name : str
        How errors call the attack and the rows.

    Returns
    -------
    numbers : ndarray of shape (n_samples, n_features)
        float32 where all columns are, float64 otherwise. Rows of more dimensions are flattened.

    Raises
    ------
    ValueError, TypeError
        If there is anything but finite numbers.
    """
    refusal = (
        f"{attack} works on numbers: an array, a list or a pandas or polars DataFrame of finite "
        f"numbers; {name}"
    )
    if container_of(X) == "sparse":
        raise TypeError(f"{refusal} is a sparse matrix (use {name}.toarray() where it is small).")
    try:
        dtypes = columns_by_dtype(X)
    except ValueError as error:
        raise ValueError(f"{refusal} has rows of different shapes: {error}") from error
    for dtype, columns in dtypes:
        if dtype.kind not in ("biuf" if is_frame(X) else "biufO"):
            where = f" in column {list(X.columns)[columns[0]]!r}" if is_frame(X) else ""
            given = list(X.dtypes)[columns[0]] if is_frame(X) else dtype
            raise ValueError(f"{refusal} has dtype {given}{where}.")
    singles = all(dtype == np.float32 for dtype, _ in dtypes)
    precision = np.float32 if singles else np.float64
    try:
        numbers = _to_numpy(X, precision)
    except (TypeError, ValueError) as error:  # Python objects
        raise type(error)(f"{refusal} holds something else: {error}") from error
    numbers = numbers.reshape(len(numbers), -1)
    _check_finite(numbers, X, refusal)
    return with_room_to_square(numbers, list(X.columns) if is_frame(X) else None, name)


def columns_by_dtype(X):
    """Pairs of a NumPy dtype (object: no number's) and its columns: all, but in a DataFrame."""
    if not is_frame(X):
        return [(np.asarray(X).dtype, slice(None))]
    if container_of(X) == "pandas":
        dtypes = [_pandas_dtype(dtype) for dtype in X.dtypes]
    else:
        dtypes = [_polars_dtype(X, name) for name in X.columns]
    columns = {}
    for number, dtype in enumerate(dtypes):
        columns.setdefault(dtype, []).append(number)
    return list(columns.items())


def as_stored(numbers, dtypes):
    """Round and clip numbers to what their columns' dtypes can hold.

    Parameters
    ----------
    numbers : ndarray of shape (n_samples, n_features)
        Floating-point numbers.

    dtypes : list of (dtype, columns)
        As `columns_by_dtype` gives them.

    Returns
    -------
    numbers : ndarray of shape (n_samples, n_features)
        A copy, still floating-point.
    """
    numbers = numbers.copy()
    for dtype, columns in dtypes:
        if dtype.kind in "biu":
            low, high = (0, 1) if dtype.kind == "b" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
            largest = numbers.dtype.type(high)
            if int(largest) > high:  # the nearest floating-point number lies above
                largest = np.nextafter(largest, 0)
            numbers[:, columns] = np.clip(np.rint(numbers[:, columns]), low, largest)
        elif dtype.kind == "f" and dtype.itemsize < numbers.dtype.itemsize:
            limits = np.finfo(dtype)
            numbers[:, columns] = np.clip(numbers[:, columns], limits.min, limits.max)
    return numbers


def write_numbers(numbers, rows):
    """Put other numbers into rows.

    Parameters
    ----------
    numbers : ndarray of shape (n_samples, n_features)
        The numbers, as stored.

    rows : array, list, pandas or polars DataFrame
        Rows whose container, shape, dtypes, columns and index labels are wanted; left as they are.

    Returns
    -------
    written : as rows
    """
    container = container_of(rows)
    if container == "pandas":
        columns = {
            number: pd.Series(column.astype(_pandas_dtype(dtype))).astype(dtype)
            for number, (column, dtype) in enumerate(zip(numbers.T, rows.dtypes, strict=True))
        }
        return pd.DataFrame(columns).set_axis(rows.columns, axis=1).set_axis(rows.index, axis=0)
    if container == "polars":
        polars = sys.modules["polars"]
        return rows.with_columns(
            polars.Series(name, column.astype(_polars_dtype(rows, name))).cast(dtype)
            for column, (name, dtype) in zip(numbers.T, rows.schema.items(), strict=True)
        )
    values = np.asarray(rows)
    values = numbers.reshape(values.shape).astype(values.dtype)
    if container == "array":
        return values
    made = values if isinstance(rows[0], np.ndarray) else values.tolist()
    return type(rows)(made)


def _pandas_dtype(dtype):
    """NumPy's dtype behind one of pandas; object where it has none."""
    if isinstance(dtype, pd.SparseDtype):
        return dtype.subtype
    return np.dtype(getattr(dtype, "numpy_dtype", dtype if isinstance(dtype, np.dtype) else object))


def _polars_dtype(X, name):
    """NumPy's dtype of a column of polars."""
    return X.get_column(name).head(0).to_numpy().dtype


def _to_numpy(X, precision):
    if not is_frame(X):
        X = X if isinstance(X, np.ma.MaskedArray) else np.asarray(X)
        return np.ma.filled(X.astype(precision, copy=False), np.nan)
    if container_of(X) == "pandas":
        return X.to_numpy(dtype=precision, na_value=np.nan)
    columns = [X.get_column(name).cast(float).to_numpy() for name in X.columns]
    return np.column_stack(columns).astype(precision)


def _check_finite(numbers, X, refusal):
    if np.isfinite(numbers).all():
        return
    row, column = np.argwhere(~np.isfinite(numbers))[0]
    count = np.count_nonzero(~np.isfinite(numbers))
    column = repr(list(X.columns)[column]) if is_frame(X) else str(column)
    raise ValueError(
        f"{refusal} has {count} missing or infinite values (NaN, inf), the first in row {row}, "
        f"column {column}."
    )
