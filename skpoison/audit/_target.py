"""The label of each row, and whether it is a class, a number or a set of tags."""

import numpy as np
import pandas as pd

from skpoison.audit._naming import counted, quoted
from skpoison.audit._read import CLASSES_AT_MOST, SHARE_AT_MOST

TASKS = ("classification", "regression")
MANY_CLASSES = 20  # more whole numbers may be measurements


def read_target(y, name, task=None):
    """Labels or targets in the type that they have, and what they are.

    Parameters
    ----------
    y : array of shape (n_samples,) or (n_samples, n_tags)
        Without gaps.

    name : str
        What the label is called.

    task : {"classification", "regression"}, default=None
        What they are; None: told from the values.

    Returns
    -------
    y : ndarray
        Strings or whole numbers for classes, floats for a regression, 0 and 1 for tags.

    task : {"classification", "regression", "multilabel"}

    notes : list of str

    Raises
    ------
    ValueError
        If there is one class only, or if the values are mostly distinct without being numbers.
    """
    y = np.asarray(y)
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.ndim == 2:
        return _read_indicators(y, name)
    if y.ndim != 1:
        raise ValueError(f"label={name!r} has shape {y.shape}; one label a row is accepted.")
    y = _plain(y)
    values, counts = np.unique(y, return_counts=True)
    if len(values) < 2:
        raise ValueError(
            f"label={name!r} holds one class only, {str(values[0])!r} in {counted(len(y), 'row')}. "
            "At least two are needed to tell a wrong label from a right one."
        )
    is_number = y.dtype.kind in "iuf"
    found, note = task, []
    if task == "regression" and not is_number:
        raise ValueError(
            f"task='regression' needs numbers; label={name!r} holds {quoted(values, 3)}."
        )
    if task is None:
        found, note = _told_from_values(y, values, name)
    if found == "regression":
        return y.astype(np.float64), found, note
    if len(values) * 2 > len(y):
        what = "measured (--task regression, task='regression'), or an identifier"
        raise ValueError(
            f"label={name!r} holds {len(values):,} different values in {counted(len(y), 'row')}, "
            f"such as {quoted(values, 3)}. Is it {what if is_number else 'an identifier'}? "
            "Name the column of the classes."
        )
    return y, "classification", note


def _told_from_values(y, values, name):
    """Whether numbers are measured or classes, with a note where one may see it otherwise."""
    whole = y.dtype.kind in "iu"
    if y.dtype.kind not in "iuf" or (whole and len(values) <= MANY_CLASSES):
        return "classification", []
    if whole and values[-1] - values[0] == len(y) - 1 == len(values) - 1:
        raise ValueError(
            f"label={name!r} numbers the rows from {values[0]} to {values[-1]}: it is an "
            "identifier. Name the column of the classes."
        )
    n = f"{len(values):,} different numbers in {counted(len(y), 'row')}"
    if whole and len(values) <= max(CLASSES_AT_MOST, SHARE_AT_MOST * len(y)):
        return "classification", [
            f"The label '{name}' holds {n}: they are taken for classes. "
            "--task regression (task='regression') takes them for measurements."
        ]
    return "regression", [
        f"The label '{name}' holds {n}: it is taken for a measured target (regression). "
        "--task classification (task='classification') takes them for classes."
    ]


def _plain(y):
    """Labels as strings, whole numbers or floats."""
    column = pd.Series(y).infer_objects()
    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
        numbers = column.to_numpy()
        if numbers.dtype.kind == "f" and np.isfinite(numbers).all():
            is_whole = (numbers == np.round(numbers)).all() and (np.abs(numbers) < 2**53).all()
            return numbers.astype(np.int64) if is_whole else numbers
        return numbers
    return column.map(lambda label: str(label).strip()).to_numpy(dtype=str)


def _read_indicators(y, name):
    if not np.isin(y, (0, 1)).all():
        raise ValueError(
            f"label={name!r} has shape {y.shape} and other values than 0 and 1; one label a row "
            "or one column of 0 and 1 for each tag is accepted."
        )
    y = y.astype(np.int64)
    if (y.sum(axis=1) == 1).all():
        return read_target(y.argmax(axis=1), name, "classification")
    return y, "multilabel", [f"The label '{name}' holds {counted(y.shape[1], 'tag')} a row."]
