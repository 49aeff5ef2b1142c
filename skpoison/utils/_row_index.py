"""Rows that are known again."""

from hashlib import blake2b

import numpy as np

BLOCK = 1024  # rows converted at once


class RowIndex:
    """Find rows of a training set again, by what they hold.

    Values are compared in single precision, so that a float32 copy of a row is the same row.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        The training rows.
    """

    def __init__(self, X):
        keys = row_keys(X)
        self._order = np.argsort(keys, kind="stable")
        self._keys = keys[self._order]

    def find(self, X):
        """Positions of rows in the training set.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        positions : ndarray of shape (n_samples,)
            The first training row that is equal; -1 where none is.
        """
        keys = row_keys(X)
        place = np.searchsorted(self._keys, keys)
        place[place == len(self._keys)] = 0
        return np.where(self._keys[place] == keys, self._order[place], -1)


def row_keys(X):
    """A fingerprint of each row, the same in every process and precision; 0 and -0 are one.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Rows of numbers.

    Returns
    -------
    keys : ndarray of shape (n_samples,), dtype=uint64
    """
    X = np.asarray(X)
    digests = bytearray()
    for start in range(0, len(X), BLOCK):
        rows = X[start : start + BLOCK]
        with np.errstate(over="ignore", under="ignore"):
            singles = rows.astype(np.float32, order="C") + np.float32(0)
        in_range = np.isfinite(singles).all(axis=1)
        for row, single, fits in zip(rows, singles, in_range, strict=True):
            row = single if fits else row.astype(np.float64)
            digests += blake2b(row.tobytes(), digest_size=8).digest()
    return np.frombuffer(bytes(digests), dtype=np.uint64)
