"""Margins of classifiers at rows that they have not learnt."""

import copy

import numpy as np
from sklearn.linear_model import RidgeClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.utils._param_validation import HasMethods, StrOptions

from skpoison.detectors._cross_fitting import CrossFittedDetector, is_unit_scaled
from skpoison.thresholds import LabelNoiseThreshold

MOST_ROWS_OF_KERNEL = 2000  # the time of a kernel machine is quadratic or worse


class MarginDetector(CrossFittedDetector):
    """Flag rows whose labels a classifier contradicts that has not learnt them.

    A classifier is cross-fitted, as in the filters of [1]_: the rows of each fold are scored by a
    clone fitted to the others. The anomaly score of a label is minus its decision value; of two
    classes, each has half the decision value, with its own sign. What is flagged is up to
    :class:`~skpoison.thresholds.LabelNoiseThreshold`, which estimates the share of wrong labels by
    maximum likelihood: rows of an overlap of classes, where the classifier is unsure, are told
    from rows that it contradicts where it is sure.

    Parameters
    ----------
    estimator : classifier with ``decision_function`` or "precomputed", default=None
        Clones of it are fitted, and where it leaves a ``random_state`` at None they get one. None:
        an SVM with an RBF kernel, on the columns as they are where all values lie in [0, 1] as
        those of pixels do, otherwise standardised; of more than 2,000 rows, a ridge classifier on
        standardised columns. "precomputed": `X` holds out-of-sample decision values in place of
        rows, one column for each class.

    cv : int, default=5
        Number of folds. Near-duplicates share a fold: equal rows, and rows of a label half as far
        from each other as the nearest row of their label mostly is.

    n_jobs : int, default=None
        Number of clones fitted at once, as in joblib.

    verbose : int, default=0
        1 shows a progress bar.

    contamination : "auto", float or threshold rule, default="auto"
        The rule of :mod:`skpoison.thresholds` that makes a verdict of the scores, or the share of
        the training rows to flag, in (0, 0.5]. "auto" is the likelihood of label noise,
        ``LabelNoiseThreshold(temperature=4, temperature_scale=0.5)``.

    random_state : int, RandomState instance or None, default=None
        Seed of the folds, and of classifiers that have a ``random_state``.

    See Also
    --------
    BasePoisonDetector : Attributes that detectors share.
    ConfidentLearningDetector : Cross-fitted probabilities instead of margins.
    EnsembleDetector : Joins it with detectors of rows that lie far out.

    Notes
    -----
    Training rows keep the score of the classifier that has not learnt them; other rows are scored
    by the mean decision value of all. A label that a classifier has not seen gets as little as the
    least likely one.

    Without labels, or with one class, rows are scored by their mean distance to their five
    nearest neighbours, and "auto" flags nothing.

    References
    ----------
    .. [1] C. E. Brodley, M. A. Friedl, "Identifying Mislabeled Training Data", Journal of
       Artificial Intelligence Research 11, 1999.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skpoison.attacks import LabelFlipAttack
    >>> from skpoison.detectors import MarginDetector
    >>> X, y = load_digits(n_class=3, return_X_y=True)
    >>> X = X / 16
    >>> detector = MarginDetector(random_state=0).fit(X, y)
    >>> detector.contamination_
    0.0
    >>> attack = LabelFlipAttack(rate=0.25, random_state=0)
    >>> X, y = attack.fit_resample(X, y)
    >>> poison = detector.fit_predict(X, y) == -1
    >>> bool((poison == attack.poison_mask_).mean() > 0.99)
    True
    >>> round(detector.contamination_, 1)  # a quarter of the clean rows is a fifth of all
    0.2
    """

    short_names = {"margin": {}}
    auto_threshold = LabelNoiseThreshold(temperature=4.0, temperature_scale=0.5)
    prediction_method = "decision_function"

    _parameter_constraints = {
        **CrossFittedDetector._parameter_constraints,
        "estimator": [HasMethods(["fit", "decision_function"]), StrOptions({"precomputed"}), None],
    }

    def _fit_label_scores(self, X, y, random_state):
        scores = super()._fit_label_scores(X, y, random_state)
        self._vectors = None
        if self.estimator is None and len(X) <= MOST_ROWS_OF_KERNEL:
            self._vectors = SupportVectors(self._cross_fit, X)
        return scores

    def __getstate__(self):
        """Support vectors are kept once, not in each of the machines."""
        state = dict(super().__getstate__())
        if state.get("_vectors") is not None:
            state["_cross_fit"] = copy.deepcopy(state["_cross_fit"])
            self._vectors.take_from(state["_cross_fit"])
        return state

    def __setstate__(self, state):
        super().__setstate__(state)
        if getattr(self, "_vectors", None) is not None:
            self._vectors.put_into(self._cross_fit)

    def _default_estimator(self, X):
        if len(X) > MOST_ROWS_OF_KERNEL:
            return make_pipeline(StandardScaler(), RidgeClassifier())
        return SVC() if is_unit_scaled(X) else make_pipeline(StandardScaler(), SVC())

    def _anomaly(self, predictions):
        return -predictions


class SupportVectors:
    """The training rows that kernel machines of several folds hold, each of them once.

    Parameters
    ----------
    cross_fit : CrossFit
        The machines.

    X : ndarray of shape (n_samples, n_features)
        The training rows.
    """

    def __init__(self, cross_fit, X):
        places = [
            cross_fit.rows_of(fold)[machine.support_]
            for fold, machine, _ in kernel_machines(cross_fit)
        ]
        held = np.unique(np.concatenate([np.empty(0, dtype=int), *places]))
        self.rows = X[held]
        self.places = [np.searchsorted(held, place) for place in places]

    def take_from(self, cross_fit):
        """Leave no machine its own."""
        for _, machine, _ in kernel_machines(cross_fit):
            machine.support_vectors_ = machine.support_vectors_[:0]

    def put_into(self, cross_fit):
        """Give each machine its own again, scaled as it has scaled them."""
        machines = kernel_machines(cross_fit)
        for places, (_, machine, scale) in zip(self.places, machines, strict=True):
            machine.support_vectors_ = scale(self.rows[places]).astype(np.float64)


def kernel_machines(cross_fit):
    """The fold of each fitted SVM, the SVM, and what scales rows for it."""
    for fold, model in enumerate(cross_fit.models):
        if isinstance(model.classifier, Pipeline):
            yield fold, model.classifier[-1], model.classifier[:-1].transform
        elif model.classifier is not None:
            yield fold, model.classifier, np.asarray
