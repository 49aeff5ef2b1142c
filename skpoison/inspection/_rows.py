"""`suspicious_rows`: what to look at first, and why."""

import numpy as np
import pandas as pd
from sklearn.utils import check_consistent_length, column_or_1d
from sklearn.utils.validation import check_is_fitted


def suspicious_rows(detector, X, y, *, n_rows=None):
    """List the rows that a detector finds most suspicious, with its reasons.

    Parameters
    ----------
    detector : detector
        A fitted one; of an :class:`~skpoison.detectors.EnsembleDetector`, every member gives a
        reason of its own.

    X : array-like of shape (n_samples, n_features) or (n_samples, ...)
        The rows to judge, as a rule those of the fit.

    y : array-like of shape (n_samples,)
        Their labels.

    n_rows : int, default=None
        How many rows to list. None: those that are flagged.

    Returns
    -------
    table : DataFrame of shape (n_rows, n_columns)
        The most suspicious row first, under its name in the index of `X`, or its number. The
        columns are `label`; `likelier_label`, under which the row would be least suspicious (its
        own where no other is better); `suspicion`; `flagged`; and `poison_probability`, for an
        ensemble followed by that of each member under the member's name.

    Raises
    ------
    ValueError
        If `X` and `y` are not equally long, `y` holds a label that was not seen in fit, or
        `n_rows` is negative.

    See Also
    --------
    SuspicionDisplay : A picture instead of a table.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skpoison.detectors import EnsembleDetector
    >>> from skpoison.inspection import suspicious_rows
    >>> X, y = load_digits(n_class=2, return_X_y=True)
    >>> y[[7, 11]] = 1 - y[[7, 11]]
    >>> detector = EnsembleDetector(random_state=0).fit(X / 16, y)
    >>> table = suspicious_rows(detector, X / 16, y)
    >>> table[["label", "likelier_label", "margin"]].round(1).head(2).sort_index()
        label  likelier_label  margin
    7       1               0     1.0
    11      1               0     1.0
    """
    check_is_fitted(detector)
    y = column_or_1d(y)
    check_consistent_length(X, y)
    if n_rows is not None and n_rows < 0:
        raise ValueError(f"n_rows={n_rows!r} must be None or a number of rows, not negative.")
    score, likelier = detector.score_samples(X, y), y.copy()
    best = score.copy()
    for label in detector.classes_:
        under_label = detector.score_samples(X, np.full(len(y), label))
        likelier[under_label > best] = label
        best = np.maximum(best, under_label)
    members = getattr(detector, "detectors_", [])
    table = pd.DataFrame(
        {
            "label": y,
            "likelier_label": likelier,
            "suspicion": -score,
            "flagged": score < detector.offset_,
            "poison_probability": detector.poison_probability(X, y),
            **{name: member.poison_probability(X, y) for name, member in members},
        },
        index=getattr(X, "index", None),
    ).sort_values("suspicion", ascending=False, kind="stable")
    return table[table["flagged"]] if n_rows is None else table.head(n_rows)
