"""Rows that are known again."""

from hashlib import blake2b

import numpy as np
import pandas as pd
from scipy import sparse

BLOCK = 1024  # rows converted at once


class RowIndex:
    """Find rows of a training set again, by what they hold.

    Values are compared in single precision, so that a float32 copy of a row is the same row.

    Parameters
    ----------
    X : {array-like, sparse matrix, dataframe, sequence of str} of shape (n_samples, ...)
        The training rows.

    positions : ndarray of shape (n_samples,), dtype=int, default=None
        Where each stands in the training set. None: in their order.
    """

    def __init__(self, X, positions=None):
        keys = row_keys(X)
        order = np.argsort(keys, kind="stable")
        self._keys = keys[order]
        self._order = order if positions is None else positions[order]

    def find(self, X):
        """Positions of rows in the training set.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe, sequence of str} of shape (n_samples, ...)
            Rows.

        Returns
        -------
        positions : ndarray of shape (n_samples,)
            The first training row that is equal; -1 where none is. Of the training set itself,
            each row is found in its own place.
        """
        keys = row_keys(X)
        own = np.arange(len(self._keys))
        if np.array_equal(np.sort(self._order), own) and len(keys) == len(own):
            if (keys[self._order] == self._keys).all():
                return own
        place = np.searchsorted(self._keys, keys)
        place[place == len(self._keys)] = 0
        return np.where(self._keys[place] == keys, self._order[place], -1)


def row_keys(X):
    """A fingerprint of each row, the same in every process and precision; 0 and -0 are one.

    Parameters
    ----------
    X : {array-like, sparse matrix, dataframe, sequence of str} of shape (n_samples, ...)
        Rows.

    Returns
    -------
    keys : ndarray of shape (n_samples,), dtype=uint64
    """
    if sparse.issparse(X):
        return _sparse_keys(X.tocsr())
    if hasattr(X, "columns"):
        return _frame_keys(X)
    X = np.asarray(X)
    if X.dtype.kind in "OUST":
        return _frame_keys(pd.DataFrame(X.reshape(len(X), -1)))
    digests = bytearray()
    for start in range(0, len(X), BLOCK):
        rows = X[start : start + BLOCK]
        rows = rows.reshape(len(rows), -1)
        singles = _in_single_precision(rows)
        in_range = ~(np.isinf(singles) & np.isfinite(rows)).any(axis=1)
        for row, single, fits in zip(rows, singles, in_range, strict=True):
            row = single if fits else row.astype(np.float64, order="C")
            digests += blake2b(row.tobytes(), digest_size=8).digest()
    return np.frombuffer(bytes(digests), dtype=np.uint64)


def _in_single_precision(values):
    """Rounded values; NaN, and 0 and -0, have one bit pattern each."""
    with np.errstate(over="ignore", under="ignore"):
        singles = values.astype(np.float32, order="C") + np.float32(0)
    singles[np.isnan(singles)] = np.nan
    return singles


def _sparse_keys(X):
    X = X.copy()
    X.sum_duplicates()
    X.eliminate_zeros()
    values, columns = _in_single_precision(X.data), X.indices.astype(np.int64)
    digests = bytearray()
    for start, stop in zip(X.indptr, X.indptr[1:], strict=False):
        row = columns[start:stop].tobytes() + values[start:stop].tobytes()
        digests += blake2b(row, digest_size=8).digest()
    return np.frombuffer(bytes(digests), dtype=np.uint64)


def _frame_keys(frame):
    """Texts of the values decide, those of numbers in single precision."""
    frame = frame if hasattr(frame, "iloc") else frame.to_pandas()
    columns = {}
    for number in range(frame.shape[1]):
        column = frame.iloc[:, number]
        if pd.api.types.is_numeric_dtype(column):
            column = _in_single_precision(column.to_numpy(dtype=np.float64, na_value=np.nan))
        else:
            column = column.astype(str).to_numpy(dtype=object)
        columns[number] = column
    return pd.util.hash_pandas_object(pd.DataFrame(columns), index=False).to_numpy()
