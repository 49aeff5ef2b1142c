"""Rows and labels in memory as `AuditData`."""

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.utils.validation import _num_samples

from skpoison.audit._data import AuditData
from skpoison.detectors._encoding import as_frame, kind_of
from skpoison.utils._labels import label_values

CLASSES_AT_MOST, SHARE_AT_MOST = 50, 0.1  # different numbers; more are the targets of a regression


def as_audit_data(X, y=None, *, groups=None, split=None, pred_proba=None, features=None):
    """Read what :func:`skpoison.audit.audit` takes.

    Parameters
    ----------
    X, y, groups, split, pred_proba, features
        As there.

    Returns
    -------
    data : AuditData
    """
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
    notes = []
    if y is None:
        y, task = np.zeros(_num_samples(X), dtype=int), "classification"
        notes.append("There are no labels: what needs them was not looked for.")
    else:
        y, task = _labels(y)
    if task == "regression":
        notes.append(
            f"Taken for a regression: the target has {len(np.unique(y)):,} different numbers."
        )
    return AuditData(
        X,
        y,
        kind,
        task,
        index=index,
        label_name=label_name,
        groups=None if groups is None else np.asarray(groups),
        split=None if split is None else np.asarray(split),
        pred_proba=pred_proba,
        features=None if features is None else _features(features),
        notes=notes,
    )


def _rows(X):
    """Rows in the container that their kind has, and the kind."""
    if sparse.issparse(X):
        return X.tocsr(), "features"
    if hasattr(X, "columns"):
        return (X if hasattr(X, "iloc") else X.to_pandas()), "table"
    kind = kind_of(X)
    if kind == "text":
        return [str(text) for text in X], "text"
    X = X if hasattr(X, "shape") else np.asarray(X)
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
    return X, "features" if X.ndim == 2 else "images"


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


def _labels(y):
    """Labels, targets or tags, and the task."""
    values = y.toarray() if sparse.issparse(y) else np.asarray(y)
    if values.ndim == 2 and values.shape[1] > 1:
        if values.dtype.kind in "biuf" and np.isin(values, (0, 1)).all():
            if not (values.sum(axis=1) == 1).all():
                return values.astype(int), "multilabel"
    elif values.dtype.kind in "iuf" and not np.isnan(values.astype(float)).any():
        values, n_rows = values.ravel(), values.size
        n_values = len(np.unique(values))
        is_whole = (values == np.round(values)).all()
        if not is_whole or n_values > max(CLASSES_AT_MOST, SHARE_AT_MOST * n_rows):
            return values.astype(np.float64), "regression"
    return label_values(y), "classification"
