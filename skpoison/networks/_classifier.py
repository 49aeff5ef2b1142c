"""The plan of a plain classifier: a victim."""

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import layers


@dataclass(frozen=True)
class ClassifierArchitecture:
    """The plan of a network that classifies rows.

    Images go through two convolutions of 16 and 32 channels, each with pooling where the sides
    are at least two pixels; then, as tabular rows do at once, through dense layers.

    Parameters
    ----------
    shape : tuple of int
        ``(height, width, channels)`` of an image, or ``(n_features,)``.

    n_classes : int
        Width of the softmax.

    hidden : tuple of int, default=(64,)
        Widths of the dense layers.

    Examples
    --------
    >>> from skpoison.networks import ClassifierArchitecture
    >>> ClassifierArchitecture((28, 28, 1), n_classes=10).build(seed=0).output_shape
    (None, 10)
    """

    shape: tuple
    n_classes: int
    hidden: tuple = (64,)

    def build(self, seed: int) -> keras.Model:
        """Make the Keras model, with weights drawn from `seed` and no other random state.

        Parameters
        ----------
        seed : int
            Seed of the weights.

        Returns
        -------
        model : keras.Model
            Its output is the class probabilities.
        """
        seeds = iter(np.random.RandomState(seed).randint(2**31 - 1, size=16).tolist())
        rows = keras.Input(self.shape, name="rows")
        hidden = rows
        if len(self.shape) == 3:
            for channels in (16, 32):
                kernel = keras.initializers.HeUniform(seed=next(seeds))
                hidden = layers.Conv2D(
                    channels, 3, padding="same", activation="relu", kernel_initializer=kernel
                )(hidden)
                if min(hidden.shape[1:3]) > 1:
                    hidden = layers.MaxPooling2D()(hidden)
            hidden = layers.Flatten()(hidden)
        for width in self.hidden:
            kernel = keras.initializers.HeUniform(seed=next(seeds))
            hidden = layers.Dense(width, activation="relu", kernel_initializer=kernel)(hidden)
        kernel = keras.initializers.GlorotUniform(seed=next(seeds))
        labels = layers.Dense(self.n_classes, activation="softmax", kernel_initializer=kernel)
        return keras.Model(rows, labels(hidden), name="classifier")

    def encoder(self, model: keras.Model) -> keras.Model:
        """Take the part of a model of this plan that makes what its last layer sees.

        Parameters
        ----------
        model : keras.Model
            What `build` returned.

        Returns
        -------
        encoder : keras.Model
            Its trainable variables are the first ones of the model.
        """
        return keras.Model(model.input, model.layers[-1].input, name="encoder")

    def loss(self, rows: Any, codes: Any, outputs: Any) -> Any:
        """Cross-entropy of each row.

        Parameters
        ----------
        rows : tensor of shape ``(n_rows, *shape)``
            Not looked at.

        codes : tensor of shape (n_rows,), dtype=int32
            Label codes in ``range(n_classes)``.

        outputs : tensor of shape (n_rows, n_classes)
            What the model makes of the rows.

        Returns
        -------
        losses : tensor of shape (n_rows,)
        """
        return keras.losses.sparse_categorical_crossentropy(codes, outputs)
