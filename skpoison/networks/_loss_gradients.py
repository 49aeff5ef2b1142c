"""Gradients of a trained classifier's loss with respect to its weights, and back to rows."""

from functools import lru_cache

import numpy as np
from keras import ops

from skpoison._typing import FloatArray
from skpoison.networks._backend import as_array, compiled, value_and_gradients
from skpoison.networks._inference import TrainedNetwork

CHUNK = 64


def loss_gradient(network: TrainedNetwork, rows: FloatArray, code: int) -> FloatArray:
    """Gradient of the mean cross-entropy of rows under a label with respect to the weights.

    Parameters
    ----------
    network : TrainedNetwork
        A classifier.
    rows : ndarray of shape (n_rows, n_features)
        Rows.
    code : int
        Code of the label.

    Returns
    -------
    gradient : ndarray of shape (n_weights,)
        All weights in their order, flattened.
    """
    parts = _in_chunks(network, rows, code, _functions(network.architecture)[0])
    gradients = [np.concatenate([slope.ravel() for slope in slopes]) for slopes in parts]
    return np.sum(gradients, axis=0) / len(rows)


def pull_back_loss_gradient(
    network: TrainedNetwork, rows: FloatArray, code: int, direction: FloatArray
) -> FloatArray:
    """Derivatives of the gradient's component in a direction with respect to rows.

    Parameters
    ----------
    network, rows, code
        As for :func:`loss_gradient`.
    direction : ndarray of shape (n_weights,)
        In the order of the gradient.

    Returns
    -------
    derivatives : ndarray of shape (n_rows, n_features)
    """
    ends = np.cumsum([weight.size for weight in network.weights])[:-1]
    shaped = [
        ops.convert_to_tensor(np.asarray(part, np.float32).reshape(weight.shape))
        for part, weight in zip(np.split(direction, ends), network.weights, strict=True)
    ]
    parts = _in_chunks(network, rows, code, _functions(network.architecture)[1], shaped)
    derivatives = np.concatenate([slope.reshape(CHUNK, -1) for (slope,) in parts])
    return derivatives[: len(rows)] / len(rows)


def _in_chunks(network, rows, code, function, *others):
    """What a function gives for each chunk of rows; the last is filled up by rows without label."""
    weights = [ops.convert_to_tensor(weight) for weight in network.weights]
    for start in range(0, len(rows), CHUNK):
        part = np.asarray(rows[start : start + CHUNK], dtype=np.float32)
        filled = np.zeros((CHUNK, part.shape[1]), dtype=np.float32)
        filled[: len(part)] = part
        targets = np.zeros((CHUNK, network.architecture.n_classes), dtype=np.float32)
        targets[: len(part), code] = 1
        images = filled.reshape(CHUNK, *network.architecture.shape)
        inputs = map(ops.convert_to_tensor, (images, targets))
        yield [as_array(slope) for slope in function(weights, *inputs, *others)]


@lru_cache(maxsize=32)
def _functions(architecture):
    """The two compiled functions of a plan."""
    model = architecture.build(seed=0)
    encoder = architecture.encoder(model)
    others = [as_array(variable) for variable in encoder.non_trainable_variables]

    def gradients(weights, rows, targets):
        def loss(weights):
            codes, _ = encoder.stateless_call(weights[:-2], others, rows, training=False)
            logits = ops.matmul(codes, weights[-2]) + weights[-1]
            return -ops.sum(targets * ops.log_softmax(logits))

        return value_and_gradients(loss)(weights)[1]

    def pull_back(weights, rows, targets, direction):
        def component(rows):
            slopes = gradients(weights, rows[0], targets)
            return sum(ops.sum(s * d) for s, d in zip(slopes, direction, strict=True))

        return value_and_gradients(component)([rows])[1]

    return compiled(gradients), compiled(pull_back)
