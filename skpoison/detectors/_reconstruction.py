"""The reconstruction auto-encoder (RAE): rows that a network cannot reproduce."""

from collections.abc import Sequence
from numbers import Real
from typing import Any

import numpy as np
from sklearn.utils._param_validation import Interval

from skpoison._typing import Contamination, RandomState
from skpoison.detectors._base import BasePoisonDetector
from skpoison.detectors._network import NetworkMixin
from skpoison.detectors._network_scores import reconstruction_error


class ReconstructionDetector(NetworkMixin, BasePoisonDetector):
    """Flag rows that an auto-encoder, trained on the untrusted rows, reproduces badly.

    The RAE of [1]_: the anomaly score is the mean of ``|x - x̂| ** p``. It does not look at
    labels, and so cannot see a row whose only fault is its label.

    Parameters
    ----------
    p : float, default=2
        Power of the reconstruction error.

    image_shape : tuple of int, default=None
        ``(height, width)`` or ``(height, width, channels)`` of flattened images with pixels in
        [0, 1]. None: the shape of `X` where it has more than two axes; otherwise rows are
        tabular, and dense networks see them standardised.

    epochs : int, default=300
        Upper limit of epochs; the weights of the one with the lowest validation loss are kept.

    batch_size : int, default=128
        Upper limit of rows in a training step.

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
        The auto-encoder.

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
    CAEPlusDetector : Adds a classifier, and so judges the label too.
    MagNetDetector : Two denoising auto-encoders.

    References
    ----------
    .. [1] F. Razmi, L. Xiong, "Classification Auto-Encoder based Detector against Diverse Data
       Poisoning Attacks", arXiv:2108.04206, 2021.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_digits
    >>> from skpoison.detectors import ReconstructionDetector
    >>> X = load_digits().data[:100] / 16
    >>> X[:5] = np.random.RandomState(0).uniform(size=(5, 64))  # no digits
    >>> detector = ReconstructionDetector(image_shape=(8, 8), contamination=0.05, random_state=0)
    >>> np.flatnonzero(detector.fit_predict(X) == -1)
    array([0, 1, 2, 3, 4])
    """

    short_names = {"rae": {}}

    _parameter_constraints = {
        **BasePoisonDetector._parameter_constraints,
        **NetworkMixin._network_constraints,
        "p": [Interval(Real, 0, None, closed="neither")],
    }

    def __init__(
        self,
        *,
        p: float = 2,
        image_shape: Sequence[int] | None = None,
        epochs: int = 300,
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
        self.p = p
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
        rows = self._scaled(X)
        self.network_ = self._train("reconstruction", rows, random_state, self.epochs)
        return self._scores(X)

    def _scores(self, X):
        rows = self._scaled(X)
        reconstruction, _ = self.network_.predict(rows)
        return reconstruction_error(rows, reconstruction, self.p)[:, np.newaxis]
