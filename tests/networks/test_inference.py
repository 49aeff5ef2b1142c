"""Trained networks are plain data and judge rows in batches."""

import copy
import pickle

import keras
import numpy as np
import pytest

from skpoison.networks import Architecture, TrainedNetwork, train
from skpoison.networks._backend import as_array
from skpoison.networks._inference import CHUNK

X = np.random.RandomState(0).uniform(size=(20, 36)).astype(np.float32)
CODES = np.arange(20) % 2


def trained(n_classes=2):
    plan = Architecture((6, 6, 1), n_classes=n_classes)
    return train(plan, X, CODES, random_state=np.random.RandomState(0), epochs=3)


def test_predict_agrees_with_the_keras_model():
    network = trained()
    reconstruction, probabilities = network.predict(X)
    expected = network.to_keras()(X.reshape(-1, 6, 6, 1), training=False)
    images, labels = (as_array(output) for output in expected)
    np.testing.assert_allclose(reconstruction, images.reshape(20, 36), rtol=1e-4)
    np.testing.assert_allclose(probabilities, labels, rtol=1e-4)


@pytest.mark.parametrize(
    "plan, name",
    [
        (Architecture((6, 6, 1), n_classes=2), "conv_3"),
        (Architecture((6, 6, 1), style="magnet-1"), "conv_2"),
        (Architecture((6, 6, 1), style="magnet-2"), "conv_1"),
        (Architecture((36,), n_classes=2), "code"),
        (Architecture((36,), style="magnet-2"), "dense_1"),
    ],
)
def test_encode_gives_what_the_code_layer_puts_out(plan, name):
    model = plan.build(seed=1)
    network = TrainedNetwork(plan, [as_array(w) for w in model.trainable_variables], {})
    layer = keras.Model(model.input, model.get_layer(name).output)
    expected = as_array(layer(X.reshape(-1, *plan.shape), training=False)).reshape(20, -1)
    np.testing.assert_allclose(network.encode(X), expected, rtol=1e-4, atol=1e-6)


def test_any_number_of_rows():
    network = trained()
    rows = np.tile(X, (2 * CHUNK // 20 + 1, 1))[: 2 * CHUNK + 3]
    reconstruction, probabilities = network.predict(rows)
    assert reconstruction.shape == rows.shape
    for start in (0, CHUNK, 2 * CHUNK):
        alone = network.predict(rows[start : start + 1])
        np.testing.assert_allclose(alone[0][0], reconstruction[start], rtol=1e-4)
        np.testing.assert_allclose(alone[1][0], probabilities[start], rtol=1e-4)


def test_without_classifier_there_are_no_probabilities():
    assert trained(n_classes=0).predict(X)[1] is None


def test_copies_predict_the_same():
    network = trained()
    expected = network.predict(X)
    for other in (pickle.loads(pickle.dumps(network)), copy.deepcopy(network)):
        for a, b in zip(other.predict(X), expected, strict=True):
            np.testing.assert_array_equal(a, b)
