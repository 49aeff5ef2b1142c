"""`suspicious_rows`: what to look at first, and why."""

import warnings
from contextlib import contextmanager
from numbers import Integral

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.utils import check_consistent_length
from sklearn.utils.validation import check_is_fitted

from skpoison._typing import Estimator, Rows
from skpoison.detectors import BasePoisonDetector
from skpoison.utils._labels import codes_of, label_values
from skpoison.utils._pipelines import last_step_and_rows


def suspicious_rows(
    detector: Estimator | None, X: Rows, y: ArrayLike, *, n_rows: int | None = None
) -> pd.DataFrame:
    """List the rows that a detector finds most anomalous, with its reasons.

    Parameters
    ----------
    detector : detector or Pipeline
        A fitted one, or a pipeline of any library that ends in one; of an
        :class:`~skpoison.detectors.EnsembleDetector`, every member gives a reason of its own.

    X : array-like of shape (n_samples, n_features) or (n_samples, ...)
        The rows to judge, as a rule those of the fit.

    y : array-like of shape (n_samples,)
        Their labels. Rows whose label was not seen in fit are flagged.

    n_rows : int, default=None
        How many rows to list. None: those that are flagged.

    Returns
    -------
    table : DataFrame of shape (n_rows, n_columns)
        The most anomalous row first, under its name in the index of `X`, or its number. The
        columns are `given_label`; `suggested_label`, under which the row would be least anomalous
        (the given one where no other is better); `anomaly_score`; `flagged`; and
        `poison_probability`, for an ensemble followed by that of each member under the member's
        name.

    Raises
    ------
    TypeError
        If `detector` is none of :mod:`skpoison.detectors`, nor a pipeline that ends in one.

    ValueError
        If `X` and `y` are not equally long, the detector was fitted without labels, or `n_rows`
        is no whole number or negative.

    See Also
    --------
    SuspicionDisplay : A picture instead of a table.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skpoison.detectors import MarginDetector
    >>> from skpoison.inspection import suspicious_rows
    >>> X, y = load_digits(n_class=2, return_X_y=True)
    >>> y[[7, 11]] = 1 - y[[7, 11]]
    >>> detector = MarginDetector(random_state=0).fit(X / 16, y)
    >>> table = suspicious_rows(detector, X / 16, y, n_rows=2)
    >>> table[["given_label", "suggested_label"]].sort_index()
        given_label  suggested_label
    7             1                0
    11            1                0
    """
    check_is_fitted(detector)
    index = X.index if isinstance(X, (pd.DataFrame, pd.Series)) else None
    detector, X = last_step_and_rows(detector, X)
    if not isinstance(detector, BasePoisonDetector):
        raise TypeError(
            "detector must be one of skpoison.detectors, or a pipeline that ends in one, got "
            f"{type(detector).__name__}."
        )
    labels = label_values(y)
    check_consistent_length(X, labels)
    if not detector._labelled:
        raise ValueError(
            f"This {type(detector).__name__} was fitted without labels: it has no opinion on y."
        )
    if n_rows is not None and not (isinstance(n_rows, Integral) and n_rows >= 0):
        raise ValueError(f"n_rows={n_rows!r} must be None or a whole number, not negative.")
    with _names_may_differ():
        rows = detector._validate_rows(X, reset=False)
    scores, anomaly, probability = _judge(detector, rows, labels)
    members = getattr(detector, "detectors_", [])
    table = pd.DataFrame(
        {
            "given_label": labels,
            "suggested_label": _suggested_labels(detector.classes_, scores, labels),
            "anomaly_score": anomaly,
            "flagged": anomaly > -detector.offset_,
            "poison_probability": probability,
            **{name: _judge(member, rows, labels)[2] for name, member in members},
        },
        index=index,
    ).sort_values("anomaly_score", ascending=False, kind="stable")
    return table[table["flagged"]] if n_rows is None else table.head(n_rows)


@contextmanager
def _names_may_differ():
    """A table and an array of the same rows are the same to look at."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "X (has|does not have valid) feature names", UserWarning)
        yield


def _judge(detector, rows, labels):
    """Scores under each label; anomaly score and probability of poison under the given one.

    `rows` are validated ones, which the members of an ensemble get too.

    A label that the detector does not know has an infinite anomaly score.
    """
    scores = detector._look_up_or_score(rows)
    codes = codes_of(labels, detector.classes_)
    known = codes >= 0
    rule = detector.fitted_threshold_
    anomaly, probability = np.full(len(labels), np.inf), np.ones(len(labels))
    if known.any():
        anomaly[known] = rule.anomaly_scores(scores[known], codes[known])
        probability[known] = rule.poison_probability(scores[known], codes[known])
    return scores, anomaly, probability


def _suggested_labels(classes, scores, labels):
    if scores.shape[1] == 1:
        return labels.copy()
    codes = codes_of(labels, classes)
    given = np.where(codes >= 0, scores[np.arange(len(codes)), codes], np.inf)
    best = classes[scores.argmin(axis=1)]
    return np.where(scores.min(axis=1) < given, best, labels)
