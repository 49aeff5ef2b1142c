"""CAE+: a classification auto-encoder beside a reconstruction that labels cannot shape."""

from collections.abc import Sequence
from numbers import Integral
from typing import Any

from skpoison._typing import Contamination, RandomState
from skpoison.detectors._classification import CAEDetector, entropies_of
from skpoison.detectors._network import NetworkMixin
from skpoison.detectors._network_scores import reconstruction_error


class CAEPlusDetector(CAEDetector):
    """Flag rows by a classification auto-encoder and an auto-encoder that sees no labels.

    The CAE+ of [1]_. The anomaly score is that of :class:`CAEDetector`, but the reconstruction
    error comes from a network of its own, so that poisoned labels cannot shape it. Both networks
    judge rows that they have learnt; :class:`CrossFittedCAEDetector` is the version of this
    library, whose classifier does not. Needs no clean data.

    Parameters
    ----------
    alpha : float, default=0.66
        Weight of the reconstruction error, in [0, 1].

    image_shape : tuple of int, default=None
        ``(height, width)`` or ``(height, width, channels)`` of flattened images with pixels in
        [0, 1]. None: the shape of `X` where it has more than two axes; otherwise rows are
        tabular, and dense networks see them standardised.

    epochs : int or tuple of two int, default=(300, 100)
        Upper limit of epochs; the weights of the one with the lowest validation loss are kept. A
        pair gives the limits of the auto-encoder and of the classification auto-encoder.

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

    reconstruction_network_ : TrainedNetwork
        The auto-encoder without classifier.

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
    CAEDetector : One network for both.
    CrossFittedCAEDetector : Judges labels by a classifier that has not learnt them.

    References
    ----------
    .. [1] F. Razmi, L. Xiong, "Classification Auto-Encoder based Detector against Diverse Data
       Poisoning Attacks", arXiv:2108.04206, 2021.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skpoison.attacks import LabelFlipAttack
    >>> from skpoison.detectors import CAEPlusDetector
    >>> X, y = load_digits(n_class=2, return_X_y=True)
    >>> attack = LabelFlipAttack(rate=0.2, random_state=0)
    >>> X, y = attack.fit_resample(X / 16, y)
    >>> detector = CAEPlusDetector(image_shape=(8, 8), alpha=0.3, random_state=0)
    >>> poison = detector.fit_predict(X, y) == -1
    >>> bool((poison == attack.poison_mask_).mean() > 0.95)
    True
    """

    short_names = {"cae+": {}}

    _parameter_constraints = {
        **CAEDetector._parameter_constraints,
        "epochs": [*NetworkMixin._network_constraints["epochs"], tuple],
    }

    def __init__(
        self,
        *,
        alpha: float = 0.66,
        image_shape: Sequence[int] | None = None,
        epochs: int | tuple[int, int] = (300, 100),
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
        super().__init__(
            alpha=alpha,
            image_shape=image_shape,
            epochs=epochs,  # type: ignore[arg-type]
            batch_size=batch_size,
            steps_per_epoch=steps_per_epoch,
            optimizer=optimizer,
            optimizer__learning_rate=optimizer__learning_rate,
            validation_split=validation_split,
            patience=patience,
            callbacks=callbacks,
            verbose=verbose,
            contamination=contamination,
            random_state=random_state,
        )

    def _train_networks(self, rows, y, random_state):
        reconstruction_epochs, epochs = self._both_epochs()
        self.reconstruction_network_ = self._train(
            "reconstruction", rows, random_state, reconstruction_epochs
        )
        self.network_ = self._train_classifier("classification", rows, y, random_state, epochs)

    def _both_epochs(self):
        if not isinstance(self.epochs, tuple):
            return self.epochs, self.epochs
        if len(self.epochs) != 2 or not all(
            isinstance(epochs, Integral) and epochs >= 1 for epochs in self.epochs
        ):
            raise ValueError(
                "epochs must be a positive integer or a pair of them (reconstruction, "
                f"classification), got {self.epochs!r}."
            )
        return self.epochs

    def _errors(self, X):
        rows = self._scaled(X)
        reconstruction, _ = self.reconstruction_network_.predict(rows)
        _, probabilities = self.network_.predict(rows)
        return reconstruction_error(rows, reconstruction), entropies_of(rows, probabilities)
