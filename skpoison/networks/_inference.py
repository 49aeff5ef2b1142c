"""Trained networks and what they make of rows."""

from dataclasses import dataclass
from functools import lru_cache

import keras
import numpy as np
from keras import ops

from skpoison._typing import FloatArray
from skpoison.networks._architectures import Architecture
from skpoison.networks._backend import as_array, compiled, gradient_of
from skpoison.networks._classifier import ClassifierArchitecture

CHUNK = 256


@dataclass(frozen=True, eq=False)
class TrainedNetwork:
    """A network as plain data: its plan and its weights.

    It holds no Keras object and nothing compiled, so it is copied and pickled like the arrays it
    is made of, and read by any back end.

    Parameters
    ----------
    architecture : Architecture or ClassifierArchitecture
        The plan.

    weights : list of ndarray
        The weights, in the order of the Keras model's trainable variables.

    history : dict of str to list of float
        "loss" and "val_loss" of each epoch that was run.
    """

    architecture: Architecture | ClassifierArchitecture
    weights: list
    history: dict

    def predict(self, rows: FloatArray) -> tuple[FloatArray, FloatArray | None]:
        """What the network makes of rows.

        Rows go through in chunks of one size, the last filled up, so that a plan is compiled once
        whatever the number of rows.

        Parameters
        ----------
        rows : ndarray of shape (n_rows, n_features)
            Flattened images or tabular rows.

        Returns
        -------
        reconstruction : ndarray of shape (n_rows, n_features), dtype=float32

        probabilities : ndarray of shape (n_rows, n_classes), dtype=float32
            Class probabilities; None where the network has no classifier.
        """
        reconstruction, *labels = self._in_chunks(rows, "judge")
        return reconstruction.reshape(len(rows), -1), labels[0] if labels else None

    def encode(self, rows: FloatArray) -> FloatArray:
        """Codes of rows, the narrow layer that the reconstruction is made of.

        Parameters
        ----------
        rows : ndarray of shape (n_rows, n_features)
            Flattened images or tabular rows.

        Returns
        -------
        codes : ndarray of shape (n_rows, n_codes), dtype=float32
        """
        return self._in_chunks(rows, "encode")[0].reshape(len(rows), -1)

    def pull_back(self, rows: FloatArray, gradients: FloatArray) -> FloatArray:
        """Derivatives with respect to codes as derivatives with respect to rows.

        Parameters
        ----------
        rows : ndarray of shape (n_rows, n_features)
            Rows.

        gradients : ndarray of shape (n_rows, n_codes)
            Derivatives of something with respect to their codes.

        Returns
        -------
        gradients : ndarray of shape (n_rows, n_features), dtype=float32
        """
        return self._in_chunks(rows, "pull back", gradients)[0].reshape(len(rows), -1)

    def _in_chunks(self, rows, what, *others):
        forward, n_weights = _forward(self.architecture, what)
        weights = [ops.convert_to_tensor(weight) for weight in self.weights[:n_weights]]
        parts = []
        for start in range(0, len(rows), CHUNK):
            part = _chunk(rows, start).reshape(-1, *self.architecture.shape)
            inputs = [part, *(_chunk(other, start) for other in others)]
            outputs = forward(weights, *map(ops.convert_to_tensor, inputs))
            parts.append([as_array(output)[: len(rows) - start] for output in outputs])
        return [np.concatenate(column) for column in zip(*parts, strict=True)]

    def to_keras(self) -> keras.Model:
        """Make the Keras model, for instance to save it.

        Returns
        -------
        model : keras.Model
        """
        model = self.architecture.build(seed=0)
        for variable, weight in zip(model.trainable_variables, self.weights, strict=True):
            variable.assign(weight)
        return model


def _chunk(rows, start):
    part = np.asarray(rows[start : start + CHUNK], dtype=np.float32)
    filled = np.zeros((CHUNK, *part.shape[1:]), dtype=np.float32)
    filled[: len(part)] = part
    return filled


@lru_cache(maxsize=32)
def _forward(architecture, what):
    """The compiled map from weights and one chunk of rows to a list, and how many weights it takes.

    "judge" makes the outputs of the model, "encode" the code alone, "pull back" derivatives with
    respect to rows of those with respect to codes.
    """
    model = architecture.build(seed=0)
    if what != "judge":
        model = architecture.encoder(model)
    others = [as_array(variable) for variable in model.non_trainable_variables]

    def forward(weights, rows):
        outputs, _ = model.stateless_call(weights, others, rows, training=False)
        return list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]

    def pull_back(weights, rows, gradients):
        def product(rows):
            codes = forward(weights, rows)[0]
            return ops.sum(ops.reshape(codes, (CHUNK, -1)) * gradients)

        return [gradient_of(product)(rows)]

    function = pull_back if what == "pull back" else forward
    return compiled(function), len(model.trainable_variables)
