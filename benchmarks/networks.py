"""Training cost of the networks, ours and plain ``Model.fit``'s, in one process.

Writes ``benchmarks/results/networks.csv``: CPU seconds (all threads), epochs run and lowest
validation loss of each training.

    python benchmarks/networks.py detectors          # a minute or two
    python benchmarks/networks.py detectors plain    # and Model.fit
    python benchmarks/networks.py pooled equal       # many minutes
    KERAS_BACKEND=jax python benchmarks/networks.py detectors

- detectors: CAE+, published and cross-fitted, fitted twice to 130 rows, where the first fit
  compiles, and the latter to 6,500 rows.
- plain: the published networks and numbers of epochs by ``Model.fit``, 130 rows.
- pooled: 6,500 rows, the published schedule (Adam at 0.001, Glorot's weights, 300 + 100 + 100 + 100
  epochs) against the detectors' own settings, on the same validation rows.
- equal: the latter, until the loss that the former ended with; after "pooled".

130 rows are uniform noise, on which the cost does not depend; 6,500 are Fashion-MNIST 0 v 1 with
1,500 flipped labels.
"""

import argparse
import os
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import pandas as pd

from skpoison.datasets import load_images
from skpoison.detectors import CAEPlusDetector, CrossFittedCAEDetector
from skpoison.networks import Architecture, _training, train

RESULTS = Path(__file__).parent / "results" / "networks.csv"
OWN_SETTINGS = {"batch_size": 128, "steps_per_epoch": 10, "learning_rate": 0.005}  # the defaults
SMALL_BATCHES = {
    "batch_size": 32,
    "steps_per_epoch": 20,
    "learning_rate": 0.01,
}  # a third the epochs

rows = []


def timed(part, what, function):
    """Run, and note CPU and wall seconds, epochs and the lowest validation loss."""
    cpu, wall = time.process_time(), time.perf_counter()
    history = function()
    row = {
        "backend": keras.backend.backend(),
        "part": part,
        "what": what,
        "cpu_s": round(time.process_time() - cpu, 2),
        "wall_s": round(time.perf_counter() - wall, 2),
        "epochs": len(history["val_loss"]),
        "val_loss": round(float(np.min(history["val_loss"])), 5),
    }
    print(row, flush=True)
    rows.append(row)


def plain_fit(architecture, X, codes, epochs):
    """Train by ``Model.fit`` with validation and a checkpoint of the best weights."""
    model = architecture.build(seed=0)
    for layer in model.layers:
        if hasattr(layer, "kernel"):
            layer.kernel.assign(keras.initializers.GlorotUniform(seed=0)(layer.kernel.shape))
    images = X.reshape(-1, *architecture.shape)
    split_seed = np.random.RandomState(0).randint(2**31 - 1, size=3)[0]  # as in ours
    fitting, validating = _training._split(codes, 0.1, split_seed)
    losses = ["mse", "sparse_categorical_crossentropy"] if architecture.n_classes else "mse"
    validation, fitting = (
        (images[part], [images[part], codes[part]] if architecture.n_classes else images[part])
        for part in (validating, fitting)
    )
    model.compile(keras.optimizers.Adam(0.001), losses)
    checkpoint = keras.callbacks.ModelCheckpoint(
        "/dev/shm/benchmark.weights.h5", save_best_only=True, save_weights_only=True
    )
    return model.fit(
        *fitting,
        batch_size=256,
        epochs=epochs,
        validation_data=validation,
        callbacks=[checkpoint],
        verbose=0,
    ).history


def noise_rows(n_columns):
    X = np.random.RandomState(0).uniform(size=(130, n_columns)).astype(np.float32)
    return X, np.arange(130) % 2


def pool():
    images = load_images("fashion_mnist", classes=(0, 1))
    X, codes = images.data[:6500], (images.target[:6500] == 1).astype(int)
    codes[:1500] = 1 - codes[:1500]
    return X, codes


def detectors():
    def fit(detector, X, codes):
        detector.fit(X, codes)
        losses = [loss for h in detector.history_.values() for loss in h["val_loss"]]
        return {"val_loss": losses}

    X, codes = noise_rows(64)
    train(  # starts the back end, with another shape
        Architecture((8, 8, 1)), X, codes, random_state=np.random.RandomState(0), epochs=1
    )
    for name, kind in {
        "cross-fitted CAE+": CrossFittedCAEDetector,
        "CAE+": CAEPlusDetector,
    }.items():
        detector = kind(image_shape=(28, 28), random_state=0)
        for which in ("first", "second"):
            what = f"{name}, 130 rows, {which} fit"
            timed("detectors", what, lambda d=detector: fit(d, *noise_rows(784)))
    large = pool()
    detector = CrossFittedCAEDetector(image_shape=(28, 28), random_state=0)
    timed("detectors", "cross-fitted CAE+, 6,500 rows", lambda: fit(detector, *large))


def plain():
    data = noise_rows(784)
    for name, epochs in {"RAE": 300, "CAE": 100}.items():
        what = f"{name}, Model.fit, 130 rows"
        timed("plain", what, lambda name=name, n=epochs: plain_fit(plan_of(name), *data, n))


def plan_of(name):
    shape = (28, 28, 1)
    return {
        "RAE": Architecture(shape),
        "CAE": Architecture(shape, n_classes=2),
        "MagNet 1": Architecture(shape, style="magnet-1", noise=0.1),
        "MagNet 2": Architecture(shape, style="magnet-2", noise=0.1),
    }[name]


def pooled():
    X, codes = pool()
    for name, epochs in {"RAE": 300, "CAE": 100, "MagNet 1": 100, "MagNet 2": 100}.items():
        for how, most, settings in (
            ("ours", epochs, OWN_SETTINGS),
            ("small batches", epochs // 3, SMALL_BATCHES),
        ):
            timed(
                "pooled",
                f"{name}, {how}",
                lambda name=name, most=most, settings=settings: (
                    train(
                        plan_of(name),
                        X,
                        codes,
                        random_state=np.random.RandomState(0),
                        epochs=most,
                        **settings,
                    ).history
                ),
            )
        timed(
            "pooled",
            f"{name}, Model.fit",
            lambda name=name, epochs=epochs: plain_fit(plan_of(name), X, codes, epochs),
        )


def equal():
    """The detectors' own settings, only until the loss that ``Model.fit`` ended with."""
    X, codes = pool()
    before = pd.read_csv(RESULTS).query("part == 'pooled'").set_index("what")["val_loss"]
    for name, epochs in {"RAE": 300, "CAE": 100, "MagNet 1": 100, "MagNet 2": 100}.items():

        def history(epochs, name=name):
            random_state = np.random.RandomState(0)
            plan = plan_of(name)
            return train(plan, X, codes, random_state=random_state, epochs=epochs, **OWN_SETTINGS)

        losses = np.array(history(epochs).history["val_loss"])
        reached = np.flatnonzero(losses <= before[f"{name}, Model.fit"])
        needed = reached[0] + 1 if len(reached) else epochs
        timed("equal", f"{name}, ours", lambda needed=needed: history(needed).history)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="+", choices=["detectors", "plain", "pooled", "equal"])
    for name in parser.parse_args().parts:
        globals()[name]()
    RESULTS.parent.mkdir(exist_ok=True)
    table = pd.DataFrame(rows)
    if RESULTS.exists():  # of other back ends and parts
        before = pd.read_csv(RESULTS)
        done = table[["backend", "part"]].drop_duplicates().apply(tuple, axis=1).tolist()
        kept = [pair not in done for pair in zip(before["backend"], before["part"], strict=True)]
        table = pd.concat([before[kept], table])
    table.to_csv(RESULTS.with_suffix(".part"), index=False)
    RESULTS.with_suffix(".part").rename(RESULTS)
