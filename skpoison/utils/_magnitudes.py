"""Numbers that are too large to be squared."""

import numpy as np
from scipy import sparse

MAX_VALUE = 1e150  # squares of larger ones overflow
MAX_SINGLE = 1e18  # the same in single precision


def with_room_to_square(X, names=None, name="X", most=MAX_VALUE):
    """Refuse numbers whose squares overflow.

    Parameters
    ----------
    X : {ndarray, sparse matrix} of shape (n_samples, n_features)
        Numbers; NaN is passed over.

    names : sequence, default=None
        Of the columns, for the error. None: their positions.

    name : str, default="X"
        How the error calls the numbers.

    most : float, default=MAX_VALUE
        The largest accepted.

    Returns
    -------
    X : as it came
        In double precision where the squares overflow in single precision only.

    Raises
    ------
    ValueError
        If there are; the message names the column.
    """
    if X.dtype.kind != "f" or not X.size:
        return X
    sizes = _largest(X)
    column = int(sizes.argmax())
    if sizes[column] > most:
        where = f"Column {(range(len(sizes)) if names is None else names)[column]!r} of {name}"
        raise ValueError(
            f"{where if X.ndim == 2 else name} holds values up to {sizes[column]:.3g}, whose "
            "squares overflow: rescale it."
        )
    return X.astype(np.float64) if sizes[column] > MAX_SINGLE else X


def check_frame(table, most=MAX_VALUE):
    """Refuse a table in which a column holds larger numbers.

    Parameters
    ----------
    table : DataFrame
        Of pandas; columns of anything but numbers are passed over.

    most : float, default=MAX_VALUE
        The largest accepted.

    Raises
    ------
    ValueError
        If there is one; the message names it.
    """
    numeric = table.select_dtypes("number")
    values = numeric.to_numpy(dtype=np.float64, na_value=np.nan)
    with_room_to_square(values, list(numeric.columns), most=most)


def _largest(X):
    """The largest absolute value of each column."""
    if sparse.issparse(X):
        return abs(X).max(axis=0).toarray().ravel().astype(np.float64)
    X = X.reshape(len(X), -1)
    low = np.fmin.reduce(X, axis=0).astype(np.float64)
    return np.nan_to_num(np.fmax(-low, np.fmax.reduce(X, axis=0)), posinf=np.inf)
