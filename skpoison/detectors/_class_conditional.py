"""Any outlier detector, one clone a class."""

import warnings
from numbers import Integral

import numpy as np
from joblib import delayed
from sklearn.neighbors import LocalOutlierFactor
from sklearn.utils._param_validation import HasMethods

from skpoison._typing import Contamination, Estimator, RandomState
from skpoison.detectors._base import BasePoisonDetector
from skpoison.detectors._searches import FittedToRows
from skpoison.utils._cloning import seeded_clone
from skpoison.utils._parallel import Parallel

MAX_NEIGHBORS = 500  # of the default, whose memory grows with them


class ClassConditionalDetector(BasePoisonDetector):
    """Judge each row within the class it claims, by any outlier detector.

    One clone of the outlier detector is fitted to the training rows of each class. The anomaly
    score is the outlier score that the clone of the row's label gives it, minus the mean and
    divided by the standard deviation of the scores of that class's training rows, so that a class
    whose scores spread widely does not drown the others.

    Parameters
    ----------
    estimator : outlier detector, default=None
        From scikit-learn (or like it): has ``score_samples``, or else ``decision_function``, which
        are large for normal rows. Or from PyOD, whose ``decision_function`` is large for outliers.
        Either may stand at the end of a scikit-learn pipeline. Clones are fitted, and where it
        leaves a ``random_state`` at None they get one. None: ``LocalOutlierFactor`` whose
        neighbours are a third of the class's rows, 500 at most: a group of poison smaller than
        that is no neighbourhood of its own.

    n_jobs : int, default=None
        Number of classes fitted at once, as in joblib.

    verbose : int, default=0
        1 shows a progress bar.

    contamination : "auto", float or threshold rule, default="auto"
        The rule of :mod:`skpoison.thresholds` that makes a verdict of the scores, or the share of
        the training rows to flag, in (0, 0.5]. "auto" is ``SecondComponentThreshold()``:
        it flags none unless the scores show a second component. The
        estimator's own `contamination` has no effect.

    random_state : int, RandomState instance or None, default=None
        Seed of the clones.

    Attributes
    ----------
    estimators_ : list of outlier detectors
        The fitted clone of each class, in the order of `classes_`.

    See Also
    --------
    BasePoisonDetector : Attributes that detectors share.
    CentroidDetector : Distance to the mean of the class.
    KNNDetector : Distance to the nearest rows of the class.

    Notes
    -----
    A class of a single row, or one whose rows the estimator refuses with a ValueError (too few
    for its parameters, as a rule), is judged by a clone fitted to all rows, whose scores are
    standardised over all rows; a warning says so. An estimator that refuses all rows too raises
    its own error.

    A detector that scores a row differently in different company (PyOD's ECOD and COPOD do) is
    asked for one row at a time, which is slow for many rows.

    The clones score the rows they have learnt. A detector that counts neighbours, such as
    ``LocalOutlierFactor(novelty=True)``, therefore counts every training row among its own.

    References
    ----------
    .. [1] M. M. Breunig, H.-P. Kriegel, R. T. Ng, J. Sander, "LOF: Identifying Density-Based
       Local Outliers", SIGMOD 2000 (the default estimator).

    .. [2] Y. Zhao, Z. Nasrullah, Z. Li, "PyOD: A Python Toolbox for Scalable Outlier Detection",
       Journal of Machine Learning Research 20, 2019.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.ensemble import IsolationForest
    >>> from skpoison.detectors import ClassConditionalDetector
    >>> X = np.array([[0.0], [0.1], [0.2], [0.3], [5.0], [5.1], [5.2], [5.3], [5.15]])
    >>> y = np.array(["a", "a", "a", "a", "b", "b", "b", "b", "a"])
    >>> detector = ClassConditionalDetector(
    ...     IsolationForest(n_estimators=20), contamination=0.1, random_state=0
    ... )
    >>> detector.fit_predict(X, y)
    array([ 1,  1,  1,  1,  1,  1,  1,  1, -1])
    """

    short_names = {"class-conditional": {}}

    _parameter_constraints = {
        **BasePoisonDetector._parameter_constraints,
        "estimator": [
            HasMethods(["fit", "score_samples"]),
            HasMethods(["fit", "decision_function"]),
            None,
        ],
        "n_jobs": [Integral, None],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        estimator: Estimator | None = None,
        *,
        n_jobs: int | None = None,
        verbose: int = 0,
        contamination: Contamination = "auto",
        random_state: RandomState = None,
    ):
        super().__init__(contamination=contamination, random_state=random_state)
        self.estimator = estimator
        self.n_jobs = n_jobs
        self.verbose = verbose

    def _fit_scores(self, X, y, random_state):
        n_classes = len(self.classes_)
        if len(X) < 2:
            raise ValueError("ClassConditionalDetector needs two rows or more in X, got 1 sample.")
        parallel = Parallel(
            self.n_jobs, n_tasks=n_classes, description="classes", verbose=self.verbose
        )
        fits = parallel(
            delayed(_fit_class)(self._make_detector(rows, random_state), rows)
            for rows in (X[y == code] for code in range(n_classes))
        )
        refusals = {code: fit for code, fit in enumerate(fits) if isinstance(fit, ValueError)}
        if refusals:
            of_all = _StandardScorer(self._make_detector(X, random_state), X)
        for code, reason in refusals.items():
            warnings.warn(
                f"Class {self.classes_[code]} is judged by a clone of the estimator fitted to the "
                f"rows of all classes, not to its own {np.sum(y == code)}: {reason}",
                stacklevel=2,
            )
        self._scorers = [of_all if code in refusals else fit for code, fit in enumerate(fits)]
        return self._scores(X)

    @property
    def estimators_(self) -> list[Estimator]:
        """The fitted detector that judges each class."""
        return [scorer.detector for scorer in self._scorers]

    def _scores(self, X):
        return np.column_stack([scorer.scores(X) for scorer in self._scorers])

    def _make_detector(self, rows, random_state):
        if self.estimator is not None:
            return seeded_clone(self.estimator, random_state)
        n_neighbors = min(max(len(rows) // 3, 1), MAX_NEIGHBORS)
        return LocalOutlierFactor(n_neighbors=n_neighbors, novelty=True)


def _fit_class(detector, rows):
    """The scorer of a class, or why there is none."""
    if len(rows) < 2:
        return ValueError("a single row has nothing to be compared with")
    try:
        return _StandardScorer(detector, rows)
    except ValueError as reason:
        return reason


class _StandardScorer:
    """An outlier detector, fitted to rows, whose scores are standardised over them."""

    def __init__(self, detector, rows):
        self._fitted = FittedToRows(detector, rows)
        together, alone = (outlier_scores(self.detector, of)[:1] for of in (rows, rows[:1]))
        self.one_by_one = not np.allclose(together, alone)
        self.mean, self.scale = 0.0, 1.0
        scores = self.scores(rows)
        differ = np.ptp(scores) > 1e-9 * np.abs(scores).max()
        self.mean, self.scale = scores.mean(), scores.std() if differ else 1.0

    @property
    def detector(self):
        return self._fitted.estimator

    def scores(self, X):
        if self.one_by_one:
            scores = np.concatenate([outlier_scores(self.detector, row[np.newaxis]) for row in X])
        else:
            scores = outlier_scores(self.detector, X)
        return (scores - self.mean) / self.scale


def outlier_scores(detector, X):
    """Score rows by a fitted outlier detector of scikit-learn or PyOD: the higher, the odder.

    Parameters
    ----------
    detector : outlier detector
        A fitted one; with scikit-learn's signs unless it, or the last step of the pipeline it
        is, comes from PyOD.

    X : ndarray of shape (n_samples, n_features)
        The rows.

    Returns
    -------
    scores : ndarray of shape (n_samples,)
        Outlier scores.
    """
    last = detector
    while hasattr(last, "steps"):
        last = last.steps[-1][1]
    if any(base.__module__.partition(".")[0] == "pyod" for base in type(last).__mro__):
        scores = detector.decision_function(X)
    elif hasattr(detector, "score_samples"):
        scores = -detector.score_samples(X)
    else:
        scores = -detector.decision_function(X)
    return np.asarray(scores, dtype=np.float64).ravel()
