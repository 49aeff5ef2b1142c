"""MagNet: two denoising auto-encoders that must agree, and the reformer."""

from collections.abc import Sequence
from numbers import Real
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin, _fit_context
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted, validate_data

from skpoison._typing import Contamination, RandomState, Rows
from skpoison.detectors._base import BasePoisonDetector
from skpoison.detectors._network import NetworkMixin
from skpoison.detectors._network_scores import joint_score, reconstruction_error
from skpoison.thresholds import FixedThreshold

GREY_NOISE = 0.1
COLOUR_NOISE = 0.025


class _DenoisingMixin(NetworkMixin):
    """Training of MagNet's two networks."""

    def _train_denoiser(self, number, rows, random_state):
        if self.noise == "auto":
            noise = GREY_NOISE if self._is_grey() or len(self._row_shape) == 1 else COLOUR_NOISE
        else:
            noise = float(self.noise)
        return self._train(
            f"denoising_{number}",
            rows,
            random_state,
            self.epochs,
            style=f"magnet-{number}",
            noise=noise,
        )


class MagNetDetector(_DenoisingMixin, BasePoisonDetector):
    """Flag rows that two denoising auto-encoders both reproduce badly.

    The detector of MagNet [1]_ on training data. The first network (convolution, average pooling,
    convolution, upsampling) is judged by its reconstruction error with ``p = 2``, the second
    (convolutions alone) with ``p = 1``. A clone of the threshold rule that `contamination` stands
    for is fitted to the errors of each network. The anomaly score is the smaller of the two errors
    in units of their thresholds, and a row is flagged where it is above 1, which is where both
    networks call it poison. Only a float `contamination` is kept to exactly: it is the share of
    rows flagged by the joint score. The detector does not look at labels.

    Parameters
    ----------
    noise : "auto" or float, default="auto"
        Standard deviation of the Gaussian noise on the input in training. "auto": 0.025 for
        colour images, 0.1 otherwise.

    image_shape : tuple of int, default=None
        ``(height, width)`` or ``(height, width, channels)`` of flattened images with pixels in
        [0, 1]. None: the shape of `X` where it has more than two axes; otherwise rows are
        tabular, and dense networks see them standardised.

    epochs : int, default=100
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
        The rule of :mod:`skpoison.thresholds` that is fitted to the errors of each network, or the
        share of the training rows to flag, in (0, 0.5]. "auto" is ``SecondComponentThreshold()``:
        nothing is flagged unless the errors of both networks have a second component. The rule of
        the paper on poison is :class:`~skpoison.thresholds.GaussianMixtureThreshold`.

    random_state : int, RandomState instance or None, default=None
        Seed of the weights, the noise, the split, the order of the rows and a threshold rule that
        draws.

    Attributes
    ----------
    networks_ : list of two TrainedNetwork
        The denoising auto-encoders.

    thresholds_ : list of two float
        The threshold on each network's error.

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
    MagNetReformer : Replaces rows by their reconstruction in place of dropping them.

    References
    ----------
    .. [1] D. Meng, H. Chen, "MagNet: a Two-Pronged Defense against Adversarial Examples",
       CCS 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_digits
    >>> from skpoison.detectors import MagNetDetector
    >>> X = load_digits().data[:100] / 16
    >>> X[:5] = np.random.default_rng(0).permuted(X[:5], axis=1)  # no digits
    >>> detector = MagNetDetector(
    ...     image_shape=(8, 8), epochs=300, contamination=0.05, random_state=0
    ... )
    >>> np.flatnonzero(detector.fit_predict(X) == -1)
    array([0, 1, 2, 3, 4])
    """

    short_names = {"magnet": {}}

    _parameter_constraints = {
        **BasePoisonDetector._parameter_constraints,
        **NetworkMixin._network_constraints,
        "noise": [StrOptions({"auto"}), Interval(Real, 0, None, closed="left")],
    }

    def __init__(
        self,
        *,
        noise: float | Literal["auto"] = "auto",
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
        self.noise = noise
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
        self.networks_ = [self._train_denoiser(number, rows, random_state) for number in (1, 2)]
        errors = self._errors(X)
        rules = [super(MagNetDetector, self)._make_threshold(random_state) for _ in errors]
        self.thresholds_ = [
            rule.fit(error).threshold_ for rule, error in zip(rules, errors, strict=True)
        ]
        return joint_score(errors, self.thresholds_)[:, np.newaxis]

    def _scores(self, X):
        return joint_score(self._errors(X), self.thresholds_)[:, np.newaxis]

    def _errors(self, X):
        rows = self._scaled(X)
        return [
            reconstruction_error(rows, network.predict(rows)[0], p)
            for network, p in zip(self.networks_, (2, 1), strict=True)
        ]

    def _make_threshold(self, random_state):
        """Where both networks say poison; a float `contamination` is kept to exactly."""
        if isinstance(self.contamination, Real):
            return super()._make_threshold(random_state)
        return FixedThreshold(1.0)


class MagNetReformer(_DenoisingMixin, OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Replace rows by what a denoising auto-encoder makes of them.

    The reformer of MagNet [1]_: rows are pulled towards the training data, and small adversarial
    changes are lost on the way. It holds the first network of :class:`MagNetDetector`.

    Parameters
    ----------
    noise : "auto" or float, default="auto"
        Standard deviation of the Gaussian noise on the input in training. "auto": 0.025 for
        colour images, 0.1 otherwise.

    image_shape : tuple of int, default=None
        ``(height, width)`` or ``(height, width, channels)`` of flattened images with pixels in
        [0, 1]. None: the shape of `X` where it has more than two axes; otherwise rows are
        tabular, and dense networks see them standardised.

    epochs : int, default=100
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

    random_state : int, RandomState instance or None, default=None
        Seed of the weights, the noise, the split and the order of the rows.

    Attributes
    ----------
    network_ : TrainedNetwork
        The denoising auto-encoder.

    history_ : dict of str to dict
        "loss" and "val_loss" of each epoch, for each network.

    n_features_in_ : int
        Number of columns.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, where `X` has names that are all strings.

    See Also
    --------
    MagNetDetector : Drops rows in place of replacing them.

    References
    ----------
    .. [1] D. Meng, H. Chen, "MagNet: a Two-Pronged Defense against Adversarial Examples",
       CCS 2017.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skpoison.detectors import MagNetReformer
    >>> X = load_digits().data[:100] / 16
    >>> MagNetReformer(image_shape=(8, 8), random_state=0).fit_transform(X).shape
    (100, 64)
    """

    _parameter_constraints = {
        **NetworkMixin._network_constraints,
        "noise": [StrOptions({"auto"}), Interval(Real, 0, None, closed="left")],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        *,
        noise: float | Literal["auto"] = "auto",
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
        random_state: RandomState = None,
    ):
        self.noise = noise
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
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Rows, y: ArrayLike | None = None) -> Self:
        """Train the auto-encoder.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or (n_samples, height, width[, channels])
            The rows.

        y : Ignored
            Not used, present for API consistency.

        Returns
        -------
        self : object
            The fitted reformer.

        Raises
        ------
        ValueError
            If the data hold NaN or inf, or `image_shape` does not multiply to the columns.
        """
        self._array_shape = tuple(getattr(X, "shape", ())[1:])
        X = self._validate_rows(X, reset=True)
        self._fit_preprocessing(X)
        random_state = check_random_state(self.random_state)
        self.network_ = self._train_denoiser(1, self._scaled(X), random_state)
        return self

    def transform(self, X: Rows) -> NDArray:
        """Replace rows by their reconstructions.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or (n_samples, height, width[, channels])
            The rows.

        Returns
        -------
        X_hat : ndarray of the shape of `X`
            Their reconstructions.
        """
        check_is_fitted(self)
        shape = getattr(X, "shape", ())
        X = self._validate_rows(X, reset=False)
        reformed = self.network_.predict(self._scaled(X))[0].astype(X.dtype)
        if self._scaler is not None:
            reformed = self._scaler.inverse_transform(reformed)
        return reformed.reshape(shape) if len(shape) > 2 else reformed

    def _validate_rows(self, X, *, reset):
        if len(getattr(X, "shape", ())) > 2:
            X = np.asarray(X).reshape(len(X), -1)
        return validate_data(self, X, reset=reset, dtype=[np.float64, np.float32])

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
