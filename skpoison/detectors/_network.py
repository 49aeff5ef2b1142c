"""What the detectors that train networks share: parameters, shapes and training."""

from collections.abc import Callable
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
from sklearn.preprocessing import StandardScaler
from sklearn.utils._param_validation import HasMethods, Interval

PIXEL_TOLERANCE = 1e-4
MIN_STEPS = 4  # of a classifier per epoch: in fewer it hardly learns from few rows


class NetworkMixin:
    """Parameters, input shapes and training of the estimators that hold networks.

    The parameters are named as in scikeras. It is not built on: its estimators fail
    scikit-learn's estimator checks.
    """

    _get_param_names: Callable
    required_package, required_extra = "keras", "networks"

    _network_constraints = {
        "image_shape": ["array-like", None],
        "epochs": [Interval(Integral, 1, None, closed="left")],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "steps_per_epoch": [Interval(Integral, 1, None, closed="left"), None],
        "optimizer": [str],
        "optimizer__learning_rate": [
            Interval(Real, 0, None, closed="neither"),
            HasMethods("get_config"),
        ],
        "validation_split": [Interval(Real, 0, 1, closed="left")],
        "patience": [Interval(Integral, 1, None, closed="left"), None],
        "callbacks": [list, None],
        "verbose": ["verbose"],
    }

    def set_params(self, **params: Any) -> Self:
        """Set parameters; ``optimizer__learning_rate`` is one of this estimator.

        Parameters
        ----------
        **params : dict
            Names and values.

        Returns
        -------
        self : object
            This estimator.
        """
        own = [name for name in params if "__" in name and name in self._get_param_names()]
        for name in own:
            setattr(self, name, params.pop(name))
        return super().set_params(**params)  # type: ignore[misc]

    def _fit_preprocessing(self, X):
        """Find the shape of the rows and the scale of tabular columns."""
        self._row_shape = _row_shape(X, self.image_shape, self._array_shape)
        self._scaler = None
        if len(self._row_shape) == 1:
            self._scaler = StandardScaler().fit(X)
        elif X.min() < -PIXEL_TOLERANCE or X.max() > 1 + PIXEL_TOLERANCE:
            raise ValueError(
                f"X must hold pixel values in [0, 1] where rows are images, got values in "
                f"[{X.min():.4g}, {X.max():.4g}]."
            )
        self.history_ = {}

    def _scaled(self, X):
        """Rows as the networks see them: tabular columns standardised, images as they are."""
        return X if self._scaler is None else self._scaler.transform(X)

    def _is_grey(self):
        return len(self._row_shape) == 3 and self._row_shape[-1] == 1

    def _train(self, name, X, random_state, epochs, *, codes=None, min_steps=1, **plan):
        """Train one network on scaled rows and enter its losses in ``history_``.

        Without label codes it sees none. An epoch has at least `min_steps` steps, where there are
        as many rows.
        """
        from skpoison.networks import Architecture, train

        sides_are_even = all(side % 2 == 0 for side in self._row_shape[:-1])
        network = train(
            Architecture(self._row_shape, pooling=self._is_grey() and sides_are_even, **plan),
            X,
            np.zeros(len(X), dtype=int) if codes is None else codes,
            random_state=random_state,
            epochs=epochs,
            batch_size=min(self.batch_size, max(1, len(X) // min_steps)),
            steps_per_epoch=self.steps_per_epoch,
            optimizer=self.optimizer,
            learning_rate=self.optimizer__learning_rate,
            validation_split=self.validation_split,
            patience=self.patience,
            callbacks=self.callbacks,
            verbose=self.verbose,
        )
        self.history_[name] = network.history
        return network

    def _train_classifier(self, name, rows, y, random_state, epochs):
        """Train a classification auto-encoder; of a single class it has no classifier."""
        return self._train(
            name,
            rows,
            random_state,
            epochs,
            codes=y,
            min_steps=MIN_STEPS,
            n_classes=len(self.classes_) if len(self.classes_) > 1 else 0,
        )


def _row_shape(X, image_shape, array_shape):
    """Shape of one row as the networks see it: (n_features,) or (height, width, channels)."""
    if image_shape is None:
        shape = array_shape if len(array_shape) > 1 else (X.shape[1],)
        if len(shape) > 3:
            raise ValueError(
                f"X must be rows or images of shape (height, width[, channels]), "
                f"got rows of shape {shape}."
            )
    else:
        shape = tuple(np.asarray(image_shape).tolist())
        if len(shape) not in (2, 3) or any(type(side) is not int or side < 1 for side in shape):
            raise ValueError(
                "image_shape must be (height, width) or (height, width, channels) of positive "
                f"integers, got {image_shape!r}."
            )
        if np.prod(shape) != X.shape[1]:
            raise ValueError(
                f"image_shape={image_shape!r} multiplies to {np.prod(shape)}, but X has "
                f"{X.shape[1]} columns; they must be equal."
            )
        if len(array_shape) > 1 and _with_channels(array_shape) != _with_channels(shape):
            raise ValueError(
                f"image_shape={image_shape!r}, but X holds images of shape {array_shape}."
            )
    return _with_channels(shape)


def _with_channels(shape):
    """Give (height, width) its one channel."""
    return (*shape, 1) if len(shape) == 2 else tuple(shape)
