"""A cross-fitted CAE+: rows and labels are scored by models that have not learnt them."""

from numbers import Integral, Real

import numpy as np
from scipy.special import log_softmax
from sklearn.utils._param_validation import Interval

from skpoison.detectors._class_reconstruction import ClassReconstruction
from skpoison.detectors._cross_fitting import CrossFit
from skpoison.detectors._label_base import BaseLabelNoiseDetector
from skpoison.detectors._network import NetworkMixin
from skpoison.detectors._network_scores import (
    classification_score,
    cross_entropy,
    label_margins,
)
from skpoison.thresholds import LabelNoiseThreshold

# Tried from 1 to 10 on pairs of digits and of Fashion-MNIST and on overlapping Gaussians, each
# clean and with 25 or 30 % flips: less misses flips, more flags clean rows where classes overlap.
TEMPERATURE = 4.0
TEMPERATURE_SCALE = 0.7


class CrossFittedCAEDetector(NetworkMixin, BaseLabelNoiseDetector):
    """Flag rows whose labels neither class nor reconstruction confirm, out of sample.

    The CAE+ of [1]_, with two changes. No row is scored by a model that has learnt it: the rows
    are cross-fitted, several times over. And the reconstruction looks at labels too: a label is
    the worse, the worse the row is reconstructed from the rows of that label. Under each label,

    ``alpha * log(reconstruction error) + (1 - alpha) * cross-entropy``

    is computed, each divided by the root mean square, over the training rows, of its difference
    between the given label and the best other one. The anomaly score is minus the logarithm of the
    softmax of minus that sum. Needs no clean data.

    Where there are no labels, or one class, no network is trained: rows are scored by their mean
    distance to their five nearest neighbours, and "auto" flags nothing.

    Parameters
    ----------
    alpha : float, default=0.5
        Weight of the reconstruction, in [0, 1].

    cv : int, default=5
        Number of folds; near-duplicates share one.

    n_repeats : int, default=3
        How often the rows are split into folds; the logarithms are averaged over the repeats.

    n_components : int, default=5
        Width of the linear auto-encoder that reconstructs the rows of each class; at most half
        of the class's rows, and of the columns.

    trimmed : bool, default=True
        Whether these auto-encoders learn nothing from the rows that
        :class:`~skpoison.thresholds.LabelNoiseThreshold` flags by the cross-entropies alone.

    image_shape : tuple of int, default=None
        ``(height, width)`` or ``(height, width, channels)`` of flattened images with pixels in
        [0, 1]. None: the shape of `X` where it has more than two axes; otherwise rows are
        tabular, and dense networks see them standardised.

    epochs : int, default=30
        Upper limit of epochs; the weights of the one with the lowest validation loss are kept.

    batch_size : int, default=128
        Upper limit of rows in a training step. A network takes at least four steps an epoch.

    steps_per_epoch : int, default=10
        Upper limit of steps in an epoch, so that many rows do not mean long training. None: as
        many as the rows fill, so that each epoch passes over all of them.

    optimizer : str, default="adam"
        Name of a Keras optimizer.

    optimizer__learning_rate : float or LearningRateSchedule, default=0.005
        Its learning rate, or one of Keras's schedules.

    validation_split : float, default=0.0
        Share of a network's training rows held out to choose the epoch; stratified where
        possible. 0: all rows train, and choose the epoch too.

    patience : int, default=None
        Stop after so many epochs without a lower validation loss. None: never.

    callbacks : list of keras.callbacks.Callback, default=None
        Told of every epoch; they may read the model's weights and stop the training, but not
        change weights or learning rate. With them the training loop stops after each epoch, which
        costs time.

    verbose : int, default=0
        1 prints losses now and then.

    contamination : "auto", float or threshold rule, default="auto"
        The rule of :mod:`skpoison.thresholds` that makes a verdict of the scores, or the share of
        the training rows to flag, in (0, 0.5]. "auto" is
        ``LabelNoiseThreshold(temperature=4.0, temperature_scale=0.7)``.

    random_state : int, RandomState instance or None, default=None
        Seed of the folds, the weights, the split, the order of the rows and a threshold rule that
        draws.

    Attributes
    ----------
    networks_ : list of CrossFit
        The classification auto-encoders of each repeat.

    reconstructions_ : list of CrossFit
        The linear auto-encoders of each repeat.

    scales_ : ndarray of shape (2,)
        The root mean squares that reconstruction and cross-entropy are divided by.

    history_ : dict of str to dict
        "loss" and "val_loss" of each epoch, for each network.

    classes_ : ndarray of shape (n_classes,)
        The labels seen in fit.

    training_scores_ : ndarray of shape (n_samples,)
        Negative anomaly scores of the training rows, out of sample.

    offset_ : float
        Threshold on ``score_samples``.

    contamination_ : float
        Estimated share of wrong labels among the training rows.

    contamination_interval_ : tuple of float
        Its 90 % interval.

    n_features_in_ : int
        Number of columns.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, where `X` has names that are all strings.

    See Also
    --------
    CAEPlusDetector : The published detector.
    MarginDetector : Out-of-sample decision values of an SVM, a hundred times faster.

    References
    ----------
    .. [1] F. Razmi, L. Xiong, "Classification Auto-Encoder based Detector against Diverse Data
       Poisoning Attacks", arXiv:2108.04206, 2021.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skpoison.attacks import LabelFlipAttack
    >>> from skpoison.detectors import CrossFittedCAEDetector
    >>> X, y = load_digits(n_class=2, return_X_y=True)
    >>> attack = LabelFlipAttack(rate=0.2, random_state=0)
    >>> X, y = attack.fit_resample(X / 16, y)
    >>> detector = CrossFittedCAEDetector(image_shape=(8, 8), random_state=0)
    >>> poison = detector.fit_predict(X, y) == -1
    >>> bool((poison == attack.poison_mask_).mean() > 0.95)
    True
    """

    short_names = {"cae+-cross-fitted": {}}
    auto_threshold = LabelNoiseThreshold(TEMPERATURE, TEMPERATURE_SCALE)

    _parameter_constraints = {
        **BaseLabelNoiseDetector._parameter_constraints,
        **NetworkMixin._network_constraints,
        "alpha": [Interval(Real, 0, 1, closed="both")],
        "cv": [Interval(Integral, 2, None, closed="left")],
        "n_repeats": [Interval(Integral, 1, None, closed="left")],
        "n_components": [Interval(Integral, 1, None, closed="left")],
        "trimmed": ["boolean"],
    }

    def __init__(
        self,
        *,
        alpha=0.5,
        cv=5,
        n_repeats=3,
        n_components=5,
        trimmed=True,
        image_shape=None,
        epochs=30,
        batch_size=128,
        steps_per_epoch=10,
        optimizer="adam",
        optimizer__learning_rate=0.005,
        validation_split=0.0,
        patience=None,
        callbacks=None,
        verbose=0,
        contamination="auto",
        random_state=None,
    ):
        super().__init__(contamination=contamination, random_state=random_state)
        self.alpha = alpha
        self.cv = cv
        self.n_repeats = n_repeats
        self.n_components = n_components
        self.trimmed = trimmed
        self.image_shape = image_shape
        self.epochs = epochs
        self.batch_size = batch_size
        self.steps_per_epoch = steps_per_epoch
        self.optimizer = optimizer
        self.optimizer__learning_rate = optimizer__learning_rate
        self.validation_split = validation_split
        self.patience = patience
        self.callbacks = callbacks
        self.verbose = verbose

    def _fit_scores(self, X, y, random_state):
        self._fit_preprocessing(X)
        return super()._fit_scores(X, y, random_state)

    def _fit_label_scores(self, X, y, random_state):
        rows = self._scaled(X)

        def fit_network(rows, y):
            name = f"classification_{len(self.history_) + 1}"
            return self._train_classifier(name, rows, y, random_state, self.epochs)

        def fit_reconstruction(rows, y):
            return ClassReconstruction(rows, y, len(self.classes_), self.n_components)

        def cross_fit(fit, train_mask=None):
            return [
                CrossFit(
                    fit,
                    rows,
                    y,
                    train_mask=train_mask,
                    n_folds=self.cv,
                    random_state=random_state,
                    n_jobs=1,  # networks draw from one random state, one after the other
                )
                for _ in range(self.n_repeats)
            ]

        self.networks_ = cross_fit(fit_network)
        entropies = _out_of_fold(self.networks_, rows, _entropies)
        train_mask = None
        if self.trimmed:
            rule = LabelNoiseThreshold(TEMPERATURE, TEMPERATURE_SCALE).fit(entropies, y)
            train_mask = rule.poison_probability(entropies, y) <= 0.5
        self.reconstructions_ = cross_fit(fit_reconstruction, train_mask)
        errors = _out_of_fold(self.reconstructions_, rows, _log_errors)
        margins = label_margins(errors, y), label_margins(entropies, y)
        self.scales_ = np.sqrt(np.mean(np.square(margins), axis=1))
        return self._join(errors, entropies)

    def _label_scores(self, X):
        rows = self._scaled(X)
        errors = [folds.predict(rows, _log_errors) for folds in self.reconstructions_]
        entropies = [folds.predict(rows, _entropies) for folds in self.networks_]
        return self._join(np.mean(errors, axis=0), np.mean(entropies, axis=0))

    def _join(self, errors, entropies):
        joined = classification_score(errors, entropies, self.scales_, self.alpha)
        return -log_softmax(-joined, axis=1)


def _out_of_fold(repeats, rows, predict):
    return np.mean([folds.predict_out_of_fold(rows, predict) for folds in repeats], axis=0)


def _entropies(network, rows):
    _, probabilities = network.predict(rows)
    return cross_entropy(probabilities)


def _log_errors(reconstruction, rows):
    return np.log(reconstruction.errors(rows))
