"""The classification auto-encoder (CAE): reconstruction and label judged together."""

from collections.abc import Sequence
from numbers import Real
from typing import Any

import numpy as np
from sklearn.utils._param_validation import Interval

from skpoison._typing import Contamination, RandomState
from skpoison.detectors._base import BasePoisonDetector
from skpoison.detectors._network import NetworkMixin
from skpoison.detectors._network_scores import (
    classification_score,
    cross_entropy,
    reconstruction_error,
)


class CAEDetector(NetworkMixin, BasePoisonDetector):
    """Flag rows by an auto-encoder with a classifier on its code.

    The CAE of [1]_. One network learns from the untrusted rows to reproduce them and to predict
    their labels; the anomaly score is
    ``alpha * reconstruction error + (1 - alpha) * cross-entropy at the given label``, each divided
    by its L2 norm over the training rows.

    Parameters
    ----------
    alpha : float, default=0.66
        Weight of the reconstruction error, in [0, 1].

    image_shape : tuple of int, default=None
        ``(height, width)`` or ``(height, width, channels)`` of flattened images with pixels in
        [0, 1]. None: the shape of `X` where it has more than two axes; otherwise rows are
        tabular, and dense networks see them standardised.

    epochs : int, default=100
        Upper limit of epochs; the weights of the one with the lowest validation loss are kept.

    batch_size : int, default=128
        Upper limit of rows in a training step. The classification network takes at least four
        steps an epoch.

    steps_per_epoch : int, default=10
        Upper limit of steps in an epoch, so that many rows do not mean long training. None: as
        many as the rows fill, so that each epoch passes over all of them.

    optimizer : str, default="adam"
        Name of a Keras optimizer.

    optimizer__learning_rate : float or LearningRateSchedule, default=0.005
        Its learning rate, or one of Keras's schedules.

    validation_split : float, default=0.1
        Share of the training rows held out to choose the epoch; stratified where possible.

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
        the training rows to flag, in (0, 0.5]. "auto" is ``SecondComponentThreshold()``: nothing is
        flagged unless the scores have a second component. The paper's rule is
        :class:`~skpoison.thresholds.GaussianMixtureThreshold`.

    random_state : int, RandomState instance or None, default=None
        Seed of the weights, the split, the order of the rows and a threshold rule that draws.

    Attributes
    ----------
    network_ : TrainedNetwork
        The classification auto-encoder.

    norms_ : ndarray of shape (2,)
        L2 norms of the reconstruction errors and of the cross-entropies of the training rows.

    history_ : dict of str to dict
        "loss" and "val_loss" of each epoch, for each network.

    classes_ : ndarray of shape (n_classes,)
        The labels seen in fit.

    training_scores_ : ndarray of shape (n_samples,)
        Negative anomaly scores of the training rows.

    offset_ : float
        Threshold on ``score_samples``.

    n_features_in_ : int
        Number of columns.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, where `X` has names that are all strings.

    See Also
    --------
    CAEPlusDetector : Takes the reconstruction error from a network of its own.

    References
    ----------
    .. [1] F. Razmi, L. Xiong, "Classification Auto-Encoder based Detector against Diverse Data
       Poisoning Attacks", arXiv:2108.04206, 2021.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skpoison.attacks import LabelFlipAttack
    >>> from skpoison.detectors import CAEDetector
    >>> X, y = load_digits(n_class=2, return_X_y=True)
    >>> attack = LabelFlipAttack(rate=0.2, random_state=0)
    >>> X, y = attack.fit_resample(X / 16, y)
    >>> detector = CAEDetector(image_shape=(8, 8), alpha=0.3, random_state=0)
    >>> poison = detector.fit_predict(X, y) == -1
    >>> bool((poison == attack.poison_mask_).mean() > 0.95)
    True
    """

    short_names = {"cae": {}}

    _parameter_constraints = {
        **BasePoisonDetector._parameter_constraints,
        **NetworkMixin._network_constraints,
        "alpha": [Interval(Real, 0, 1, closed="both")],
    }

    def __init__(
        self,
        *,
        alpha: float = 0.66,
        image_shape: Sequence[int] | None = None,
        epochs: int = 100,
        batch_size: int = 128,
        steps_per_epoch: int | None = 10,
        optimizer: str = "adam",
        optimizer__learning_rate: Any = 0.005,
        validation_split: float = 0.1,
        patience: int | None = None,
        callbacks: list | None = None,
        verbose: int = 0,
        contamination: Contamination = "auto",
        random_state: RandomState = None,
    ):
        super().__init__(contamination=contamination, random_state=random_state)
        self.alpha = alpha
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
        self._train_networks(self._scaled(X), y, random_state)
        errors, entropies = self._errors(X)
        given = entropies[np.arange(len(X)), y]
        self.norms_ = np.array([np.linalg.norm(errors), np.linalg.norm(given)])
        return classification_score(errors, entropies, self.norms_, self.alpha)

    def _train_networks(self, rows, y, random_state):
        self.network_ = self._train_classifier("classification", rows, y, random_state, self.epochs)

    def _errors(self, X):
        """Reconstruction errors (n_samples,) and cross-entropies (n_samples, n_classes)."""
        rows = self._scaled(X)
        reconstruction, probabilities = self.network_.predict(rows)
        return reconstruction_error(rows, reconstruction), entropies_of(rows, probabilities)

    def _scores(self, X):
        return classification_score(*self._errors(X), self.norms_, self.alpha)


def entropies_of(rows, probabilities):
    """Cross-entropies; 0 under the one label there is where a network has no classifier."""
    return np.zeros((len(rows), 1)) if probabilities is None else cross_entropy(probabilities)
