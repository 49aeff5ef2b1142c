"""Cross-fitting: out-of-sample predictions of all training rows."""

from functools import partial
from numbers import Integral

import numpy as np
from joblib import delayed
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from sklearn.base import clone
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import scale
from sklearn.utils import _safe_indexing
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import _num_samples

from skpoison._typing import Contamination, Estimator, RandomState
from skpoison.detectors._label_base import BaseLabelNoiseDetector
from skpoison.detectors._precomputed import check_predictions, column_labels, columns_of_classes
from skpoison.utils._cloning import seeded_clone
from skpoison.utils._parallel import Parallel
from skpoison.utils._row_index import row_keys

# Both are tried by benchmarks/calibrate_estimators.py duplicates.
DUPLICATE_RADIUS = 0.5  # in units of the median distance to the nearest row of the class
N_NEIGHBORS = 5
MOST_ROWS_OF_NEIGHBOR_SEARCH = 5000  # its time is quadratic


class CrossFit:
    """Models that were each fitted to all folds of a training set but one.

    Near-duplicates share a fold (:func:`near_duplicate_groups`), so that none of them is predicted
    by a model that has learnt another.

    Parameters
    ----------
    fit : callable
        ``fit(X, codes)`` returns a model.

    X : ndarray of shape (n_samples, n_features)
        Training rows.

    codes : ndarray of shape (n_samples,)
        Their label codes; the folds are stratified.

    n_folds : int
        Number of folds; no more than there are groups of near-duplicates.

    random_state : RandomState
        Draws the folds.

    n_jobs : int, default=None
        Number of fits at once, as in joblib.

    verbose : int, default=0
        1 shows a progress bar.

    Attributes
    ----------
    models : list
        What `fit` returned, one for each fold.

    folds : ndarray of shape (n_samples,)
        The fold of each row: the number of the model that has not learnt it.
    """

    def __init__(
        self,
        fit,
        X,
        codes,
        *,
        n_folds,
        random_state,
        n_jobs=None,
        verbose=0,
    ):
        _, first, groups = np.unique(
            near_duplicate_groups(X, codes), return_index=True, return_inverse=True
        )
        n_folds = min(n_folds, len(first))
        self.folds = stratified_folds(codes[first], n_folds, random_state)[groups]

        self.n_folds = n_folds
        parallel = Parallel(n_jobs, n_tasks=n_folds, description="folds", verbose=verbose)
        self.models = parallel(
            delayed(fit)(_safe_indexing(X, train), codes[train])
            for train in map(self.rows_of, range(n_folds))
        )

    def rows_of(self, fold):
        """Rows that the model of a fold has learnt: those of the others, if there are any."""
        is_learnt = self.folds != fold
        return np.flatnonzero(is_learnt) if self.n_folds > 1 else np.arange(len(is_learnt))

    def predict_out_of_fold(self, X, predict):
        """Predict the training rows, each by the one model that has not learnt it.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_features)
            The training rows, in the order of the fit.

        predict : callable
            ``predict(model, X)`` returns an ndarray of shape (n_rows, ...).

        Returns
        -------
        predictions : ndarray of shape (n_samples, ...)
        """
        result = None
        for fold, model in enumerate(self.models):
            rows = np.flatnonzero(self.folds == fold)
            predictions = predict(model, _safe_indexing(X, rows))
            if result is None:
                result = np.empty((len(self.folds), *predictions.shape[1:]))
            result[rows] = predictions
        return result

    def predict(self, X, predict):
        """Predict new rows by the mean of all models.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_features)
            Rows that no model has learnt.

        predict : callable
            As in ``predict_out_of_fold``.

        Returns
        -------
        predictions : ndarray of shape (n_samples, ...)
        """
        return np.mean([predict(model, X) for model in self.models], axis=0)


class CrossFittedDetector(BaseLabelNoiseDetector):
    """Base class of detectors that score labels by out-of-sample predictions of a classifier.

    A subclass names the classifier's method in ``prediction_method``, writes
    ``_default_estimator``, and turns predictions into anomaly scores in ``_anomaly``.

    Parameters
    ----------
    estimator : classifier or "precomputed", default=None
        Clones of it are fitted. "precomputed": the rows of `X` are predictions already.

    cv : int, default=5
        Number of folds.

    n_jobs : int, default=None
        Number of clones fitted at once, as in joblib.

    verbose : int, default=0
        1 shows a progress bar.

    contamination : "auto", float or threshold rule, default="auto"
        As in the base class.

    random_state : int, RandomState instance or None, default=None
        Seed of the folds, and of classifiers that have none of their own.
    """

    prediction_method: str | None = None

    _parameter_constraints = {
        **BaseLabelNoiseDetector._parameter_constraints,
        "cv": [Interval(Integral, 2, None, closed="left")],
        "n_jobs": [Integral, None],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        estimator: Estimator | None = None,
        *,
        cv: int = 5,
        n_jobs: int | None = None,
        verbose: int = 0,
        contamination: Contamination = "auto",
        random_state: RandomState = None,
    ):
        super().__init__(contamination=contamination, random_state=random_state)
        self.estimator = estimator
        self.cv = cv
        self.n_jobs = n_jobs
        self.verbose = verbose

    def _fit_label_scores(self, X, y, random_state):
        if self._is_precomputed():
            self._columns = columns_of_classes(self._names, X.shape[1], self.classes_)
            return self._label_scores(X)
        estimator = self._default_estimator(X) if self.estimator is None else self.estimator
        self._cross_fit = CrossFit(
            partial(FoldClassifier, seeded_clone(estimator, random_state), len(self.classes_)),
            X,
            y,
            n_folds=self.cv,
            random_state=random_state,
            n_jobs=self.n_jobs,
            verbose=self.verbose,
        )
        return self._anomaly(self._cross_fit.predict_out_of_fold(X, self._predict))

    def _is_precomputed(self):
        return isinstance(self.estimator, str)

    def _takes_any_rows(self):
        return self.estimator is not None and not self._is_precomputed()

    def _validate_rows(self, X, *, reset):
        if self._is_precomputed():
            names = column_labels(X)
            if reset:
                self._names = names
            elif names is not None and self._names is not None and names != self._names:
                columns_of_classes(names, len(names), self.classes_)  # the same, in another order
                X = X[[X.columns[names.index(name)] for name in self._names]]
        return super()._validate_rows(X, reset=reset)

    def _label_scores(self, X):
        if self._is_precomputed():
            predictions = np.asarray(X, dtype=np.float64)[:, self._columns]
            check_predictions(predictions, self.prediction_method)
            return self._anomaly(predictions)
        return self._anomaly(self._cross_fit.predict(X, self._predict))

    def _predict(self, model, X):
        return model.predict(X, self.prediction_method)


class FoldClassifier:
    """A classifier of label codes that has a column for every class, seen or not.

    Parameters
    ----------
    estimator : classifier
        A clone is fitted, unless there is a single class.

    n_classes : int
        Number of columns.

    X : ndarray of shape (n_samples, n_features)
        Rows.

    y : ndarray of shape (n_samples,)
        Label codes below `n_classes`.
    """

    def __init__(self, estimator, n_classes, X, y):
        self.n_classes = n_classes
        self.seen = np.unique(y)
        self.classifier = clone(estimator).fit(X, y) if len(self.seen) > 1 else None

    def predict(self, X, method):
        """Call ``decision_function`` or ``predict_proba``: (n_samples, n_classes).

        The decision value of two classes is shared between them, half of it with either sign. A
        class not seen gets probability 0, or as little as the least likely class of the row. Where
        a single class was seen, nothing was learnt and all classes are equal.
        """
        if self.classifier is None:
            return np.full((_num_samples(X), self.n_classes), 1 / self.n_classes)
        predictions = np.asarray(getattr(self.classifier, method)(X), dtype=np.float64)
        if predictions.ndim == 1:
            predictions = np.column_stack([-predictions, predictions]) / 2
        result = np.zeros((len(predictions), self.n_classes))
        if method == "decision_function":
            result[:] = predictions.min(axis=1, keepdims=True)
        result[:, self.seen] = predictions
        return result


def near_duplicate_groups(X, codes):
    """Number groups of near-duplicates; every other row is a group of its own.

    Two rows of a label belong together where one is among the other's five nearest and not half
    as far away as the nearest row of the label mostly is (the median); together with those that
    belong to either. Equal rows belong together whatever their labels. Distances are those of
    standardised columns unless all values lie in [0, 1]. Among more than 5,000 different rows
    only equal ones are grouped, for the search is quadratic, and so they are where rows are no
    complete numbers.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Rows.

    codes : ndarray of shape (n_samples,)
        Their label codes.

    Returns
    -------
    groups : ndarray of shape (n_samples,)
        The number of each row's group, from 0.
    """
    _, first, groups = np.unique(row_keys(X), return_index=True, return_inverse=True)
    groups, first = np.argsort(np.argsort(first))[groups], np.sort(first)  # in order of X
    is_numeric = isinstance(X, np.ndarray) and X.dtype.kind in "biuf" and not np.isnan(X).any()
    if not is_numeric or len(first) > MOST_ROWS_OF_NEIGHBOR_SEARCH:
        return groups
    rows, codes = X[first].reshape(len(first), -1), codes[first]
    if not is_unit_scaled(rows):
        rows = scale(rows.astype(np.float64))
    pairs = [np.empty((2, 0), dtype=int)]
    for code in np.unique(codes):
        own = np.flatnonzero(codes == code)
        if len(own) < 3:
            continue
        neighbors = NearestNeighbors(n_neighbors=min(N_NEIGHBORS, len(own) - 1)).fit(rows[own])
        distances, others = neighbors.kneighbors()
        row, rank = np.nonzero(distances < DUPLICATE_RADIUS * np.median(distances[:, 0]))
        pairs.append(own[[row, others[row, rank]]])
    pairs = np.concatenate(pairs, axis=1)
    links = coo_array((np.ones(pairs.shape[1]), tuple(pairs)), shape=(len(rows), len(rows)))
    _, together = connected_components(links, directed=False)
    return together[groups]


def is_unit_scaled(X):
    """Whether all values lie in [0, 1], as those of pixels: columns compare as they are."""
    return X.min() >= 0 and X.max() <= 1


def stratified_folds(codes, n_folds, random_state):
    """Assign folds in turn, class by class, in random order within each.

    Unlike those of scikit-learn's ``StratifiedKFold``, no fold is empty, however rare the classes.

    Parameters
    ----------
    codes : ndarray of shape (n_samples,)
        Label codes.

    n_folds : int
        Number of folds.

    random_state : RandomState
        Draws the order.

    Returns
    -------
    folds : ndarray of shape (n_samples,)
        The fold of each row.
    """
    order = random_state.permutation(len(codes))
    order = order[np.argsort(codes[order], kind="stable")]
    folds = np.empty(len(codes), dtype=int)
    folds[order] = np.arange(len(codes)) % n_folds
    return folds
