"""Out-of-bag estimates of what a row is worth."""

from numbers import Integral

import numpy as np
from joblib import delayed
from sklearn.dummy import DummyClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils import _safe_indexing
from sklearn.utils._param_validation import HasMethods, Interval
from sklearn.utils.validation import _num_samples

from skpoison._typing import Contamination, Estimator, RandomState
from skpoison.detectors._base import BasePoisonDetector
from skpoison.detectors._cross_fitting import near_duplicate_groups
from skpoison.detectors._label_base import BaseLabelNoiseDetector
from skpoison.thresholds import LabelNoiseThreshold
from skpoison.utils._cloning import seeded_clone
from skpoison.utils._magnitudes import MAX_SINGLE
from skpoison.utils._parallel import Parallel


class DataOOBDetector(BaseLabelNoiseDetector):
    """Flag rows whose labels bagged classifiers contradict that have not drawn them.

    Data-OOB [1]_: classifiers are fitted to bootstrap samples, and the value of a row is the share
    of those classifiers that predict its label, among those whose sample does not hold it. The
    anomaly score of a label is the share that predicts another one.

    Parameters
    ----------
    estimator : classifier, default=None
        Clones of it are fitted, and where it leaves a ``random_state`` at None they get one. None
        stands for a :class:`~sklearn.tree.DecisionTreeClassifier`.

    n_estimators : int, default=100
        Number of bootstrap samples, and of clones.

    n_jobs : int, default=None
        Number of clones fitted at once, as in joblib.

    verbose : int, default=0
        1 shows a progress bar.

    contamination : "auto", float or threshold rule, default="auto"
        The rule of :mod:`skpoison.thresholds` that makes a verdict of the scores, or the share of
        the training rows to flag, in (0, 0.5]. "auto" is the likelihood of label noise,
        ``LabelNoiseThreshold(temperature=4, temperature_scale=0.5)``.

    random_state : int, RandomState instance or None, default=None
        Seed of the bootstrap samples, and of classifiers that have a ``random_state``.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels seen in fit.

    values_ : ndarray of shape (n_samples,)
        Data-OOB values of the training rows, in [0, 1].

    bootstrap_counts_ : ndarray of shape (n_estimators, n_samples), dtype=int
        How often each row is in each bootstrap sample.

    estimators_ : list of classifiers
        The fitted clones, whose classes are label codes.

    training_scores_ : ndarray of shape (n_samples,)
        Negative anomaly scores of the training rows.

    offset_ : float
        Threshold on ``score_samples``.

    contamination_ : float
        Estimated share of poison among the training rows.

    contamination_interval_ : tuple of float
        Its 90 % interval.

    n_features_in_ : int
        Number of columns.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, where `X` has names that are all strings.

    See Also
    --------
    MarginDetector : Cross-fits one classifier instead of bagging many.
    KNNShapleyDetector : Shapley values for nearest neighbours.

    Notes
    -----
    Near-duplicates are drawn together, so that no row is judged by a classifier that has learnt
    a copy of it. Rows that every sample holds get the same score under every label. New rows are
    judged by all classifiers. An `estimator` of one's own gets the rows as they are. Of two classes
    that overlap by a fifth, "auto" may flag the overlap.

    Without labels, or with one class, rows are scored by their mean distance to their five
    nearest neighbours, and "auto" flags nothing.

    References
    ----------
    .. [1] Y. Kwon, J. Zou, "Data-OOB: Out-of-bag Estimate as a Simple and Efficient Data Value",
       ICML 2023.

    Examples
    --------
    >>> import numpy as np
    >>> from skpoison.detectors import DataOOBDetector
    >>> X = np.array([[0.0], [0.1], [0.2], [0.3], [5.0], [5.1], [5.2], [5.3], [5.15]])
    >>> y = np.array(["a", "a", "a", "a", "b", "b", "b", "b", "a"])
    >>> detector = DataOOBDetector(contamination=0.1, random_state=0)
    >>> detector.fit_predict(X, y)
    array([ 1,  1,  1,  1,  1,  1,  1,  1, -1])
    """

    short_names = {"data-oob": {}}
    auto_threshold = LabelNoiseThreshold(temperature=4.0, temperature_scale=0.5)

    _parameter_constraints = {
        **BasePoisonDetector._parameter_constraints,
        "estimator": [HasMethods(["fit", "predict"]), None],
        "n_estimators": [Interval(Integral, 1, None, closed="left")],
        "n_jobs": [Integral, None],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        estimator: Estimator | None = None,
        *,
        n_estimators: int = 100,
        n_jobs: int | None = None,
        verbose: int = 0,
        contamination: Contamination = "auto",
        random_state: RandomState = None,
    ):
        super().__init__(contamination=contamination, random_state=random_state)
        self.estimator = estimator
        self.n_estimators = n_estimators
        self.n_jobs = n_jobs
        self.verbose = verbose

    def _fit_label_scores(self, X, y, random_state):
        estimator = self.estimator
        if estimator is None:
            estimator = DecisionTreeClassifier()
            if np.abs(X).max() > MAX_SINGLE:  # trees work in single precision
                estimator = make_pipeline(MaxAbsScaler(), estimator)
        _, groups = np.unique(near_duplicate_groups(X, y), return_inverse=True)
        self.bootstrap_counts_ = _bootstrap_counts(groups, self.n_estimators, random_state)
        clones = [seeded_clone(estimator, random_state) for _ in range(self.n_estimators)]
        parallel = Parallel(
            self.n_jobs, n_tasks=self.n_estimators, description="samples", verbose=self.verbose
        )
        fitted = parallel(
            delayed(_fit_and_predict)(clone_, X, y, counts)
            for clone_, counts in zip(clones, self.bootstrap_counts_, strict=True)
        )
        self.estimators_ = [model for model, _ in fitted]
        votes = np.zeros((len(y), len(self.classes_)))
        for (_, codes), counts in zip(fitted, self.bootstrap_counts_, strict=True):
            out = np.flatnonzero(counts == 0)
            votes[out, codes] += 1
        shares = vote_shares(votes)
        self.values_ = shares[np.arange(len(y)), y]
        return 1 - shares

    def _label_scores(self, X):
        votes = np.zeros((_num_samples(X), len(self.classes_)))
        for model in self.estimators_:
            votes[np.arange(len(votes)), np.asarray(model.predict(X))] += 1
        return 1 - vote_shares(votes)

    def _takes_any_rows(self):
        return self.estimator is not None


def vote_shares(votes):
    """Shares of the votes for each class; equal ones where there is no vote.

    Parameters
    ----------
    votes : ndarray of shape (n_samples, n_classes)
        Counts.

    Returns
    -------
    shares : ndarray of shape (n_samples, n_classes)
    """
    totals = votes.sum(axis=1, keepdims=True)
    return np.where(totals > 0, votes, 1.0) / np.where(totals > 0, totals, votes.shape[1])


def _bootstrap_counts(groups, n_samples, random_state):
    """How often rows are drawn, (n_samples, n_rows): groups are drawn, with replacement."""
    n_groups = groups.max() + 1
    draws = (
        np.bincount(random_state.randint(n_groups, size=n_groups), minlength=n_groups)
        for _ in range(n_samples)
    )
    return np.stack([drawn[groups] for drawn in draws])


def _fit_and_predict(estimator, X, y, counts):
    """Fit to a bootstrap sample, and predict the codes of the rows out of it."""
    drawn, out = np.repeat(np.arange(len(y)), counts), np.flatnonzero(counts == 0)
    if len(np.unique(y[drawn])) > 1:
        model = estimator.fit(_safe_indexing(X, drawn), y[drawn])
    else:
        model = DummyClassifier(strategy="most_frequent").fit(np.zeros((1, 1)), y[drawn[:1]])
    codes = model.predict(_safe_indexing(X, out)) if len(out) else np.empty(0, dtype=int)
    return model, np.asarray(codes, dtype=int)
