"""Training: a compiled loop over epochs in place of ``Model.fit``.

``Model.fit`` spends, at the sizes met here, most of its time between the steps. Here a block of
epochs, validation and the keeping of the best weights included, is one compiled call. Model,
losses and optimizers are Keras's own.
"""

import copy
import json
from collections import OrderedDict
from typing import Any

import keras
import numpy as np
from keras import ops
from sklearn.model_selection import train_test_split

from skpoison._typing import IntArray, Rows
from skpoison.networks._architectures import Architecture
from skpoison.networks._backend import as_array, compiled, training_step
from skpoison.networks._classifier import ClassifierArchitecture
from skpoison.networks._inference import TrainedNetwork

ROWS_A_BLOCK = 5_000  # about a third of a second on one core, so that Ctrl-C is heard
EPOCHS_A_BLOCK = 50
TRAINERS_KEPT = 8

_idle_trainers = OrderedDict()


def train(
    architecture: Architecture | ClassifierArchitecture,
    X: Rows,
    codes: IntArray | None,
    *,
    random_state: np.random.RandomState,
    epochs: int,
    batch_size: int = 256,
    steps_per_epoch: int | None = None,
    optimizer: str = "adam",
    learning_rate: Any = 0.001,
    validation_split: float = 0.1,
    patience: int | None = None,
    callbacks: list | None = None,
    verbose: int = 0,
) -> TrainedNetwork:
    """Train a network and keep the weights of the epoch with the lowest validation loss.

    Parameters
    ----------
    architecture : Architecture or ClassifierArchitecture
        The plan of the network.

    X : ndarray of shape (n_samples, n_features)
        Flattened images or tabular rows.

    codes : ndarray of shape (n_samples,), dtype=int
        Label codes.

    random_state : RandomState instance
        Draws the weights, the split and the order of the rows.

    epochs : int
        Upper limit of epochs.

    batch_size : int, default=256
        Upper limit of rows in a step. All batches have one size: the smallest with which no more
        batches are needed.

    steps_per_epoch : int, default=None
        Upper limit of batches in an epoch, which are then drawn anew for each epoch. None: as
        many as the rows fill.

    optimizer : str, default="adam"
        Name of a Keras optimizer.

    learning_rate : float or keras.optimizers.schedules.LearningRateSchedule, default=0.001
        Its learning rate.

    validation_split : float, default=0.1
        Share of the rows held out for validation, stratified by `codes` where that is possible.
        With 0, or so few rows that nothing would be held out, the training rows validate.

    patience : int, default=None
        Stop after so many epochs without a lower validation loss. None: never.

    callbacks : list of keras.callbacks.Callback, default=None
        Told of the start, each epoch and the end; may set ``model.stop_training``. They see the
        weights of each epoch, but what they change in the model or the optimizer has no effect.

    verbose : int, default=0
        1 prints the losses at the end of each block of epochs.

    Returns
    -------
    network : TrainedNetwork

    Notes
    -----
    What was compiled for a plan and an optimizer is kept, for the last few of them, and used again
    by the next training of the same kind, whatever its number of rows (JAX compiles once a
    number of rows).
    """
    split_seed, weight_seed, order_seed = random_state.randint(2**31 - 1, size=3)
    fitting, validating = _split(codes, validation_split, split_seed)
    order = np.random.RandomState(order_seed)
    rows = ops.convert_to_tensor(np.asarray(X, np.float32).reshape(-1, *architecture.shape))
    labels = ops.convert_to_tensor(np.asarray(codes, np.int32))
    validation_batches = ops.convert_to_tensor(_batches(validating, batch_size)[np.newaxis])
    watchers = [copy.copy(callback) for callback in callbacks or []]
    block = min(epochs, EPOCHS_A_BLOCK, max(1, ROWS_A_BLOCK // len(X))) if not watchers else 1

    rate_key = learning_rate
    if hasattr(learning_rate, "get_config"):
        rate_key = type(learning_rate), json.dumps(learning_rate.get_config(), sort_keys=True)
    key = (architecture, patience, optimizer, rate_key)
    trainer = _idle_trainers.pop(key, None)  # its own while it trains: threads do not share
    if trainer is None:
        trainer = _CompiledTrainer(
            architecture, _make_optimizer(optimizer, learning_rate), patience
        )

    carry = trainer.start(weight_seed)
    callback_list = (
        keras.callbacks.CallbackList(watchers, model=trainer.model) if watchers else None
    )
    if callback_list:
        callback_list.on_train_begin()
    history = []
    while len(history) < epochs:
        if callback_list:
            callback_list.on_epoch_begin(len(history))
        n_epochs = min(block, epochs - len(history))
        batches = np.stack(
            [
                _batches(order.permutation(fitting), batch_size)[:steps_per_epoch]
                for _ in range(block)
            ]
        )
        carry, losses, waited = trainer.run(
            carry, rows, labels, ops.convert_to_tensor(batches), validation_batches, n_epochs
        )
        history.extend(losses)
        if verbose:
            loss, val_loss = history[-1]
            print(
                f"{trainer.model.name}: epoch {len(history)}/{epochs}, "
                f"loss {loss:.5f}, val_loss {val_loss:.5f}"
            )
        if callback_list:
            trainer.show(carry)
            loss, val_loss = history[-1]
            callback_list.on_epoch_end(len(history) - 1, {"loss": loss, "val_loss": val_loss})
        if trainer.model.stop_training or (patience is not None and waited >= patience):
            break
    if callback_list:
        callback_list.on_train_end()
    weights = trainer.best(carry)

    _idle_trainers[key] = trainer
    while len(_idle_trainers) > TRAINERS_KEPT:
        _idle_trainers.popitem(last=False)
    columns = zip(*history, strict=True)
    return TrainedNetwork(
        architecture, weights, dict(zip(("loss", "val_loss"), map(list, columns), strict=True))
    )


class _CompiledTrainer:
    """A model, its optimizer and the compiled loop that trains them.

    The loop holds all weights in one vector: an optimizer then takes a handful of operations where
    it took as many for every kernel and bias.
    """

    def __init__(self, architecture, optimizer, patience):
        self.architecture = architecture
        self.patience = patience
        self.model = architecture.build(seed=0)
        self.shapes = [tuple(variable.shape) for variable in self.model.trainable_variables]
        self.ends = np.cumsum([int(np.prod(shape)) for shape in self.shapes]).tolist()
        self.vector = keras.Variable(np.zeros(self.ends[-1], np.float32), name="weights")
        optimizer.build([self.vector])
        self.optimizer_variables = optimizer.variables
        self.optimizer_start = [as_array(v) for v in self.optimizer_variables]
        self.step = training_step(
            self.vector, self.model.non_trainable_variables, optimizer, self._objective
        )
        self.block = compiled(self._block)

    def start(self, seed):
        """Put fresh weights and a fresh optimizer in place; return the loop's first state."""
        self.model.stop_training = False
        fresh = self.architecture.build(seed)
        weights = [as_array(variable).ravel() for variable in fresh.trainable_variables]
        self.vector.assign(np.concatenate(weights))
        others = self.model.non_trainable_variables
        for variable, new in zip(others, fresh.non_trainable_variables, strict=True):
            variable.assign(as_array(new))
        for variable, new in zip(self.optimizer_variables, self.optimizer_start, strict=True):
            variable.assign(new)
        best = ops.convert_to_tensor(as_array(self.vector))
        lowest = ops.convert_to_tensor(np.float32(np.inf))
        return self.step.state(), best, lowest, ops.convert_to_tensor(np.int32(0))

    def run(self, carry, rows, labels, batches, validation_batches, n_epochs):
        """Train for up to `n_epochs`: the next state, (loss, val_loss) pairs, epochs waited."""
        limit = ops.convert_to_tensor(np.int32(n_epochs))
        n_run, losses, *carry = self.block(*carry, rows, labels, batches, validation_batches, limit)
        losses = as_array(losses)[: int(n_run)]
        return carry, [(float(a), float(b)) for a, b in losses], int(carry[-1])

    def best(self, carry):
        """The weights of the epoch with the lowest validation loss so far."""
        parts = np.split(as_array(carry[1]), self.ends[:-1])
        return [part.reshape(shape) for part, shape in zip(parts, self.shapes, strict=True)]

    def show(self, carry):
        """Put the weights of the last epoch into the model, for callbacks to see."""
        vector, _ = self.step.weights(carry[0])
        for variable, value in zip(
            self.model.trainable_variables, self._weights(vector), strict=True
        ):
            variable.assign(value)

    def _weights(self, vector):
        """Cut the vector into the weights of the model."""
        parts = ops.split(vector, self.ends[:-1])
        return [ops.reshape(part, shape) for part, shape in zip(parts, self.shapes, strict=True)]

    def _objective(self, vector, non_trainable, batch, training):
        rows, labels, weights = batch
        outputs, non_trainable, penalties = self.model.stateless_call(
            self._weights(vector), non_trainable, rows, training=training, return_losses=True
        )
        losses = self.architecture.loss(rows, labels, outputs)
        return ops.sum(losses * weights) / ops.sum(weights) + sum(penalties), non_trainable

    def _block(self, state, best, lowest, waited, rows, labels, batches, validation, limit):
        """Run epochs until `limit`, or until `patience` epochs brought nothing better."""

        def batch_of(indices):
            """Rows, labels and weights of one batch; index -1 fills it up and weighs nothing."""
            weights = ops.cast(indices >= 0, "float32")
            indices = ops.maximum(indices, 0)
            return ops.take(rows, indices, axis=0), ops.take(labels, indices, axis=0), weights

        def mean_loss(batches, epoch, one_batch, state):
            """Mean over the rows of all batches of an epoch; `one_batch` may change the state."""

            def add(i, carry):
                state, total = carry
                batch = batch_of(batches[epoch, i])
                state, loss = one_batch(state, batch)
                return state, total + loss * ops.sum(batch[2])

            total = ops.zeros((), "float32")
            n_batches = ops.shape(batches)[1]
            if isinstance(n_batches, int) and n_batches == 1:
                state, total = add(0, (state, total))
            else:
                state, total = ops.fori_loop(0, n_batches, add, (state, total))
            return state, total / ops.sum(ops.cast(batches[epoch] >= 0, "float32"))

        def validate(state, batch):
            loss, _ = self._objective(*self.step.weights(state), batch, training=False)
            return state, loss

        def run_epoch(epoch, losses, state, best, lowest, waited):
            state, loss = mean_loss(batches, epoch, self.step, state)
            _, val_loss = mean_loss(validation, 0, validate, state)
            better = val_loss < lowest
            vector, _ = self.step.weights(state)
            best = ops.where(better, vector, best)
            pair = ops.reshape(ops.stack([loss, val_loss]), (1, 2))
            losses = ops.slice_update(losses, (epoch, 0), pair)
            waited = ops.where(better, 0, waited + 1)
            return epoch + 1, losses, state, best, ops.minimum(lowest, val_loss), waited

        def goes_on(epoch, losses, state, best, lowest, waited):
            goes_on = epoch < limit
            if self.patience is not None:
                goes_on = ops.logical_and(goes_on, waited < self.patience)
            return goes_on

        losses = ops.zeros((ops.shape(batches)[0], 2), "float32")
        epoch = ops.zeros((), "int32")
        return ops.while_loop(goes_on, run_epoch, (epoch, losses, state, best, lowest, waited))


def _split(codes, share, seed):
    """Row numbers to fit and to validate on."""
    n_held_out = round(share * len(codes))
    everything = np.arange(len(codes))
    if n_held_out == 0:
        return everything, everything
    _, counts = np.unique(codes, return_counts=True)
    stratified = counts.min() > 1 and len(counts) <= min(n_held_out, len(codes) - n_held_out)
    return train_test_split(
        everything,
        test_size=n_held_out,
        random_state=int(seed),
        stratify=codes if stratified else None,
    )


def _batches(indices, batch_size):
    """Deal row numbers into batches of equal size, filled up with -1: (n_batches, size)."""
    n_batches = -(-len(indices) // batch_size)
    size = -(-len(indices) // n_batches)
    filled = np.full(n_batches * size, -1, dtype=np.int32)
    filled[: len(indices)] = indices
    return filled.reshape(n_batches, size)


def _make_optimizer(name, learning_rate):
    # a fixed name: Keras would number it, and what is compiled could not be found again
    config = {"learning_rate": learning_rate, "name": "optimizer"}
    try:
        return keras.optimizers.get({"class_name": name, "config": config})
    except (ValueError, TypeError) as error:
        raise ValueError(
            f"optimizer must be the name of a Keras optimizer, such as 'adam', got {name!r}."
        ) from error
