"""Metrics on the poison that a detector finds.

All take ``poison_mask``, True for the rows that are poison, and either the detector's
verdict (`y_pred`, -1 for poison) or its score (`y_score`, the higher the more normal).
"""

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import clone
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    f1_score,
    precision_score,
    recall_score,
    roc_auc_score,
)
from sklearn.utils import _safe_indexing, check_consistent_length, column_or_1d

from skpoison._typing import Estimator, Rows


def poison_precision(poison_mask: ArrayLike, y_pred: ArrayLike) -> float:
    """Share of poison among the flagged rows.

    Parameters
    ----------
    poison_mask : array-like of shape (n_samples,), dtype=bool
        True for poison.

    y_pred : array-like of shape (n_samples,)
        The verdict: -1 for rows flagged, +1 for others.

    Returns
    -------
    precision : float
        0 where nothing is flagged.

    Examples
    --------
    >>> from skpoison.metrics import poison_precision
    >>> poison_precision([True, True, False, False], [-1, 1, -1, 1])
    0.5
    """
    mask, flagged = _mask_and_flags(poison_mask, y_pred)
    return float(precision_score(mask, flagged, zero_division=0))


def poison_recall(poison_mask: ArrayLike, y_pred: ArrayLike) -> float:
    """Share of the poison that is flagged.

    Parameters
    ----------
    poison_mask : array-like of shape (n_samples,), dtype=bool
        True for poison.

    y_pred : array-like of shape (n_samples,)
        The verdict: -1 for rows flagged, +1 for others.

    Returns
    -------
    recall : float
        0 where there is no poison.

    Examples
    --------
    >>> from skpoison.metrics import poison_recall
    >>> poison_recall([True, True, False, False], [-1, 1, -1, 1])
    0.5
    """
    mask, flagged = _mask_and_flags(poison_mask, y_pred)
    return float(recall_score(mask, flagged, zero_division=0))


def poison_f1(poison_mask: ArrayLike, y_pred: ArrayLike) -> float:
    """Harmonic mean of precision and recall of the poison.

    Parameters
    ----------
    poison_mask : array-like of shape (n_samples,), dtype=bool
        True for poison.

    y_pred : array-like of shape (n_samples,)
        The verdict: -1 for rows flagged, +1 for others.

    Returns
    -------
    f1 : float
        0 where nothing is found.

    Examples
    --------
    >>> from skpoison.metrics import poison_f1
    >>> poison_f1([True, True, False, False], [-1, 1, -1, 1])
    0.5
    """
    mask, flagged = _mask_and_flags(poison_mask, y_pred)
    return float(f1_score(mask, flagged, zero_division=0))


def clean_removed_rate(poison_mask: ArrayLike, y_pred: ArrayLike) -> float:
    """Share of the clean rows that are flagged: what a filter costs.

    Parameters
    ----------
    poison_mask : array-like of shape (n_samples,), dtype=bool
        True for poison.

    y_pred : array-like of shape (n_samples,)
        The verdict: -1 for rows flagged, +1 for others.

    Returns
    -------
    rate : float
        NaN where no row is clean.

    Examples
    --------
    >>> from skpoison.metrics import clean_removed_rate
    >>> clean_removed_rate([True, False, False, False, False], [-1, -1, 1, 1, 1])
    0.25
    """
    mask, flagged = _mask_and_flags(poison_mask, y_pred)
    return float(flagged[~mask].mean()) if not mask.all() else float("nan")


def poison_roc_auc(poison_mask: ArrayLike, y_score: ArrayLike) -> float:
    """Area under the ROC curve: how often poison scores lower than a clean row.

    Parameters
    ----------
    poison_mask : array-like of shape (n_samples,), dtype=bool
        True for poison.

    y_score : array-like of shape (n_samples,)
        The detector's score, the higher the more normal.

    Returns
    -------
    area : float
        NaN where all rows are poison or none is.

    Examples
    --------
    >>> from skpoison.metrics import poison_roc_auc
    >>> poison_roc_auc([True, False, False], [-1.0, 0.5, 0.2])
    1.0
    """
    mask, suspicion = _mask_and_suspicion(poison_mask, y_score)
    return float(roc_auc_score(mask, suspicion)) if 0 < mask.sum() < len(mask) else float("nan")


def poison_average_precision(poison_mask: ArrayLike, y_score: ArrayLike) -> float:
    """Average precision of the poison when rows are read from the most suspicious one down.

    Parameters
    ----------
    poison_mask : array-like of shape (n_samples,), dtype=bool
        True for poison.

    y_score : array-like of shape (n_samples,)
        The detector's score, the higher the more normal.

    Returns
    -------
    average_precision : float
        NaN where no row is poison.

    Examples
    --------
    >>> from skpoison.metrics import poison_average_precision
    >>> poison_average_precision([True, False, True], [-1.0, -0.5, 0.2]) == (1 + 2 / 3) / 2
    True
    """
    mask, suspicion = _mask_and_suspicion(poison_mask, y_score)
    if not mask.any():
        return float("nan")
    return min(float(average_precision_score(mask, suspicion)), 1.0)  # rounding may pass it


def false_negative_rate(poison_mask: ArrayLike, y_score: ArrayLike) -> float:
    """Share of the poison that is missed when as many rows are removed as there is poison.

    The cut is put at the true rate, so that scores are compared and not thresholds.

    Parameters
    ----------
    poison_mask : array-like of shape (n_samples,), dtype=bool
        True for poison.

    y_score : array-like of shape (n_samples,)
        The detector's score, the higher the more normal. Rows of equal score are taken in their
        order.

    Returns
    -------
    rate : float
        NaN where no row is poison.

    Examples
    --------
    >>> from skpoison.metrics import false_negative_rate
    >>> false_negative_rate([True, False, True, False], [-1.0, -0.5, 0.2, 0.3])
    0.5
    """
    mask, suspicion = _mask_and_suspicion(poison_mask, y_score)
    if not mask.any():
        return float("nan")
    removed = np.argsort(-suspicion, kind="stable")[: mask.sum()]
    return float(1 - mask[removed].mean())


def recovered_accuracy(
    victim: Estimator, X: Rows, y: ArrayLike, y_pred: ArrayLike, X_test: Rows, y_test: ArrayLike
) -> float:
    """Test accuracy of a victim trained on the rows that a detector keeps.

    Parameters
    ----------
    victim : classifier
        A clone of it is trained.

    X : array-like of shape (n_samples, n_features)
        The rows that were judged.

    y : array-like of shape (n_samples,)
        Their labels.

    y_pred : array-like of shape (n_samples,)
        The verdict: rows with -1 are left out.

    X_test : array-like of shape (n_test, n_features)
        Clean rows.

    y_test : array-like of shape (n_test,)
        Their labels.

    Returns
    -------
    accuracy : float
        The accuracy on the clean rows. Where fewer than two classes are left to train on, that of
        always answering the class that is left; NaN where no row is.

    Examples
    --------
    >>> from sklearn.svm import SVC
    >>> from skpoison.metrics import recovered_accuracy
    >>> X, y = [[0.0], [1.0], [0.1]], [0, 1, 1]
    >>> recovered_accuracy(SVC(), X, y, [1, 1, -1], [[0.2], [0.9]], [0, 1])
    1.0
    """
    y = np.asarray(y)
    kept = np.flatnonzero(_column(y_pred, "y_pred") != -1)
    check_consistent_length(X, y, y_pred)
    labels = np.unique(y[kept])
    if len(labels) == 0:
        return float("nan")
    if len(labels) == 1:
        return float(np.mean(np.asarray(y_test) == labels[0]))
    fitted = clone(victim).fit(_safe_indexing(X, kept), y[kept])
    return float(accuracy_score(y_test, fitted.predict(X_test)))


def poison_report(
    poison_mask: ArrayLike, y_pred: ArrayLike, y_score: ArrayLike
) -> dict[str, float]:
    """All detection metrics of one verdict.

    Parameters
    ----------
    poison_mask : array-like of shape (n_samples,), dtype=bool
        True for poison.

    y_pred : array-like of shape (n_samples,)
        The verdict: -1 for rows flagged, +1 for others.

    y_score : array-like of shape (n_samples,)
        The detector's score, the higher the more normal.

    Returns
    -------
    report : dict
        ``precision``, ``recall``, ``f1``, ``roc_auc``, ``average_precision``,
        ``false_negative_rate`` and ``clean_removed``.

    Examples
    --------
    >>> from skpoison.metrics import poison_report
    >>> poison_report([True, False, False], [-1, 1, 1], [-1.0, 0.5, 0.2])["f1"]
    1.0
    """
    report = {name: metric(poison_mask, y_pred) for name, metric in VERDICT_METRICS.items()}
    report |= {name: metric(poison_mask, y_score) for name, metric in SCORE_METRICS.items()}
    return report


VERDICT_METRICS = {
    "precision": poison_precision,
    "recall": poison_recall,
    "f1": poison_f1,
    "clean_removed": clean_removed_rate,
}
SCORE_METRICS = {
    "roc_auc": poison_roc_auc,
    "average_precision": poison_average_precision,
    "false_negative_rate": false_negative_rate,
}


def _mask_and_flags(poison_mask, y_pred):
    y_pred = _column(y_pred, "y_pred")
    if not np.isin(y_pred, [-1, 1]).all():
        raise ValueError("y_pred must hold +1 (clean) and -1 (poison) only.")
    return _check_mask(poison_mask, y_pred), y_pred == -1


def _mask_and_suspicion(poison_mask, y_score):
    y_score = _column(y_score, "y_score").astype(np.float64)
    return _check_mask(poison_mask, y_score), -y_score


def _column(values, name):
    if np.ndim(values) == 0:
        raise TypeError(f"{name} must be an array with one entry a row, got {values!r}.")
    return column_or_1d(values)


def _check_mask(poison_mask, other):
    mask = _column(poison_mask, "poison_mask")
    check_consistent_length(mask, other)
    if not len(mask):
        raise ValueError("poison_mask must hold one entry or more, got none.")
    if mask.dtype != bool and not np.isin(mask, [0, 1]).all():
        raise ValueError("poison_mask must hold True (poison) and False (clean) only.")
    return mask.astype(bool)
