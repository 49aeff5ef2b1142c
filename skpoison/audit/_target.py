"""The label of each row, and whether it is a class, a number or a set of tags."""

import numpy as np
import pandas as pd
from scipy import sparse

from skpoison.audit._inert import encodable
from skpoison.audit._naming import counted, quoted
from skpoison.utils._labels import check_missing, label_values

TASKS = ("classification", "regression")
MANY_CLASSES = 20  # more whole numbers may be measurements
CLASSES_AT_MOST, SHARE_AT_MOST = 50, 0.1  # different whole numbers; more are measurements
MOSTLY_DISTINCT = 0.5  # share of the rows; a label of more different values is no class


def check_task(task):
    """Refuse what is no task."""
    if task not in (None, *TASKS):
        raise ValueError(f"task must be one of {TASKS} or None, got {task!r}.")


def read_target(y, name, task=None):
    """Labels, targets or tags, and what they are.

    Parameters
    ----------
    y : array-like or sparse matrix of shape (n_samples,) or (n_samples, n_tags)
        Without gaps.

    name : str
        What the label is called.

    task : {"classification", "regression"}, default=None
        What they are; None: told from the values.

    Returns
    -------
    y : ndarray
        Labels as they came for classes, but fractions as strings; floats for a regression; 0 and 1
        for tags.

    task : {"classification", "regression", "multilabel"}

    notes : list of str

    tag_names : list of str or None

    Raises
    ------
    ValueError
        If labels are missing, there is one class only, or values are mostly distinct without
        being numbers.
    """
    values = y.toarray() if sparse.issparse(y) else np.asarray(y)
    if values.ndim and not len(values):
        raise ValueError(f"The label {name!r} has no rows.")
    check_missing(values, f"The label {name!r}")
    if values.ndim == 2 and values.shape[1] > 1:
        names = [str(column) for column in getattr(y, "columns", range(values.shape[1]))]
        return _read_tags(values, name, names, task)
    if values.ndim not in (1, 2):
        raise ValueError(f"The label {name!r} has shape {values.shape}; one a row is accepted.")
    is_number = values.dtype.kind in "iuf"
    if task == "regression" and not is_number:
        raise ValueError(
            f"task='regression' needs numbers; the label {name!r} holds "
            f"{quoted(pd.unique(values.ravel()), 3)}."
        )
    notes = []
    if task is None and is_number:
        task, notes = _told_from_values(values.ravel(), name)
    if task == "regression":
        values = values.ravel().astype(np.float64)
        _check_different(values, name)
        return values, task, notes, None
    if is_number:
        check_classes(values.ravel(), name)
        if not (values == np.round(values)).all():  # classes by name, such as ratings of 3.5
            y = values.ravel().astype(str)
    labels = label_values(y, f"The label {name!r}")
    if labels.dtype.kind in "OU":
        labels = np.asarray(encodable(labels))
    _check_different(labels, name)
    check_classes(labels, name)
    return labels, "classification", notes, None


def check_classes(labels, name):
    """Refuse labels of mostly different values: a name or a measurement of the row.

    Parameters
    ----------
    labels : ndarray of shape (n_samples,)
        Labels.

    name : str
        What they are called.

    Raises
    ------
    ValueError
        If more than half as many labels as rows are different.
    """
    values = np.unique(labels)
    if len(values) <= max(MOSTLY_DISTINCT * len(labels), 2):
        return
    what = "an identifier"
    if values.dtype.kind in "iuf":
        what = f"measured (--task regression, task='regression'), or {what}"
    raise ValueError(
        f"The label {name!r} holds {len(values):,} different values in "
        f"{counted(len(labels), 'row')}, such as {quoted(values, 3)}. Is it {what}? "
        "Name the column of the classes."
    )


def as_read(column):
    """Values of a file's column as strings, whole numbers or floats.

    Parameters
    ----------
    column : ndarray of shape (n_samples,)
        As they were read, of any type and without gaps.

    Returns
    -------
    values : ndarray of shape (n_samples,)
    """
    column = pd.Series(column).infer_objects()
    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
        numbers = column.to_numpy()
        if numbers.dtype.kind == "f" and np.isfinite(numbers).all():
            is_whole = (numbers == np.round(numbers)).all() and (np.abs(numbers) < 2**53).all()
            return numbers.astype(np.int64) if is_whole else numbers
        return numbers
    return column.map(lambda label: str(label).strip()).to_numpy(dtype=str)


def _check_different(values, name):
    if (values == values[0]).all():
        raise ValueError(
            f"The label {name!r} holds one class only, {str(values[0])!r} in "
            f"{counted(len(values), 'row')}. "
            "At least two are needed to tell a wrong label from a right one."
        )


def _told_from_values(y, name):
    """Whether numbers are measured or classes, with a note where one may see it otherwise."""
    values = np.unique(y)
    is_whole = bool((values == np.round(values)).all())
    if is_whole and len(values) <= MANY_CLASSES:
        return "classification", []
    if is_whole and values[-1] - values[0] == len(y) - 1 == len(values) - 1:
        raise ValueError(
            f"The label {name!r} numbers the rows from {values[0]:.0f} to {values[-1]:.0f}: it is "
            "an identifier. Name the column of the classes."
        )
    n = f"{len(values):,} different numbers in {counted(len(y), 'row')}"
    if is_whole and len(values) <= max(CLASSES_AT_MOST, SHARE_AT_MOST * len(y)):
        return "classification", [
            f"The label {quoted([name])} holds {n}: they are taken for classes. "
            "--task regression (task='regression') takes them for measurements."
        ]
    return "regression", [
        f"The label {quoted([name])} holds {n}: it is taken for a measured target (regression). "
        "--task classification (task='classification') takes them for classes."
    ]


def _read_tags(values, name, names, task):
    """Tags of each row; where all rows have one, it is their class."""
    if values.dtype.kind not in "biufO" or not np.isin(values, (0, 1)).all():
        raise ValueError(
            f"The label {name!r} has shape {values.shape} and other values than 0 and 1; one label "
            "a row or one column of 0 and 1 for each tag is accepted."
        )
    if task == "regression":
        raise ValueError(f"task='regression' needs one number a row; {name!r} holds tags.")
    values = values.astype(np.int64)
    if (values.sum(axis=1) == 1).all():
        labels = values.argmax(axis=1)
        is_numbered = names == [str(number) for number in range(len(names))]
        labels = labels if is_numbered else np.array(names)[labels]
        return read_target(labels, name, "classification")
    notes = [f"The label {quoted([name])} holds {counted(len(names), 'tag')} a row."]
    return values, "multilabel", notes, names
