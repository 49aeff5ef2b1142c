"""Networks of other libraries stand as victims where scikit-learn's classifiers do."""

import numpy as np
import pytest
from imblearn.pipeline import make_pipeline
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from skpoison.attacks import LabelFlipAttack
from skpoison.detectors import EnsembleDetector
from skpoison.filtering import PoisonFilter


def _keras_network(meta):
    import keras

    layers = keras.layers
    inputs = layers.Input((meta["n_features_in_"],))
    return keras.Sequential([inputs, layers.Dense(32, "relu"), layers.Dense(1, "sigmoid")])


def scikeras_classifier():
    wrappers = pytest.importorskip("scikeras.wrappers")
    return wrappers.KerasClassifier(
        _keras_network,
        loss="binary_crossentropy",
        optimizer__learning_rate=0.01,
        epochs=20,
        batch_size=32,
        verbose=0,
        random_state=0,
    )


def skorch_classifier():
    torch = pytest.importorskip("torch")
    skorch = pytest.importorskip("skorch")
    torch.manual_seed(0)
    nn = torch.nn
    return skorch.NeuralNetClassifier(
        nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 2)),
        criterion=nn.CrossEntropyLoss,
        optimizer=torch.optim.Adam,
        lr=0.01,
        max_epochs=20,
        batch_size=32,
        train_split=None,
        iterator_train__shuffle=False,
        verbose=0,
    )


@pytest.mark.parametrize("make_victim", [scikeras_classifier, skorch_classifier])
def test_a_filter_gives_a_network_its_accuracy_back(make_victim):
    victim = make_victim()
    X, y = load_digits(return_X_y=True)
    rows = (y == 3) | (y == 8)
    X, y = (X[rows] / 16).astype(np.float32), (y[rows] == 8).astype(np.int64)
    X, X_test, y, y_test = train_test_split(X, y, test_size=0.3, stratify=y, random_state=0)
    attack = LabelFlipAttack(rate=0.3, injection="replace", random_state=0)
    poison_filter = PoisonFilter(EnsembleDetector(random_state=0))

    # clones, because a fitted skorch network whose module is an object goes on from its weights
    undefended = make_pipeline(attack, clone(victim)).fit(X, y)
    filtered = make_pipeline(attack, poison_filter, clone(victim)).fit(X, y)
    assert undefended.score(X_test, y_test) < 0.9
    assert filtered.score(X_test, y_test) > 0.95
