"""The data sets of a comparison, and a draw of rows from one."""

import hashlib
import os
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn import datasets as sklearn_datasets
from sklearn.model_selection import train_test_split
from sklearn.utils import get_tags

from skpoison.datasets import load_images
from skpoison.datasets._catalogue import IMAGE_SETS
from skpoison.detectors._encoding import kind_of
from skpoison.utils._containers import take
from skpoison.utils._nearest import nearest

IMAGES = ("digits", *IMAGE_SETS)
TABLES = ("breast_cancer", "diabetes", "iris", "wine")
FILES = {".csv": pd.read_csv, ".parquet": pd.read_parquet}
KEYS = {
    "image set": ("classes",),
    "table": (),
    "file": ("path", "label", "classes", "text", "task"),
}


def check_dataset(entry):
    """Check a data set's entry, without loading it, and add a file's checksum.

    Parameters
    ----------
    entry : dict
        `name`, `use` and what this kind of data set takes. `use` is an image set (`classes` names
        the classes to keep), a table of scikit-learn, or "file": a CSV or Parquet file `path`, in
        which environment variables are replaced, with a column `label`, of which `classes` names
        the values to keep, and, for texts, the column `text`; `task` is "classification", which
        is the default, or "regression".

    Returns
    -------
    entry : dict
        With `sha256` of the file's content.

    Raises
    ------
    ValueError
        If there is no such data set, key or file.
    """
    use = entry["use"]
    known = (*IMAGES, *TABLES, "file")
    if use not in known:
        raise ValueError(
            f"datasets holds {use!r}; known are {list(known)}, where 'file' is your own."
            + nearest(use, known)
        )
    kind = "image set" if use in IMAGES else "table" if use in TABLES else "file"
    for key in set(entry) - {"name", "use", "sha256", *KEYS[kind]}:
        raise ValueError(
            f"datasets: {use!r} has the unknown key {key!r}; accepted are "
            f"{['name', *KEYS[kind]]}.{nearest(key, KEYS[kind])}"
        )
    return _check_file(entry) if kind == "file" else entry


def _check_file(entry):
    if "path" not in entry or "label" not in entry:
        raise ValueError(f"datasets: a file needs the keys 'path' and 'label', got {entry!r}.")
    task = entry.get("task", "classification")
    if task not in ("classification", "regression"):
        raise ValueError(f"datasets: task must be classification or regression, got {task!r}.")
    if task == "regression" and "classes" in entry:
        raise ValueError(f"datasets: classes cannot be chosen of a regression, got {entry!r}.")
    path = _path(entry)
    if path.suffix not in FILES or not path.is_file():
        raise ValueError(f"datasets: path={str(path)!r} is no CSV or Parquet file.")
    with path.open("rb") as file:
        checksum = hashlib.file_digest(file, "sha256").hexdigest()
    if entry.get("sha256", checksum) != checksum:
        raise ValueError(f"datasets: {path} is not the file that it was: its checksum differs.")
    return entry | {"sha256": checksum}


def _path(entry):
    return Path(os.path.expandvars(entry["path"]))


def load(entry):
    """Load a data set.

    Parameters
    ----------
    entry : dict
        What :func:`check_dataset` gives.

    Returns
    -------
    X : ndarray, DataFrame or list of str
        The rows.

    y : ndarray of shape (n_samples,)
        Their labels or targets.
    """
    return _load(tuple(sorted((key, _hashable(value)) for key, value in entry.items())))


@lru_cache(maxsize=2)
def _load(items):
    entry = dict(items)
    use = entry["use"]
    if use in IMAGES:
        images = load_images(use, classes=entry.get("classes"))
        return images.data, images.target
    if use in TABLES:
        return getattr(sklearn_datasets, f"load_{use}")(return_X_y=True)
    path, label, text = _path(entry), entry["label"], entry.get("text")
    frame = FILES[path.suffix](path)
    for name in (label,) if text is None else (label, text):
        if name not in frame.columns:
            raise ValueError(f"{path} has no column {name!r}.{nearest(name, frame.columns)}")
    frame = frame[frame[label].notna()].reset_index(drop=True)
    if "classes" in entry:
        kept = _kept_classes(frame[label].astype(str), entry["classes"])
        frame = frame[kept].reset_index(drop=True)
    y = frame[label].to_numpy(dtype=float if is_regression(entry) else str)
    if text is not None:
        return frame[text].fillna("").astype(str).tolist(), y
    return frame.drop(columns=label), y


def _kept_classes(labels, classes):
    """Which labels are among these classes."""
    unknown = set(map(str, classes)) - set(labels)
    if unknown:
        raise ValueError(f"datasets: classes names {sorted(unknown)}, which no row has.")
    return labels.isin(list(map(str, classes)))


def is_regression(entry):
    """Whether a data set's labels are numbers to be predicted."""
    return entry["use"] == "diabetes" or entry.get("task") == "regression"


def takes_rows(attack, entry):
    """Whether an attack takes rows such as a data set has; its tags say so."""
    kind = "numbers" if entry["use"] != "file" else kind_of(load(entry)[0])
    tags = get_tags(attack).input_tags
    needs = {"text": ["string"], "table": ["categorical", "allow_nan"], "gaps": ["allow_nan"]}
    return all(getattr(tags, tag) for tag in needs.get(kind, []))


def _hashable(value):
    return tuple(value) if isinstance(value, list) else value


def draw(entry, max_rows, seed):
    """Draw the training, the attacker's and the test rows of one run.

    Parameters
    ----------
    entry : dict
        The data set.

    max_rows : int
        The most rows to use: half of them to train on, a quarter of the attacker's, a quarter to
        test on; of each class its share.

    seed : int
        Seed of the draw.

    Returns
    -------
    positions : list of ndarray
        Rows of the three parts.
    """
    _, y = load(entry)
    numbers = is_regression(entry)
    rows, classes = np.arange(len(y)), None if numbers else y
    if len(y) > max_rows:
        rows, _ = train_test_split(rows, train_size=max_rows, stratify=classes, random_state=seed)
    parts = []
    for n_left in (4, 3):
        share = 1 / n_left
        stratify = None if numbers else y[rows]
        rows, part = train_test_split(rows, test_size=share, stratify=stratify, random_state=seed)
        parts.append(np.sort(part))
    test, val = parts
    return [np.sort(rows), val, test]


def rows_of(entry, positions):
    """Rows and labels at these positions."""
    X, y = load(entry)
    return take(X, positions), y[positions]
