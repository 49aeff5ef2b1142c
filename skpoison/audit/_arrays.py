"""NumPy's files: rows, labels, features, predictions. No pickle is ever read."""

import zipfile
from pathlib import Path

import numpy as np
import pandas as pd

from skpoison.audit._data import AuditData
from skpoison.audit._delimited import as_position
from skpoison.audit._inert import encodable
from skpoison.audit._naming import counted, quoted
from skpoison.utils._archives import check_header
from skpoison.utils._files import named
from skpoison.utils._nearest import nearest

MAX_BYTES = 2**34  # of one array
LABELS = ("y", "y_train", "label", "labels", "target", "targets")
ROWS = ("X", "x", "X_train", "x_train", "data", "images", "features", "embeddings")


def is_array_file(path):
    """Tell whether a file holds NumPy arrays, by its first bytes."""
    with path.open("rb") as file:
        if file.read(6) == b"\x93NUMPY":
            return True
    if not zipfile.is_zipfile(path):
        return False
    with named(path), zipfile.ZipFile(path) as archive:
        names = archive.namelist()
    return bool(names) and all(name.endswith(".npy") for name in names)


def read_arrays(path, *, label=None, groups=None, split=None):
    """Read rows and labels from an .npz archive, or from .npy files.

    Parameters
    ----------
    path : pathlib.Path
        An archive with rows and labels, or one array.

    label : str, default=None
        Key of the labels in the archive; beside one array, the .npy file of the labels or the
        number of a column.

    groups, split : str, default=None
        Keys of further arrays of the archive, one value a row.

    Returns
    -------
    data : AuditData

    Raises
    ------
    ValueError, OSError
        If an array is missing, holds objects or does not fit the others.
    """
    with path.open("rb") as file:
        is_single = file.read(6) == b"\x93NUMPY"
    if is_single:
        if groups is not None or split is not None:
            raise ValueError("groups and split name arrays of an .npz archive; this is one array.")
        X, y, label = _single(path, label)
        notes = [f"{path.name}: one array of shape {X.shape}."]
        extra = {}
    else:
        X, y, label, extra, notes = _archive(path, label, {"groups": groups, "split": split})
    for name, values in {"X": X, label: y, **extra}.items():
        if values.ndim == 0:
            raise ValueError(f"{path}: {name} is a single value; one for each row is accepted.")
        if len(values) != len(X):
            raise ValueError(f"{path}: {name} holds {len(values):,} rows, where X has {len(X):,}.")
        if values.dtype.kind == "V" and name != "X":
            raise ValueError(
                f"{path}: {name} has dtype {values.dtype}; numbers or texts are accepted."
            )
        if name in extra and values.ndim > 1:
            raise ValueError(
                f"{path}: {name} has shape {values.shape}; one value a row is accepted."
            )
    if not X.size:
        raise ValueError(f"{path}: X has shape {X.shape}: it is empty.")
    X, kind, more = _rows(X)
    return AuditData(
        X=X,
        y=_texts(y),
        kind=kind,
        index=pd.RangeIndex(len(y), name="row"),
        label_name=label,
        notes=[*notes, *more],
        **{name: _texts(np.asarray(values).astype(str)) for name, values in extra.items()},
    )


def read_one_array(path, parameter, n_rows):
    """Read the single array of a file that stands beside the source.

    Parameters
    ----------
    path : str or pathlib.Path
        An .npy file, or an .npz archive with one array.

    parameter : str
        The parameter that names it, for errors.

    n_rows : int
        Rows that the source has.

    Returns
    -------
    values : ndarray of shape (n_rows, n_columns)
        Finite floats.

    Raises
    ------
    ValueError, OSError
        If it is anything else.
    """
    path = Path(path)
    if not path.is_file():
        raise OSError(f"{parameter}={str(path)!r}: no such file.")
    if not is_array_file(path):
        raise ValueError(f"{parameter}={str(path)!r}: an .npy file is accepted.")
    arrays = _load(path)
    if len(arrays) != 1:
        raise ValueError(f"{parameter}={str(path)!r} holds {len(arrays)} arrays; one is accepted.")
    (values,) = arrays.values()
    if values.ndim != 2 or values.dtype.kind not in "fiub":
        raise ValueError(
            f"{parameter}={str(path)!r} has shape {values.shape} and dtype {values.dtype}; numbers "
            "of shape (rows, columns) are accepted."
        )
    if len(values) != n_rows:
        raise ValueError(
            f"{parameter}={str(path)!r} has {counted(len(values), 'row')}, the source {n_rows:,}."
        )
    values = np.asarray(values, dtype=np.result_type(values.dtype, np.float32))
    bad = np.flatnonzero(~np.isfinite(values).all(axis=1))
    if len(bad):
        raise ValueError(
            f"{parameter}={str(path)!r} has gaps or infinite numbers in "
            f"{counted(len(bad), 'row')}, the first is {bad[0]}."
        )
    return values


def _single(path, label):
    """Rows and labels where the rows are a lone array."""
    (X,) = _load(path).values()
    if label is None:
        raise ValueError("label must be the .npy file of the labels, or the number of a column.")
    position = as_position(label, X.shape[1]) if X.ndim == 2 else None
    if position is not None:
        return np.delete(X, position, axis=1), X[:, position], f"column {position}"
    labels = Path(label)
    if not labels.is_file():
        raise OSError(
            f"label={str(label)!r}: no such file. Beside one array of shape {X.shape} the label is "
            "an .npy file, or the number of a column."
        )
    arrays = _load(labels) if is_array_file(labels) else {}
    if len(arrays) != 1:
        raise ValueError(f"label={str(label)!r}: an .npy file with one array is accepted.")
    return X, next(iter(arrays.values())), labels.stem


def _archive(path, label, others):
    """Rows, labels, name of the labels, other arrays and notes of an .npz archive."""
    with named(path), zipfile.ZipFile(path) as archive:
        keys = [name.removesuffix(".npy") for name in archive.namelist()]
    there = f"{path.name} holds {quoted(keys)}."
    for parameter, key in {"label": label, **others}.items():
        if key is not None and key not in keys:
            raise ValueError(
                f"{parameter}={key!r} is no array of {path.name}.{nearest(key, keys)} {there}"
            )
    if label is None:
        label = next((key for key in LABELS if key in keys), None)
        if label is None:
            raise ValueError(f"label must name the array of the labels. {there}")
    partners = [x + label[1:] for x in "Xx"] if label[:1] in "Yy" else []
    rows = next((key for key in (*partners, *ROWS) if key in keys and key != label), None)
    if rows is None:
        raise ValueError(f"No array is called {quoted(ROWS[:4])}, ...: {there}")
    wanted = {parameter: key for parameter, key in others.items() if key is not None}
    arrays = _load(path, {rows, label, *wanted.values()})
    unread = [key for key in keys if key not in arrays]
    notes = [
        f"{path.name}: rows from {quoted([rows])} of shape {arrays[rows].shape}, "
        f"labels {quoted([label])}."
    ]
    if unread:
        notes.append(f"Not read: {quoted(unread)}.")
    extra = {parameter: arrays[key] for parameter, key in wanted.items()}
    return arrays[rows], arrays[label], label, extra, notes


def _load(path, keys=None):
    """Arrays of a file, after a look at the sizes that it declares."""
    with named(path):
        if not zipfile.is_zipfile(path):
            array = np.load(path, mmap_mode="r", allow_pickle=False)
            return {path.stem: np.array(array)}
        with zipfile.ZipFile(path) as archive:
            sizes = {m.filename.removesuffix(".npy"): m.file_size for m in archive.infolist()}
            for key in keys or sizes:
                if sizes[key] > MAX_BYTES:
                    raise ValueError(f"{quoted([key])} unpacks to {sizes[key] >> 30} GiB")
                with archive.open(f"{key}.npy") as member:
                    check_header(member, key, sizes[key])
        with np.load(path, allow_pickle=False) as arrays:
            return {key: arrays[key] for key in keys or sizes}


def _texts(values):
    """The array, with halves of characters written out where it holds texts."""
    return np.asarray(encodable(values)) if values.dtype.kind == "U" else values


def _rows(X):
    """Rows as an audit takes them: texts, features, or images with their colours last."""
    if X.dtype.kind in "US" and X.ndim == 1:
        return _texts(X.astype(str)).tolist(), "text", []
    if X.dtype.kind not in "fiub" or X.ndim not in (2, 3, 4):
        raise ValueError(
            f"X has shape {X.shape} and dtype {X.dtype}; numbers of shape (n, columns), images of "
            "shape (n, height, width) or (n, height, width, colours), or texts are accepted."
        )
    infinite = np.flatnonzero(np.isinf(X.reshape(len(X), -1)).any(axis=1))
    if len(infinite):
        raise ValueError(f"X has infinite numbers in {len(infinite):,} rows: {infinite[0]}, ...")
    if X.ndim == 2:
        return X, "features", []
    notes = []
    if X.ndim == 4 and X.shape[1] in (1, 3) and X.shape[3] not in (1, 3):
        X = np.moveaxis(X, 1, 3)
        notes.append("Colours stood before the pixels, and are moved behind them.")
    if X.ndim == 4 and X.shape[3] == 1:
        X = X[..., 0]
    low, high = X.min(), X.max()
    if X.dtype != np.uint8 and not (0 <= low and high <= 1):
        if 0 <= low and high <= 255:
            X = np.rint(X).astype(np.uint8)
        else:
            X = ((X - low) / (high - low)).astype(np.float32)
            notes.append(f"Pixels from {low:g} to {high:g} are scaled to 0 to 1.")
    return X, "images", notes
