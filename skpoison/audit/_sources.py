"""From a file or folder to rows and labels: `read_source`."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils import check_random_state

from skpoison._typing import RandomState
from skpoison.audit._arrays import is_array_file, read_arrays, read_one_array
from skpoison.audit._audit import rows_of
from skpoison.audit._columns import use_columns
from skpoison.audit._data import AuditData
from skpoison.audit._folders import read_folder, read_texts
from skpoison.audit._models import check_model, with_model_features
from skpoison.audit._naming import counted, quoted, rows_named
from skpoison.audit._picture_files import read_pictures
from skpoison.audit._tables import read_table
from skpoison.audit._target import as_read, check_task, read_target
from skpoison.detectors._blockwise import draw_sample
from skpoison.utils._nearest import nearest


def read_source(
    source: Any,
    *,
    label: Any = None,
    text: str | None = None,
    image: str | None = None,
    features: Any = None,
    pred_proba: Any = None,
    model: Any = None,
    groups: str | None = None,
    split: str | None = None,
    task: str | None = None,
    skip_bad: bool = False,
    max_rows: int | None = None,
    random_state: RandomState = None,
) -> AuditData:
    """Read rows and labels from a table, a folder or arrays.

    Parameters
    ----------
    source : str or pathlib.Path
        A table (CSV, TSV, Parquet, Feather, Arrow, JSON lines, or one of them compressed), a
        folder with one folder of pictures or text files for each class, or an .npz or .npy file.

    label : str, int or list of them, default=None
        Column of the labels: its name, or its position from 0 (negative: from the end); several
        columns of 0 and 1, yes and no, or true and false are tags. In an archive the key of the
        labels. Folders need none.

    text : str or int, default=None
        Column of the texts, where these alone are the rows.

    image : str or int, default=None
        Column of the pictures: paths that begin at the table's folder, or their bytes.

    features : str or pathlib.Path, default=None
        An .npy file of shape (n_rows, n_features), used in place of the rows.

    pred_proba : str or pathlib.Path, default=None
        An .npy file of shape (n_rows, n_classes): out-of-sample probabilities, classes sorted.

    model : str or pathlib.Path, default=None
        A model in a file that gives images or texts their features: ``.keras``, ``.onnx``, or a
        folder of Model2Vec.

    groups, split : str or int, default=None
        Column of the annotator, source or date, and of the part ("train", "test").

    task : {"classification", "regression"}, default=None
        What the label is. None: told from its values.

    skip_bad : bool, default=False
        Leave broken lines out in place of refusing the file.

    max_rows : int, default=None
        Rows to draw at random where there are more.

    random_state : int, RandomState or None, default=None
        Seed of that draw.

    Returns
    -------
    data : AuditData

    Raises
    ------
    ValueError, OSError
        If the source cannot be read, or is not what is said of it. The message says in a
        sentence what came and what is accepted.
    """
    check_task(task)
    if model is not None:
        check_model(model)
    if max_rows is not None and max_rows < 2:
        raise ValueError(f"max_rows must be at least 2, got {max_rows}.")
    label = label[0] if isinstance(label, (list, tuple)) and len(label) == 1 else label
    path = _existing(source)
    in_table = {"text": text, "image": image}
    columns = {"label": label, **in_table, "groups": groups, "split": split}
    if path.is_dir():
        _refuse_columns(columns, "a folder, where each subfolder is a class")
        data = read_folder(path)
    elif is_array_file(path):
        _refuse_columns(in_table, "arrays")
        if isinstance(label, (list, tuple)):
            raise ValueError(f"label={list(label)} names several arrays; one is accepted.")
        data = read_arrays(path, label=label, groups=groups, split=split)
    else:
        data = read_table(path, **columns, skip_bad=skip_bad)
    n_rows = len(data.y)
    if features is not None:
        data.features = read_one_array(features, "features", n_rows)
        data.notes.append(f"Features of your own: {data.features.shape[1]:,} a row.")
    if pred_proba is not None:
        data.pred_proba = read_one_array(pred_proba, "pred_proba", n_rows)
    data = _without_gaps(data)
    if max_rows is not None and len(data.y) > max_rows:
        data = _sample(data, max_rows, check_random_state(random_state))
    data, items = _open_files(data, path)
    y = data.y if np.ndim(data.y) > 1 else as_read(data.y)
    if data.tag_names:
        y = pd.DataFrame(y, columns=data.tag_names)
    data.y, data.task, notes, data.tag_names = read_target(y, data.label_name, task)
    data.notes += notes
    _check_probabilities(data, pred_proba)
    data = _decide_columns(data)
    return data if model is None else with_model_features(data, model, items, path.parent)


def _existing(source):
    path = Path(source)
    if path.is_file() or path.is_dir():
        return path
    if path.exists():
        raise OSError(
            f"source={str(source)!r} is a pipe or a device, which may never end: write what comes "
            "out of it to a file."
        )
    there = [entry.name for entry in path.parent.iterdir()] if path.parent.is_dir() else []
    raise OSError(f"source={str(source)!r}: no such file or folder.{nearest(path.name, there)}")


def _refuse_columns(columns, what):
    for parameter, column in columns.items():
        if column is not None:
            raise ValueError(f"{parameter}={column!r} names a column; the source is {what}.")


def _take(data, rows, note=None):
    """Some of the rows, by position."""
    return replace(rows_of(data, rows), notes=[*data.notes, *([note] if note else [])])


def _sample(data, max_rows, random_state):
    """Rows drawn at random, at least a few of each class."""
    codes = None
    if np.ndim(data.y) == 1:
        codes, values = pd.factorize(np.asarray(data.y))
        codes = codes if len(values) * 2 <= max_rows else None
    rows = draw_sample(len(data.y), codes, max_rows, random_state)
    note = f"{max_rows:,} of {len(data.y):,} rows are looked at, drawn at random."
    return _take(data, rows, note)


def _without_gaps(data):
    """Leave rows without a label or a text out, and say which."""
    has_label = _is_present(data.y)
    if not has_label.any():
        raise ValueError(f"label={data.label_name!r} is empty in all rows.")
    if not has_label.all():
        data = _leave_out(data, ~has_label, "a label")
    if data.kind == "text" and not isinstance(data.X[0], Path):
        data = _without_texts(data)
    return data


def _without_texts(data):
    has_text = np.array([isinstance(text, str) and bool(text.strip()) for text in data.X])
    if not has_text.any():
        raise ValueError("The column of texts is empty in all rows.")
    return data if has_text.all() else _leave_out(data, ~has_text, "a text")


def _leave_out(data, missing, what):
    are = "row is" if missing.sum() == 1 else "rows are"
    named = rows_named(data.index, missing)
    note = f"{missing.sum():,} {are} left out without {what}: {named}."
    return _take(data, np.flatnonzero(~missing), note)


def _is_present(y):
    values = np.asarray(y)
    missing = pd.isna(values)
    if values.dtype.kind == "f":
        missing |= np.isinf(values)
    elif values.dtype == object:
        missing |= np.array([v == "" or v in (np.inf, -np.inf) for v in values.ravel()]).reshape(
            values.shape
        )
    elif values.dtype.kind == "U":
        missing |= values == ""
    return ~missing.reshape(len(values), -1).any(axis=1)


def _open_files(data, path):
    """Read the files behind the rows, where there are any; of pictures, what they came from."""
    items = None
    if data.kind == "images" and isinstance(data.X, list):
        folder = path.parent
        if path.is_file() and not any(isinstance(item, bytes) for item in data.X):
            data.paths = [str(folder / item) if isinstance(item, str) else "" for item in data.X]
        X, good, notes = read_pictures(data.X, data.index, folder)
        items = [data.X[row] for row in good]
    elif data.kind == "text" and isinstance(data.X[0], Path):
        X, good, notes = read_texts(data.X, data.index)
    else:
        return data, None
    data = _take(data, good)
    return replace(data, X=X, notes=[*data.notes, *notes]), items


def _check_probabilities(data, source):
    if data.pred_proba is None:
        return
    if not data.is_classification:
        raise ValueError(f"pred_proba={str(source)!r} needs classes; the label is {data.task}.")
    n_classes = len(np.unique(data.y))
    values = data.pred_proba
    if values.shape[1] != n_classes:
        raise ValueError(
            f"pred_proba={str(source)!r} has {counted(values.shape[1], 'column')}; one for each of "
            f"the {n_classes} labels in sorted order is accepted."
        )
    bad = (values < 0).any(axis=1) | (np.abs(values.sum(axis=1) - 1) > 0.01)
    if bad.any():
        raise ValueError(
            f"pred_proba={str(source)!r} holds no probabilities in {counted(bad.sum(), 'row')}, "
            f"such as {rows_named(data.index, np.flatnonzero(bad)[:1])}: they must sum to 1."
        )
    data.notes.append(f"Out-of-sample probabilities of your own for {n_classes} labels.")


def _decide_columns(data):
    """Decide how the columns of a table are used; a single one of texts makes a set of texts."""
    if data.kind != "table":
        return data
    X, columns, notes = use_columns(data.X)
    data = replace(data, X=X, columns=data.columns | columns, notes=[*data.notes, *notes])
    if not X.shape[1] and data.features is None:
        raise ValueError("No column is left beside the label: an audit needs rows to look at.")
    if [columns[name] for name in X] == ["text"]:
        text = X.iloc[:, 0]
        data.notes.append(f"The column {quoted([text.name])} holds texts: they are the rows.")
        texts = [None if pd.isna(value) else value for value in text]
        return _without_texts(replace(data, X=texts, kind="text"))
    return data
