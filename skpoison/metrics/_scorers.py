"""Scorers of detectors for cross-validation."""

from collections.abc import Callable

from numpy.typing import ArrayLike
from sklearn.utils import check_consistent_length
from sklearn.utils.metadata_routing import MetadataRequest

from skpoison._typing import Estimator, Rows
from skpoison.metrics._detection import SCORE_METRICS, VERDICT_METRICS, recovered_accuracy
from skpoison.utils._pipelines import last_step_and_rows


def make_poison_scorer(metric: Callable) -> Callable:
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
        ``scorer(detector, X, y, poison_mask=mask)``; a pipeline may end in the detector.

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
    sign = -1 if str(metric).startswith("neg_") else 1
    name = str(metric).removeprefix("neg_")
    errors = {"clean_removed", "false_negative_rate"}
    if name not in VERDICT_METRICS | SCORE_METRICS or (name in errors) != (sign < 0):
        accepted = [
            f"neg_{n}" if n in errors else n for n in sorted(VERDICT_METRICS | SCORE_METRICS)
        ]
        raise ValueError(f"metric must be one of {accepted}, got {metric!r}.")
    if name in VERDICT_METRICS:
        return _PoisonScorer(VERDICT_METRICS[name], "predict", sign)
    return _PoisonScorer(SCORE_METRICS[name], "decision_function", sign)


class _PoisonScorer:
    """A metric of the poison mask and one method's output; asks routing for the mask."""

    def __init__(self, metric, method, sign):
        self.metric = metric
        self.method = method
        self.sign = sign

    def __call__(self, detector, X, y=None, *, poison_mask):
        detector, rows = last_step_and_rows(detector, X)
        return self.sign * self.metric(poison_mask, getattr(detector, self.method)(rows, y))

    def __repr__(self):
        return f"{'neg_' if self.sign < 0 else ''}{self.metric.__name__} scorer"

    def get_metadata_routing(self):
        request = MetadataRequest(owner=self)
        request.score.add_request(param="poison_mask", alias=True)
        return request


def make_recovery_scorer(victim: Estimator, X_test: Rows, y_test: ArrayLike) -> Callable:
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
        ``scorer(detector, X, y)``; a pipeline may end in the detector.

    Raises
    ------
    TypeError
        If `victim` has no ``fit`` and ``predict``, or is a class.

    ValueError
        If `X_test` and `y_test` are not equally long.

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
    if isinstance(victim, type) or not all(hasattr(victim, m) for m in ("fit", "predict")):
        raise TypeError(f"victim must be a classifier with fit and predict, got {victim!r}.")
    check_consistent_length(X_test, y_test)

    def recovery_scorer(detector, X, y):
        judge, rows = last_step_and_rows(detector, X)
        return recovered_accuracy(victim, X, y, judge.predict(rows, y), X_test, y_test)

    return recovery_scorer
