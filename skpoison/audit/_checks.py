"""What is refused before any work."""

from dataclasses import replace

import numpy as np
import pandas as pd
from scipy import sparse

from skpoison.audit._target import check_classes
from skpoison.audit.kinds import KINDS
from skpoison.detectors._encoding import check_some_value, kind_of
from skpoison.detectors._precomputed import check_predictions, column_labels, columns_of_classes
from skpoison.detectors._standardizer import LARGEST_SINGLE
from skpoison.utils._magnitudes import MAX_VALUE, with_room_to_square
from skpoison.utils._nearest import nearest

KINDS_OF_ROWS = ("table", "text", "images", "features")
TASKS = ("classification", "regression", "multilabel")
FEWEST_ROWS = 2
MOST_OF_A_PIXEL = 1e15  # squares of 100 million of them fit into single precision


def chosen_kinds(data, only):
    """Kinds to look for, in order.

    Raises
    ------
    ValueError
        If `only` names a kind that there is not, with the nearest one, or that makes no sense for
        these data.
    """
    suitable = [kind for kind in KINDS.values() if kind.suits(data)]
    if only is None:
        return suitable
    names = [only] if isinstance(only, str) else list(only)
    for name in names:
        if name not in KINDS:
            hint = nearest(name, KINDS)
            raise ValueError(f"only must hold names of {list(KINDS)}, got {name!r}.{hint}")
        kind = KINDS[name]
        if kind.lacks(data):
            raise ValueError(f"only={name!r} needs {kind.needs}, which are not given.")
        if kind not in suitable:
            raise ValueError(
                f"only={name!r} makes no sense for {data.task} of the kind {data.kind!r}: it is "
                f"for {', '.join(kind.tasks)} of {', '.join(kind.rows)}."
            )
    if not names:
        raise ValueError(f"only must name at least one of {list(KINDS)}, got none.")
    return [kind for kind in suitable if kind.name in names]


def check_data(data):
    """The data with an index and probabilities in the order of the classes.

    Raises
    ------
    ValueError
        If parts do not fit each other, or values are such that nothing can be computed.
    """
    for name, accepted in (("kind", KINDS_OF_ROWS), ("task", TASKS)):
        if getattr(data, name) not in accepted:
            raise ValueError(f"{name}={getattr(data, name)!r} must be one of {accepted}.")
    y = np.asarray(data.y)
    n_rows = len(y)
    if n_rows < FEWEST_ROWS:
        raise ValueError(f"An audit needs {FEWEST_ROWS} rows or more, got {n_rows}.")
    for name in ("X", "groups", "split", "pred_proba", "features", "index", "paths"):
        part = getattr(data, name)
        length = n_rows if part is None else part.shape[0] if sparse.issparse(part) else len(part)
        if length != n_rows:
            raise ValueError(f"{name} has {length:,} rows, but y has {n_rows:,}.")
    if pd.isna(y).any():
        rows = np.flatnonzero(pd.isna(y).reshape(n_rows, -1).any(axis=1))
        raise ValueError(
            f"The label is missing in {len(rows):,} rows: {rows[:5].tolist()}. Drop these rows."
        )
    if data.is_regression:
        if not np.isfinite(y.astype(float)).all():
            raise ValueError("y holds infinite targets.")
        with_room_to_square(y.astype(float), name="y")
    if data.is_classification:
        check_classes(y, data.label_name)
    if hasattr(data.X, "columns") and data.X.columns.has_duplicates:
        twice = data.X.columns[data.X.columns.duplicated()].unique().tolist()
        raise ValueError(
            f"Columns of X must have different names, got twice or more: {twice[:10]}."
        )
    if hasattr(data.X, "columns"):
        check_some_value(data.X)
    for name in ("X", "features"):
        shape = getattr(getattr(data, name), "shape", (n_rows,))
        if 0 in shape:
            raise ValueError(f"{name} has shape {shape}: its rows are empty.")
        _check_numbers(name, getattr(data, name))
    index = pd.RangeIndex(n_rows) if data.index is None else pd.Index(data.index)
    return replace(data, y=y, index=index, pred_proba=_probabilities(data, y))


def _check_numbers(name, X):
    if hasattr(X, "select_dtypes"):
        columns = X.select_dtypes("number")
        values, names = columns.to_numpy(dtype=np.float64, na_value=np.nan), list(columns)
    else:
        values, names = X, None
    cells = values.data if sparse.issparse(values) else values
    if getattr(cells, "dtype", np.dtype("O")).kind != "f":
        return
    if np.isinf(cells).any():
        raise ValueError(f"{name} holds infinite values: replace them or drop their rows.")
    if sparse.issparse(X) and np.isnan(cells).any():
        raise ValueError(
            f"{name} is a sparse matrix with missing values: fill them, or give {name} as an array."
        )
    is_pictures = np.ndim(cells) > 2
    if is_pictures:
        missing = np.flatnonzero(np.isnan(cells).reshape(len(cells), -1).any(axis=1))
        if len(missing):
            raise ValueError(
                f"{name} holds {len(missing):,} pictures with missing pixels (NaN): "
                f"{missing[:5].tolist()}. Fill these or drop the pictures."
            )
    most = LARGEST_SINGLE if kind_of(X) == "table" else MAX_VALUE
    with_room_to_square(values, names, name, MOST_OF_A_PIXEL if is_pictures else most)


def _probabilities(data, y):
    """Class probabilities as an array in the order of the sorted labels."""
    if data.pred_proba is None:
        return None
    if not data.is_classification:
        raise ValueError(f"pred_proba is for classification, not for {data.task}.")
    names, values = column_labels(data.pred_proba), np.asarray(data.pred_proba, dtype=np.float64)
    if values.ndim != 2:
        raise ValueError(f"pred_proba must have two dimensions, got {values.ndim}.")
    try:
        values = values[:, columns_of_classes(names, values.shape[1], np.unique(y))]
        check_predictions(values, "predict_proba")
    except ValueError as error:
        raise ValueError(str(error).replace("X must", "pred_proba must")) from None
    return values
