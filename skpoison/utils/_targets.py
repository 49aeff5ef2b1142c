"""Targets of a regression, whatever they come in."""

import numpy as np

from skpoison.utils._containers import check_container, container_of
from skpoison.utils._magnitudes import with_room_to_square


def target_values(y, name="y"):
    """Read the target of each row.

    Parameters
    ----------
    y : list, array, pandas or polars Series of shape (n_samples,)
        Numbers; a single column of them too.

    name : str, default="y"
        How errors call them.

    Returns
    -------
    targets : ndarray of shape (n_samples,), dtype=float64

    Raises
    ------
    ValueError
        If there is anything but one finite number for each row.
    """
    if y is None:
        raise ValueError(
            f"The estimator requires {name} to be passed, but the target {name} is None."
        )
    y = check_container(y, name)
    refusal = f"{name} must hold one finite number for each row"
    if container_of(y) == "sparse":
        raise ValueError(f"{refusal}; got a sparse matrix.")
    values = np.asarray(y)
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim != 1:
        raise ValueError(f"{refusal}; got an array of shape {values.shape}.")
    if values.dtype.kind == "c":
        raise ValueError(f"{refusal}; got complex numbers. Complex data not supported.")
    try:
        values = values.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{refusal}; got others, such as {values.tolist()[0]!r}.") from error
    wrong = np.flatnonzero(~np.isfinite(values))
    if len(wrong):
        raise ValueError(
            f"{refusal}; got NaN or inf in {len(wrong)} of them, first row {wrong[0]}."
        )
    return with_room_to_square(values, name=name)
