"""Networks from files, as makers of features."""

import zipfile
from pathlib import Path

import keras
import numpy as np

from skpoison._typing import FilePath
from skpoison.networks._quiet_import import silent_stderr

PROBABILITIES = ("softmax", "sigmoid")  # activations of a last layer that gives them
SCALING = (keras.layers.Rescaling, keras.layers.Normalization)


class SavedNetwork:
    """A network of a ``.keras`` file that gives features.

    Of a classifier they are what its last layer gets. Only Keras's own layers are loaded: a file
    with a Lambda layer or a class of somebody's own could run anything.

    Parameters
    ----------
    path : str or path-like
        The file.

    Attributes
    ----------
    shape : tuple
        Of the input of one row; None where a size is free.

    takes_text : bool
        Whether the input are strings.

    scales_pixels : bool
        Whether the network has a layer that brings pixels from 0 to 255 to a scale of its own.

    Raises
    ------
    ValueError
        If the file is broken, holds other layers, the network has several inputs, or it takes
        texts and the back end is not TensorFlow.
    """

    def __init__(self, path: FilePath):
        path = Path(path)
        if not zipfile.is_zipfile(path):
            raise ValueError(f"{path} is no .keras file, or broken.")
        try:
            with silent_stderr():  # layers of texts import TensorFlow, whatever the back end is
                model = keras.saving.load_model(path, compile=False, safe_mode=True)
        except Exception as error:  # whatever a broken file makes its parsers raise
            if isinstance(error, TypeError) or "lambda" in str(error).lower():
                raise ValueError(
                    f"{path} holds layers that are not Keras's own, a Lambda or a class of yours, "
                    "which are never run from a file."
                ) from error
            raise ValueError(f"{path} is no network that Keras can load: {error}") from error
        if not model.inputs or len(model.inputs) != 1:
            raise ValueError(f"{path} has {len(model.inputs or ())} inputs; one is accepted.")
        last = model.layers[-1]
        activation = getattr(getattr(last, "activation", None), "__name__", "")
        if isinstance(last, keras.layers.Activation | keras.layers.Softmax | keras.layers.Dense):
            if activation in PROBABILITIES or isinstance(last, keras.layers.Softmax):
                model = keras.Model(model.inputs[0], last.input)
        self._model = model
        self.shape = tuple(model.inputs[0].shape[1:])
        self.takes_text = model.inputs[0].dtype == "string"
        if self.takes_text and keras.backend.backend() != "tensorflow":
            raise ValueError(
                f"{path} takes texts, which Keras can run on TensorFlow alone; its back end is "
                f"{keras.backend.backend()}: set KERAS_BACKEND=tensorflow."
            )
        self.scales_pixels = any(isinstance(layer, SCALING) for layer in _flat(model))

    def __call__(self, batch):
        """Give the features of a batch, an array of images or a list of texts."""
        if self.takes_text:
            import tensorflow as tf

            batch = tf.reshape(tf.constant(batch, tf.string), (-1, *self.shape))
        output = self._model(batch, training=False)
        output = output[0] if isinstance(output, list | tuple) else output
        return np.asarray(keras.ops.convert_to_numpy(output))


def _flat(model):
    for layer in model.layers:
        yield layer
        if isinstance(layer, keras.Model):
            yield from _flat(layer)
