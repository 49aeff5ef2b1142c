"""Networks from files, as makers of features."""

import json
import zipfile
from pathlib import Path

import keras
import numpy as np

from skpoison._typing import FilePath
from skpoison.networks._quiet_import import silent_stderr
from skpoison.utils._archives import check_archive
from skpoison.utils._readable import readable

PROBABILITIES = ("softmax", "sigmoid")  # activations of a last layer that gives them
SCALING = (keras.layers.Rescaling, keras.layers.Normalization)
# What a network's plan may name: modules, those that begin so, and no layer that runs others' code.
PARTS = (
    *("activations", "constraints", "dtype_policies", "initializers", "layers", "losses"),
    *("metrics", "optimizers", "random", "regularizers"),
)
MODULES = ("builtins", "keras", *(f"keras.{part}" for part in PARTS))
BEGINNINGS = ("keras.src.models.", "keras.src.ops.", *(f"keras.src.{part}." for part in PARTS))
RUN_CODE = ("__lambda__", "FlaxLayer", "JaxLayer", "Lambda", "TFSMLayer", "TorchModuleWrapper")


class SavedNetwork:
    """A network of a ``.keras`` file that gives features.

    Of a classifier they are what its last layer gets. Only Keras's own layers are loaded: a file
    with a Lambda layer or a class of somebody's own could run anything. The plan is looked at
    before Keras sees the file: its safe mode has been got round more than once.

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
        If the file is broken, unpacks to more than 2 GiB, holds other layers, the network has
        several inputs, or it takes texts and the back end is not TensorFlow.
    """

    def __init__(self, path: FilePath):
        path = Path(path)
        if path.suffix != ".keras" or not zipfile.is_zipfile(path):
            raise ValueError(f"{path} is no .keras file, or broken.")
        _check_plan(path)
        try:
            with silent_stderr():  # layers of texts import TensorFlow, whatever the back end is
                model = keras.saving.load_model(path, compile=False, safe_mode=True)
        except Exception as error:  # whatever a broken file makes its parsers raise
            raise ValueError(
                f"{path} is no network that Keras can load: {readable(error)}"
            ) from error
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


def _check_plan(path):
    """Refuse a file that unpacks to too much, or whose plan names anything but Keras's layers."""
    try:
        with zipfile.ZipFile(path) as archive:
            check_archive(archive)
            waiting = [json.loads(archive.read("config.json"))]
    except Exception as error:  # of zip, of its compressions, of JSON
        raise ValueError(f"{path} is no network that Keras can load: {readable(error)}") from error
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            waiting.extend(part.values())
            if not _is_known(part):
                raise ValueError(
                    f"{path} holds {part['class_name']!r} of {part.get('module')!r}, where Keras's "
                    "own layers are accepted: a Lambda or a class of yours is never run from a "
                    "file."
                )
        elif isinstance(part, list):
            waiting.extend(part)


def _is_known(part):
    """Whether a part of a plan names nothing, or something that is Keras's own and runs no code."""
    name, module = part.get("class_name"), part.get("module")
    if name is None:
        return True
    if module is None:
        return str(name).startswith("__") and name not in RUN_CODE  # tensors, slices and the like
    is_own = module in MODULES or str(module).startswith(BEGINNINGS)
    return is_own and name not in RUN_CODE


def _flat(model):
    for layer in model.layers:
        yield layer
        if isinstance(layer, keras.Model):
            yield from _flat(layer)
