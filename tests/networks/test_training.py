"""The compiled loop does what Keras's own loop does."""

import io
import logging
import random
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest

from skpoison.networks import Architecture, _training, train

PLAN = Architecture((6, 6, 1))
X = np.random.RandomState(0).uniform(size=(23, 36))
CODES = np.arange(23) % 2


def fit(architecture=PLAN, codes=CODES, seed=0, **params):
    params = {"epochs": 5, "learning_rate": 0.01} | params
    return train(architecture, X, codes, random_state=np.random.RandomState(seed), **params)


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
@pytest.mark.parametrize("n_classes", [0, 2])
def test_same_losses_as_keras_fit(optimizer, n_classes, monkeypatch):
    """In one batch of all rows, and without dropout, the order of the rows is of no effect."""
    monkeypatch.setattr("skpoison.networks._architectures.DROPOUT", 0.0)
    architecture = Architecture((6, 6, 1), n_classes=n_classes)
    monkeypatch.setattr(_training, "_idle_trainers", type(_training._idle_trainers)())
    network = fit(architecture, optimizer=optimizer, validation_split=0.0)

    _, weight_seed, _ = np.random.RandomState(0).randint(2**31 - 1, size=3)
    model = architecture.build(weight_seed)
    images = X.astype(np.float32).reshape(-1, 6, 6, 1)
    losses = ["mse", "sparse_categorical_crossentropy"] if n_classes else "mse"
    targets = [images, CODES] if n_classes else images
    keras_optimizer = keras.optimizers.get(
        {"class_name": optimizer, "config": {"learning_rate": 0.01}}
    )
    model.compile(keras_optimizer, losses)
    history = model.fit(images, targets, batch_size=23, epochs=5, verbose=0).history
    np.testing.assert_allclose(network.history["loss"], history["loss"], rtol=1e-4)


@pytest.mark.parametrize("learning_rate", [0.01, 3.0])
def test_weights_of_the_best_epoch_are_kept(learning_rate):
    """Also where the last batch is filled up: 23 rows in batches of 6, of 5 at the most."""
    network = fit(validation_split=0.0, batch_size=5, learning_rate=learning_rate, epochs=12)
    reconstruction, _ = network.predict(X)
    loss = np.mean((reconstruction - X) ** 2)
    np.testing.assert_allclose(loss, min(network.history["val_loss"]), rtol=1e-4)
    assert len(network.history["loss"]) == 12


def test_loss_falls():
    losses = fit(epochs=40, batch_size=8, learning_rate=0.02).history["val_loss"]
    assert min(losses) < 0.8 * losses[0]


def test_batches_hold_every_row_once():
    batches = _training._batches(np.arange(23), 5)
    assert batches.shape == (5, 5)
    assert sorted(batches[batches >= 0]) == list(range(23))


def test_validation_rows_are_stratified_where_possible():
    codes = np.repeat([0, 1], [40, 20])
    fitting, validating = _training._split(codes, 0.1, seed=0)
    assert sorted([*fitting, *validating]) == list(range(60))
    assert np.bincount(codes[validating]).tolist() == [4, 2]
    fitting, validating = _training._split(np.array([0] * 29 + [1]), 0.1, seed=0)
    assert len(validating) == 3
    fitting, validating = _training._split(np.zeros(4), 0.1, seed=0)
    np.testing.assert_array_equal(fitting, validating)


def test_patience():
    network = fit(epochs=200, learning_rate=1.0, patience=3)
    losses = network.history["val_loss"]
    assert len(losses) < 200
    assert len(losses) == int(np.argmin(losses)) + 1 + 3


def test_learning_rate_schedule_is_followed():
    schedule = keras.optimizers.schedules.PiecewiseConstantDecay([2], [0.01, 0.0])
    moving = fit(validation_split=0.0).history["val_loss"]
    stopped = fit(validation_split=0.0, learning_rate=schedule).history["val_loss"]
    np.testing.assert_allclose(stopped[:3], moving[:3], rtol=1e-4)
    np.testing.assert_allclose(stopped[3:], stopped[2], rtol=1e-5)
    assert moving[4] < moving[2]


def test_callbacks_watch_and_stop():
    seen = []

    class Watch(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            seen.append((epoch, logs["loss"], logs["val_loss"], self.model.get_weights()[0].sum()))
            self.model.stop_training = epoch == 2

    network = fit(epochs=9, callbacks=[Watch()])
    epochs, losses, val_losses, weights = zip(*seen, strict=True)
    assert epochs == (0, 1, 2)
    assert network.history == {"loss": list(losses), "val_loss": list(val_losses)}
    assert len(set(weights)) == 3
    assert len(fit(epochs=9).history["loss"]) == 9


def test_callbacks_do_not_change_the_result():
    watched = fit(callbacks=[keras.callbacks.Callback()])
    np.testing.assert_allclose(watched.history["loss"], fit().history["loss"], rtol=1e-4)


def test_verbose_prints_losses(capsys):
    fit(verbose=1)
    assert "autoencoder: epoch 5/5, loss 0." in capsys.readouterr().out
    fit()
    assert capsys.readouterr().out == ""


def test_equal_seeds_give_equal_weights_and_global_randomness_is_left_alone():
    architecture = Architecture((6, 6, 1), n_classes=2, noise=0.1)
    generator = keras.src.random.seed_generator.global_seed_generator()
    keras_state = np.asarray(generator.state.numpy())
    numpy_state, python_state = np.random.get_state()[1].copy(), random.getstate()
    networks = [fit(architecture, batch_size=8, seed=seed) for seed in (0, 0, 1)]
    np.testing.assert_array_equal(np.random.get_state()[1], numpy_state)
    assert random.getstate() == python_state
    np.testing.assert_array_equal(np.asarray(generator.state.numpy()), keras_state)

    first, again, other = (network.weights for network in networks)
    for a, b in zip(first, again, strict=True):
        np.testing.assert_array_equal(a, b)
    assert any((a != b).any() for a, b in zip(first, other, strict=True))


def test_threads_train_at_once():
    with ThreadPoolExecutor(4) as pool:
        networks = list(pool.map(lambda seed: fit(seed=seed), [0, 1, 0, 1]))
    for network, seed in zip(networks, [0, 1, 0, 1], strict=True):
        assert network.history == fit(seed=seed).history


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="TensorFlow's own warning")
def test_many_plans_are_no_news():
    """TensorFlow warns of a function that is traced anew at five calls in a row."""
    said = io.StringIO()
    logger, handler = logging.getLogger("tensorflow"), logging.StreamHandler(said)
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.WARNING)
    try:
        for patience in range(11, 17):
            fit(patience=patience)
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
    assert said.getvalue() == ""


def test_one_plan_is_compiled_once_for_all_numbers_of_rows(monkeypatch):
    made = []

    class Counted(_training._CompiledTrainer):
        def __init__(self, *args):
            made.append(args)
            super().__init__(*args)

    monkeypatch.setattr(_training, "_CompiledTrainer", Counted)
    monkeypatch.setattr(_training, "_idle_trainers", type(_training._idle_trainers)())
    for seed in range(3):
        fit(seed=seed)
        fit(seed=seed, batch_size=10 + seed)
    assert len(made) == 1
    monkeypatch.setattr(_training, "TRAINERS_KEPT", 2)
    for patience in (1, 2):
        fit(patience=patience)
    assert len(_training._idle_trainers) == 2
