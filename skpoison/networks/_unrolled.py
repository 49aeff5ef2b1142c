"""A network trained by plain gradient steps, differentiated through all of them."""

from typing import Any, Literal

import keras
import numpy as np
from keras import ops

from skpoison._typing import FloatArray, IntArray
from skpoison.networks._backend import as_array, compiled, value_and_gradients

LEAST_PROBABILITY = 1e-7
HIDDEN_UNITS = 32


class UnrolledTraining:
    """The attacker's objective as a function of poison rows: :func:`climb` moves them up it.

    The network starts from its own weights and takes `n_steps` full-batch steps of gradient descent
    on the cross-entropy of clean and poison rows; the objective is the cross-entropy on the
    evaluation rows afterwards. The gradient goes back through every step.

    Parameters
    ----------
    network : keras.Model
        Its output are class probabilities; its weights are where training starts, and stay as
        they are.
    X_train, y_train : ndarray of shape (n_train, n_features) and (n_train,)
        The clean rows, then the poison rows; labels are codes 0..K-1.
    n_poison : int
        How many rows at the end are poison.
    X_val, y_val : ndarray of shape (n_val, n_features) and (n_val,)
        The evaluation rows.
    n_steps : int
        Steps of training.
    learning_rate : float
        Their length.
    sign : {1, -1}
        1: the higher the loss on the evaluation labels the better; -1: the lower.

    Attributes
    ----------
    value : float
        The objective.
    rows : ndarray of shape (n_train, n_features)
        The poison rows among them move.
    """

    def __init__(
        self,
        network: keras.Model,
        X_train: FloatArray,
        y_train: IntArray,
        n_poison: int,
        X_val: FloatArray,
        y_val: IntArray,
        *,
        n_steps: int,
        learning_rate: float,
        sign: Literal[1, -1],
    ):
        self.rows = np.array(X_train, dtype=np.float32)
        self.n_clean = len(X_train) - n_poison
        self._network, self._sign = network, sign
        self._n_steps, self._learning_rate = n_steps, learning_rate
        self._shape = tuple(network.inputs[0].shape[1:])
        self._clean, self._val = self._tensor(self.rows[: self.n_clean]), self._tensor(X_val)
        n_classes = network.outputs[0].shape[-1]
        self._targets, self._val_targets = (
            ops.one_hot(np.asarray(codes, np.int32), n_classes) for codes in (y_train, y_val)
        )
        self._weights, self._others = (
            [ops.convert_to_tensor(as_array(variable)) for variable in variables]
            for variables in (network.trainable_variables, network.non_trainable_variables)
        )
        self._compiled = compiled(value_and_gradients(self._after_training))
        self._look()

    def gradient(self, points: IntArray) -> FloatArray:
        """The objective's gradient with respect to the training rows `points`, poison rows."""
        return self._gradient[points - self.n_clean]

    def move(self, points: IntArray, X_points: FloatArray) -> None:
        """Put the training rows `points` at `X_points` and train again."""
        self.rows[points] = X_points
        self._look()

    def state(self, points: IntArray) -> tuple[Any, ...]:
        """What `restore` needs to undo later moves of `points`."""
        return self.rows[points], self.value, self._gradient

    def restore(self, points: IntArray, state: tuple[Any, ...]) -> None:
        """Go back to a `state` of the same points, without training."""
        self.rows[points], self.value, self._gradient = state

    def _look(self):
        value, (slope,) = self._compiled([self._tensor(self.rows[self.n_clean :])])
        self.value = float(as_array(value))
        self._gradient = as_array(slope).reshape(-1, self.rows.shape[1])
        if not (np.isfinite(self.value) and np.isfinite(self._gradient).all()):
            raise ValueError(
                f"The network's training diverges at learning_rate={self._learning_rate!r}: scale "
                "X to a range like [0, 1], or take a smaller rate."
            )

    def _tensor(self, rows):
        return ops.convert_to_tensor(np.asarray(rows, np.float32).reshape(-1, *self._shape))

    def _after_training(self, moving):
        """Train on clean and moving rows, and give the objective."""
        rows = ops.concatenate([self._clean, moving[0]])

        def step(_, weights):
            _, slopes = descend(weights)
            return [w - self._learning_rate * s for w, s in zip(weights, slopes, strict=True)]

        descend = value_and_gradients(lambda weights: self._loss(weights, rows, self._targets))
        weights = ops.fori_loop(0, self._n_steps, step, self._weights)
        return self._sign * self._loss(weights, self._val, self._val_targets)

    def _loss(self, weights, rows, targets):
        probabilities, _ = self._network.stateless_call(weights, self._others, rows, training=False)
        likelihoods = ops.sum(probabilities * targets, axis=-1)
        return -ops.mean(ops.log(ops.maximum(likelihoods, LEAST_PROBABILITY)))


def small_perceptron(shape: tuple[int, ...], n_classes: int, seed: int) -> keras.Model:
    """A network of one hidden layer.

    Parameters
    ----------
    shape : tuple of int
        Of a row.
    n_classes : int
        Width of the softmax.
    seed : int
        Seed of the weights.

    Returns
    -------
    network : keras.Model
    """
    seeds = np.random.RandomState(seed).randint(2**31 - 1, size=2).tolist()
    draw_first, draw_last = (keras.initializers.GlorotUniform(seed=seed) for seed in seeds)
    rows = keras.Input(shape)
    hidden = keras.layers.Flatten()(rows)
    hidden = keras.layers.Dense(HIDDEN_UNITS, "tanh", kernel_initializer=draw_first)(hidden)
    classes = keras.layers.Dense(n_classes, "softmax", kernel_initializer=draw_last)(hidden)
    return keras.Model(rows, classes)
