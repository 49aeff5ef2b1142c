"""How good a detector is: metrics on the poison it finds, and scorers for cross-validation.

All metrics take ``poison_mask``, True for the rows that are poison, and either the detector's
verdict (`y_pred`, -1 for poison) or its score (`y_score`, the higher the more normal).
"""

import numpy as np
from sklearn.base import clone
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    f1_score,
    precision_score,
    recall_score,
    roc_auc_score,
)
from sklearn.utils import check_consistent_length, column_or_1d
from sklearn.utils.metadata_routing import MetadataRequest

__all__ = [
    "clean_removed_rate",
    "false_negative_rate",
    "make_poison_scorer",
    "make_recovery_scorer",
    "poison_average_precision",
    "poison_f1",
    "poison_precision",
    "poison_recall",
    "poison_report",
    "poison_roc_auc",
    "recovered_accuracy",
]


def poison_precision(poison_mask, y_pred):
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


def poison_recall(poison_mask, y_pred):
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


def poison_f1(poison_mask, y_pred):
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


def clean_removed_rate(poison_mask, y_pred):
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


def poison_roc_auc(poison_mask, y_score):
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


def poison_average_precision(poison_mask, y_score):
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
    return float(average_precision_score(mask, suspicion)) if mask.any() else float("nan")


def false_negative_rate(poison_mask, y_score):
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


def recovered_accuracy(victim, X, y, y_pred, X_test, y_test):
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
    X, y = np.asarray(X), np.asarray(y)
    kept = column_or_1d(y_pred) != -1
    check_consistent_length(X, y, kept)
    labels = np.unique(y[kept])
    if len(labels) == 0:
        return float("nan")
    if len(labels) == 1:
        return float(np.mean(np.asarray(y_test) == labels[0]))
    fitted = clone(victim).fit(X[kept], y[kept])
    return float(accuracy_score(y_test, fitted.predict(X_test)))


def poison_report(poison_mask, y_pred, y_score):
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
    report = {name: metric(poison_mask, y_pred) for name, metric in _VERDICT_METRICS.items()}
    report |= {name: metric(poison_mask, y_score) for name, metric in _SCORE_METRICS.items()}
    return report


_VERDICT_METRICS = {
    "precision": poison_precision,
    "recall": poison_recall,
    "f1": poison_f1,
    "clean_removed": clean_removed_rate,
}
_SCORE_METRICS = {
    "roc_auc": poison_roc_auc,
    "average_precision": poison_average_precision,
    "false_negative_rate": false_negative_rate,
}


def make_poison_scorer(metric):
    """Turn a detection metric into a scorer for detectors.

    The scorer asks for ``poison_mask`` through metadata routing, which must be enabled. Errors
    and rates of what is lost are negated, so that greater is always better.

    Parameters
    ----------
    metric : str
        "precision", "recall", "f1", "roc_auc", "average_precision", "neg_false_negative_rate" or
        "neg_clean_removed".

    Returns
    -------
    scorer : callable
        ``scorer(detector, X, y, poison_mask=mask)``.

    Raises
    ------
    ValueError
        If `metric` is not one of these.

    Examples
    --------
    >>> import numpy as np
    >>> import sklearn
    >>> from sklearn.model_selection import StratifiedKFold, cross_val_score
    >>> from skpoison.detectors import CentroidDetector
    >>> from skpoison.metrics import make_poison_scorer
    >>> rng = np.random.RandomState(0)
    >>> X = np.r_[rng.normal(0, 1, (40, 2)), rng.normal(9, 1, (40, 2)), rng.normal(9, 1, (9, 2))]
    >>> y = np.repeat([0, 1, 0], [40, 40, 9])
    >>> poison_mask = np.arange(89) >= 80
    >>> folds = StratifiedKFold(3, shuffle=True, random_state=0).split(X, y + 2 * poison_mask)
    >>> with sklearn.config_context(enable_metadata_routing=True):
    ...     scores = cross_val_score(
    ...         CentroidDetector(random_state=0), X, y, cv=list(folds),
    ...         scoring=make_poison_scorer("roc_auc"), params={"poison_mask": poison_mask},
    ...     )
    >>> scores.tolist()
    [1.0, 1.0, 1.0]
    """
    sign = -1 if metric.startswith("neg_") else 1
    name = metric.removeprefix("neg_")
    errors = {"clean_removed", "false_negative_rate"}
    if name not in _VERDICT_METRICS | _SCORE_METRICS or (name in errors) != (sign < 0):
        accepted = [
            f"neg_{n}" if n in errors else n for n in sorted(_VERDICT_METRICS | _SCORE_METRICS)
        ]
        raise ValueError(f"metric must be one of {accepted}, got {metric!r}.")
    if name in _VERDICT_METRICS:
        return _PoisonScorer(_VERDICT_METRICS[name], "predict", sign)
    return _PoisonScorer(_SCORE_METRICS[name], "decision_function", sign)


class _PoisonScorer:
    """A metric of the poison mask and one method's output; asks routing for the mask."""

    def __init__(self, metric, method, sign):
        self.metric = metric
        self.method = method
        self.sign = sign

    def __call__(self, detector, X, y=None, *, poison_mask):
        return self.sign * self.metric(poison_mask, getattr(detector, self.method)(X, y))

    def __repr__(self):
        return f"{'neg_' if self.sign < 0 else ''}{self.metric.__name__} scorer"

    def get_metadata_routing(self):
        request = MetadataRequest(owner=self)
        request.score.add_request(param="poison_mask", alias=True)
        return request


def make_recovery_scorer(victim, X_test, y_test):
    """Scorer of detectors by the accuracy of a victim trained on the rows they keep.

    Parameters
    ----------
    victim : classifier
        A clone of it is trained on what the detector keeps of the scored rows.

    X_test : array-like of shape (n_test, n_features)
        Clean rows that the accuracy is measured on.

    y_test : array-like of shape (n_test,)
        Their labels.

    Returns
    -------
    scorer : callable
        ``scorer(detector, X, y)``.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import KFold, cross_val_score
    >>> from sklearn.svm import SVC
    >>> from skpoison.detectors import CentroidDetector
    >>> from skpoison.metrics import make_recovery_scorer
    >>> X, y = load_iris(return_X_y=True)
    >>> folds = KFold(3, shuffle=True, random_state=0)
    >>> scorer = make_recovery_scorer(SVC(), X[::2], y[::2])
    >>> detector = CentroidDetector(random_state=0)
    >>> scores = cross_val_score(detector, X, y, cv=folds, scoring=scorer)
    >>> bool((scores > 0.8).all())
    True
    """

    def recovery_scorer(detector, X, y):
        return recovered_accuracy(victim, X, y, detector.predict(X, y), X_test, y_test)

    return recovery_scorer


def _mask_and_flags(poison_mask, y_pred):
    y_pred = column_or_1d(y_pred)
    if not np.isin(y_pred, [-1, 1]).all():
        raise ValueError("y_pred must hold +1 (clean) and -1 (poison) only.")
    return _check_mask(poison_mask, y_pred), y_pred == -1


def _mask_and_suspicion(poison_mask, y_score):
    y_score = column_or_1d(np.asarray(y_score, dtype=np.float64))
    return _check_mask(poison_mask, y_score), -y_score


def _check_mask(poison_mask, other):
    mask = column_or_1d(poison_mask)
    check_consistent_length(mask, other)
    if mask.dtype != bool and not np.isin(mask, [0, 1]).all():
        raise ValueError("poison_mask must hold True (poison) and False (clean) only.")
    return mask.astype(bool)
