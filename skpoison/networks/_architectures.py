"""What the networks look like, and what each is trained to make small."""

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import layers, ops

HEAD_WIDTH = 128
DROPOUT = 0.5
ACTIVITY_PENALTY = 1e-9


@dataclass(frozen=True)
class Architecture:
    """The plan of an auto-encoder, with or without a classifier on its code.

    A plan is hashable: what was compiled for it is found again by it. Image networks are
    convolutional with 3 channels, 3x3 kernels and sigmoids throughout; networks for
    tabular rows are dense with a linear output.

    Parameters
    ----------
    shape : tuple of int
        ``(height, width, channels)`` of an image with pixels in [0, 1], or ``(n_features,)``.

    n_classes : int, default=0
        Width of the softmax of the classification auto-encoder [1]_; 0 for no classifier.

    style : {"paper", "magnet-1", "magnet-2"}, default="paper"
        "paper": conv-pool-conv-conv-upsample-conv-conv [1]_. "magnet-1" and "magnet-2":
        the two denoising auto-encoders of MagNet [2]_, [3, average, 3] and [3], with an L2 penalty
        on their activities.

    pooling : bool, default=True
        Whether an image network halves the sides of its code; "magnet-2" never does.

    noise : float, default=0.0
        Standard deviation of the Gaussian noise on the input in training; the target stays clean.

    References
    ----------
    .. [1] F. Razmi, L. Xiong, "Classification Auto-Encoder based Detector against Diverse Data
       Poisoning Attacks", arXiv:2108.04206, 2021.
    .. [2] D. Meng, H. Chen, "MagNet: a Two-Pronged Defense against Adversarial Examples",
       CCS 2017, table 2.

    Examples
    --------
    >>> from skpoison.networks import Architecture
    >>> Architecture((28, 28, 1)).build(seed=0).output_shape
    (None, 28, 28, 1)
    """

    shape: tuple
    n_classes: int = 0
    style: str = "paper"
    pooling: bool = True
    noise: float = 0.0

    def build(self, seed: int) -> keras.Model:
        """Make the Keras model, with weights drawn from `seed` and no other random state.

        Parameters
        ----------
        seed : int
            Seed of the weights, the dropout and the noise.

        Returns
        -------
        model : keras.Model
            Its output is the reconstruction; with a classifier, the list of the reconstruction
            and the class probabilities.
        """
        seeds = iter(np.random.RandomState(seed).randint(2**31 - 1, size=16).tolist())
        rows = keras.Input(self.shape, name="rows")
        hidden = rows
        if self.noise:
            hidden = layers.GaussianNoise(self.noise, seed=next(seeds), name="noise")(hidden)
        autoencoder = self._convolutions if len(self.shape) == 3 else self._dense_layers
        code, reconstruction = autoencoder(hidden, seeds)
        if not self.n_classes:
            return keras.Model(rows, reconstruction, name="autoencoder")
        hidden = layers.Flatten(name="flat_code")(code)
        hidden = _dense(HEAD_WIDTH, "sigmoid", seeds, name="head")(hidden)
        hidden = layers.Dropout(DROPOUT, seed=next(seeds), name="dropout")(hidden)
        labels = _dense(self.n_classes, "softmax", seeds, name="labels")(hidden)
        return keras.Model(rows, [reconstruction, labels], name="classification_autoencoder")

    def encoder(self, model: Any) -> keras.Model:
        """Take the part of a model of this plan that makes the code.

        Parameters
        ----------
        model : keras.Model
            What `build` returned.

        Returns
        -------
        encoder : keras.Model
            Its trainable variables are the first ones of the model.
        """
        if len(self.shape) == 1:
            name = "dense_1" if self.style == "magnet-2" else "code"
        else:
            name = {"paper": "conv_3", "magnet-1": "conv_2", "magnet-2": "conv_1"}[self.style]
        return keras.Model(model.input, model.get_layer(name).output, name="encoder")

    def loss(self, rows: Any, codes: Any, outputs: Any) -> Any:
        """Loss of each row: mean squared error, plus cross-entropy where there is a classifier.

        Parameters
        ----------
        rows : tensor of shape ``(n_rows, *shape)``
            The clean input, which is also the target.

        codes : tensor of shape (n_rows,), dtype=int32
            Label codes in ``range(n_classes)``; not looked at where there is no classifier.

        outputs : tensor or list of two tensors
            What the model makes of the rows.

        Returns
        -------
        losses : tensor of shape (n_rows,)
        """
        reconstruction = outputs[0] if self.n_classes else outputs
        axes = tuple(range(1, len(self.shape) + 1))
        losses = ops.mean(ops.square(reconstruction - rows), axis=axes)
        if self.n_classes:
            losses = losses + keras.losses.sparse_categorical_crossentropy(codes, outputs[1])
        return losses

    def _convolutions(self, hidden, seeds):
        if self.style == "paper":
            hidden = _conv(3, seeds, name="conv_1")(hidden)
            if self.pooling:
                hidden = layers.MaxPooling2D(name="pool")(hidden)
            hidden = _conv(3, seeds, name="conv_2")(hidden)
            code = hidden = _conv(3, seeds, name="conv_3")(hidden)
            if self.pooling:
                hidden = layers.UpSampling2D(name="upsample")(hidden)
            hidden = _conv(3, seeds, name="conv_4")(hidden)
        else:
            code = hidden = _conv(3, seeds, ACTIVITY_PENALTY, name="conv_1")(hidden)
            if self.style == "magnet-1":
                if self.pooling:
                    hidden = layers.AveragePooling2D(2, name="pool")(hidden)
                code = hidden = _conv(3, seeds, ACTIVITY_PENALTY, name="conv_2")(hidden)
                hidden = _conv(3, seeds, ACTIVITY_PENALTY, name="conv_3")(hidden)
                if self.pooling:
                    hidden = layers.UpSampling2D(name="upsample")(hidden)
            hidden = _conv(3, seeds, ACTIVITY_PENALTY, name="conv_4")(hidden)
        return code, _conv(self.shape[-1], seeds, name="reconstruction")(hidden)

    def _dense_layers(self, hidden, seeds):
        n_features = self.shape[0]
        width = min(max(n_features // 2, 2), 128)
        penalty = 0.0 if self.style == "paper" else ACTIVITY_PENALTY
        code = hidden = _dense(width, "tanh", seeds, penalty, name="dense_1")(hidden)
        if self.style != "magnet-2":
            code = _dense((width + 1) // 2, "tanh", seeds, penalty, name="code")(hidden)
            hidden = _dense(width, "tanh", seeds, penalty, name="dense_2")(code)
        return code, _dense(n_features, "linear", seeds, name="reconstruction")(hidden)


def _conv(channels, seeds, activity_penalty=0.0, *, name):
    return layers.Conv2D(
        channels,
        3,
        padding="same",
        activation="sigmoid",
        kernel_initializer=_initializer("sigmoid", seeds),
        activity_regularizer=keras.regularizers.L2(activity_penalty) if activity_penalty else None,
        name=name,
    )


def _dense(width, activation, seeds, activity_penalty=0.0, *, name):
    return layers.Dense(
        width,
        activation=activation,
        kernel_initializer=_initializer(activation, seeds),
        activity_regularizer=keras.regularizers.L2(activity_penalty) if activity_penalty else None,
        name=name,
    )


def _initializer(activation, seeds):
    """Glorot's uniform weights, times 4 before a sigmoid, as Glorot & Bengio (2010) have it.

    Without that factor a stack of sigmoids starts out nearly constant, and a small training set
    does not get it moving in the epochs that it has.
    """
    gain = 4.0 if activation == "sigmoid" else 1.0
    return keras.initializers.VarianceScaling(gain**2, "fan_avg", "uniform", seed=next(seeds))
