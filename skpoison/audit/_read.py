"""Rows and labels in memory as `AuditData`."""

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.utils.validation import _num_samples

from skpoison.audit._data import AuditData
from skpoison.audit._inert import encodable
from skpoison.audit._target import check_task, read_target
from skpoison.detectors._encoding import as_frame, kind_of


def as_audit_data(X, y=None, *, groups=None, split=None, pred_proba=None, features=None, task=None):
    """Read what :func:`skpoison.audit.audit` takes.

    Parameters
    ----------
    X, y, groups, split, pred_proba, features, task
        As there.

    Returns
    -------
    data : AuditData
    """
    check_task(task)
    label_name = "label"
    if isinstance(y, str):
        X = X.to_pandas() if hasattr(X, "to_pandas") else X
        if y not in getattr(X, "columns", ()):
            raise ValueError(f"y={y!r} must be a column of X, or hold the labels.")
        label_name, X, y = y, X.drop(columns=y), X[y]
    elif getattr(y, "name", None):
        label_name = str(y.name)
    index = X.index if isinstance(X, (pd.DataFrame, pd.Series)) else None
    X, kind = _rows(X)
    tag_names = None
    if y is None:
        y, task = np.zeros(_num_samples(X), dtype=int), "classification"
        notes = ["There are no labels: what needs them was not looked for."]
    else:
        if _num_samples(y) != _num_samples(X):
            raise ValueError(f"X has {_num_samples(X):,} rows, but y has {_num_samples(y):,}.")
        y, task, notes, tag_names = read_target(y, label_name, task)
    return AuditData(
        X,
        y,
        kind,
        task,
        index=index,
        label_name=label_name,
        groups=_names(groups),
        split=_names(split),
        pred_proba=pred_proba,
        features=None if features is None else _features(features),
        tag_names=tag_names,
        notes=notes,
    )


def _rows(X):
    """Rows in the container that their kind has, and the kind."""
    if sparse.issparse(X):
        return X.tocsr(), "features"
    if hasattr(X, "columns"):
        return as_frame(X), "table"
    kind = kind_of(X)
    if kind == "text":
        return encodable([str(text) for text in X]), "text"
    if not hasattr(X, "shape"):
        try:
            X = np.asarray(X)
        except ValueError as error:
            raise ValueError(f"X has rows of different shapes: {error}") from error
    if kind == "table":
        return as_frame(X), "table"
    X = np.asarray(X)
    if X.dtype.kind in "OUS" and X.ndim == 2:
        X = X.astype(np.float64)
    if X.ndim not in (2, 3, 4) or X.dtype.kind not in "biuf":
        raise ValueError(
            "X must be a DataFrame, texts, a sparse matrix, features of shape (n_samples, "
            "n_features) or images of shape (n_samples, height, width[, channels]), got an array "
            f"of shape {X.shape} and dtype {X.dtype}."
        )
    X = X.astype(X.dtype.newbyteorder("="), copy=False)
    return X, "features" if X.ndim == 2 else "images"


def _names(values):
    return None if values is None else np.asarray(encodable(np.asarray(values)))


def _features(features):
    if sparse.issparse(features):
        return features.tocsr()
    features = np.asarray(features)
    if features.ndim != 2 or features.dtype.kind not in "biuf":
        raise ValueError(
            f"features must be numbers of shape (n_samples, n_features), got shape "
            f"{features.shape} and dtype {features.dtype}."
        )
    return features
