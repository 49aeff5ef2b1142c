"""Margins of rows while a classifier learns them."""

from copy import deepcopy
from numbers import Integral

import numpy as np
from sklearn.neural_network import MLPClassifier
from sklearn.utils._param_validation import HasMethods, Interval

from skpoison._typing import Contamination, Estimator, RandomState
from skpoison.detectors._base import BasePoisonDetector
from skpoison.detectors._cross_fitting import is_unit_scaled
from skpoison.detectors._label_base import BaseLabelNoiseDetector
from skpoison.detectors._standardizer import Standardizer
from skpoison.thresholds import LabelNoiseThreshold
from skpoison.utils._cloning import seeded_clone

SMALLEST_PROBABILITY = 1e-12
N_UNITS, BATCH_SIZE = 50, 32  # of the default network


class AreaUnderMarginDetector(BaseLabelNoiseDetector):
    """Flag rows whose labels a classifier is slow to believe while it learns them.

    The margin of a label is its decision value minus the largest one of the others. The area under
    the margin [1]_ is its mean over the epochs of training: other rows pull the margin of a wrong
    label down as long as it is not learnt by heart. The anomaly score is minus this area, in units
    of the root mean square of the training rows' areas.

    Parameters
    ----------
    estimator : classifier, default=None
        With ``partial_fit``, which is called once an epoch, or with ``staged_decision_function`` or
        ``staged_predict_proba``, whose stages are the epochs. A clone of it is fitted, and where it
        leaves a ``random_state`` at None it gets one. None stands for a network with one layer of
        50 units, trained on batches of 32 rows, a :class:`~sklearn.neural_network.MLPClassifier`.

    epochs : int, default=10
        Number of calls of ``partial_fit``; stages are as many as the estimator has.

    contamination : "auto", float or threshold rule, default="auto"
        The rule of :mod:`skpoison.thresholds` that makes a verdict of the scores, or the share of
        the training rows to flag, in (0, 0.5]. "auto" is the likelihood of label noise,
        ``LabelNoiseThreshold(temperature=2, temperature_scale=0.5)``.

    random_state : int, RandomState instance or None, default=None
        Seed of a classifier that has a ``random_state``.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels seen in fit.

    margins_ : ndarray of shape (n_epochs, n_samples)
        Margins of the training rows' labels after each epoch.

    scale_ : float
        Root mean square of the training rows' areas under the margin.

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
    MarginDetector : Margins at rows that the classifier has not learnt.
    SelfInfluenceDetector : How much a row holds its own label up.

    Notes
    -----
    Unlike other detectors this one scores the training rows by a classifier that learns them, as
    published: a classifier that learns all labels by heart in its first epochs shows nothing. The
    paper cuts at a percentile of rows that are given a label of no class; here a threshold rule
    does it. Margins of probabilities are those of their logarithms.

    The default classifier gets columns standardised, unless all values lie in [0, 1] as those of
    pixels do; one of your own gets the rows as they are.

    Without labels, or with one class, rows are scored by their mean distance to their five
    nearest neighbours, and "auto" flags nothing.

    References
    ----------
    .. [1] G. Pleiss, T. Zhang, E. Elenberg, K. Q. Weinberger, "Identifying Mislabeled Data using
       the Area Under the Margin Ranking", NeurIPS 2020.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skpoison.attacks import LabelFlipAttack
    >>> from skpoison.detectors import AreaUnderMarginDetector
    >>> from skpoison.metrics import poison_roc_auc
    >>> X, y = load_digits(n_class=2, return_X_y=True)
    >>> attack = LabelFlipAttack(rate=0.1, random_state=0)
    >>> X, y = attack.fit_resample(X / 16, y)
    >>> detector = AreaUnderMarginDetector(random_state=0).fit(X, y)
    >>> round(poison_roc_auc(attack.poison_mask_, detector.training_scores_), 2)
    1.0
    """

    short_names = {"area-under-margin": {}}
    auto_threshold = LabelNoiseThreshold(temperature=2.0, temperature_scale=0.5)

    _parameter_constraints = {
        **BasePoisonDetector._parameter_constraints,
        "estimator": [
            HasMethods(["partial_fit", "decision_function"]),
            HasMethods(["partial_fit", "predict_proba"]),
            HasMethods(["fit", "staged_decision_function"]),
            HasMethods(["fit", "staged_predict_proba"]),
            None,
        ],
        "epochs": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(
        self,
        estimator: Estimator | None = None,
        *,
        epochs: int = 10,
        contamination: Contamination = "auto",
        random_state: RandomState = None,
    ):
        super().__init__(contamination=contamination, random_state=random_state)
        self.estimator = estimator
        self.epochs = epochs

    def _fit_label_scores(self, X, y, random_state):
        estimator, self._scaler = self.estimator, None
        if estimator is None:
            estimator = MLPClassifier(N_UNITS, batch_size=min(BATCH_SIZE, len(X)))
            self._scaler = None if is_unit_scaled(X) else Standardizer(X)
        X = self._scaled(X)
        model = seeded_clone(estimator, random_state)
        self._models = []  # one an epoch, or one that has stages
        if hasattr(model, "partial_fit"):
            codes = np.arange(len(self.classes_))
            for _ in range(self.epochs):
                model.partial_fit(X, y, classes=codes)
                self._models.append(deepcopy(model))
                vars(self._models[-1]).pop("_optimizer", None)  # for fitting on, which none does
        else:
            self._models.append(model.fit(X, y))
        margins = np.stack(list(map(margins_of_labels, self._decision_values(X))))
        self.margins_ = margins[:, np.arange(len(y)), y]
        areas = margins.mean(axis=0)
        self.scale_ = float(np.sqrt(np.square(areas[np.arange(len(y)), y]).mean())) or 1.0
        return -areas / self.scale_

    def _label_scores(self, X):
        decision_values = self._decision_values(self._scaled(X))
        areas = np.mean([margins_of_labels(values) for values in decision_values], axis=0)
        return -areas / self.scale_

    def _decision_values(self, X):
        """Decision values of rows after each epoch: (n_samples, n_classes) each."""
        for model in self._models:
            staged = "" if hasattr(model, "partial_fit") else "staged_"
            if hasattr(model, f"{staged}decision_function"):
                values = getattr(model, f"{staged}decision_function")(X)
                transform = _of_each_class
            else:
                values = getattr(model, f"{staged}predict_proba")(X)
                transform = _log_probabilities
            yield from map(transform, values if staged else [values])

    def _scaled(self, X):
        return X if self._scaler is None else self._scaler(X)

    def _takes_any_rows(self):
        return self.estimator is not None


def margins_of_labels(values):
    """Decision value of each label minus the largest one of the others.

    Parameters
    ----------
    values : ndarray of shape (n_samples, n_classes)
        Decision values of at least two classes.

    Returns
    -------
    margins : ndarray of shape (n_samples, n_classes)
    """
    second, first = np.partition(values, -2, axis=1)[:, -2:].T[:, :, np.newaxis]
    is_first = np.arange(values.shape[1]) == values.argmax(axis=1)[:, np.newaxis]
    return values - np.where(is_first, second, first)


def _of_each_class(values):
    """Share the decision value of two classes between them, half of it with either sign."""
    values = np.asarray(values, dtype=np.float64)
    if values.ndim == 1 or values.shape[1] == 1:
        values = np.column_stack([-values, values]) / 2
    return values


def _log_probabilities(values):
    return np.log(np.clip(values, SMALLEST_PROBABILITY, 1.0))
