"""The networks are those of the papers, and their randomness is their own."""

import random

import numpy as np
import pytest

from skpoison.networks import Architecture
from skpoison.networks._backend import as_array

HEAD = 128 + 128 * 2 + 2  # its biases, and the softmax of two classes


@pytest.mark.parametrize(
    "architecture, n_weights",
    [
        # a 3x3 convolution of a to b channels has 9ab + b weights
        (Architecture((28, 28, 1)), 30 + 84 + 84 + 84 + 28),
        (Architecture((32, 32, 3), pooling=False), 5 * 84),
        (Architecture((28, 28, 1), n_classes=2), 310 + 14 * 14 * 3 * 128 + HEAD),
        (Architecture((32, 32, 3), n_classes=2, pooling=False), 420 + 32 * 32 * 3 * 128 + HEAD),
        (Architecture((28, 28, 1), style="magnet-1"), 30 + 84 + 84 + 84 + 28),
        (Architecture((28, 28, 1), style="magnet-2"), 30 + 84 + 28),
        # dense 10-5-3-5-10
        (Architecture((10,)), 11 * 5 + 6 * 3 + 4 * 5 + 6 * 10),
        (Architecture((10,), style="magnet-2"), 11 * 5 + 6 * 10),
    ],
)
def test_number_of_weights(architecture, n_weights):
    assert architecture.build(seed=0).count_params() == n_weights


def test_image_layers_are_those_of_the_papers():
    def names(**plan):
        model = Architecture((8, 8, 1), **plan).build(seed=0)
        return [type(layer).__name__ for layer in model.layers[1:]]

    conv = "Conv2D"
    assert names() == [conv, "MaxPooling2D", conv, conv, "UpSampling2D", conv, conv]
    assert names(pooling=False) == [conv] * 5
    assert names(style="magnet-1", noise=0.1) == [
        "GaussianNoise", conv, "AveragePooling2D", conv, conv, "UpSampling2D", conv, conv,
    ]  # fmt: skip
    assert names(style="magnet-2") == [conv] * 3


def test_images_leave_with_their_shape_and_probabilities_sum_to_one():
    rows = np.random.RandomState(0).uniform(size=(5, 8, 6, 3)).astype(np.float32)
    reconstruction, probabilities = Architecture((8, 6, 3), n_classes=4).build(seed=0)(rows)
    assert reconstruction.shape == rows.shape
    np.testing.assert_allclose(as_array(probabilities).sum(axis=1), np.ones(5), rtol=1e-5)


def test_loss_is_squared_error_plus_cross_entropy():
    rng = np.random.RandomState(0)
    rows = rng.uniform(size=(4, 3, 2, 1)).astype(np.float32)
    made = rng.uniform(size=(4, 3, 2, 1)).astype(np.float32)
    probabilities = rng.dirichlet(np.ones(3), size=4).astype(np.float32)
    codes = np.array([0, 2, 1, 1])
    expected = [
        np.mean((rows[i] - made[i]) ** 2) - np.log(probabilities[i, codes[i]]) for i in range(4)
    ]
    losses = Architecture((3, 2, 1), n_classes=3).loss(rows, codes, [made, probabilities])
    np.testing.assert_allclose(losses, expected, rtol=1e-5)


def test_weights_come_from_the_seed_alone():
    numpy_state, python_state = np.random.get_state()[1].copy(), random.getstate()
    plan = Architecture((8, 8, 1), n_classes=2, noise=0.1)
    first, again, other = (plan.build(seed).get_weights() for seed in (1, 1, 2))
    for a, b in zip(first, again, strict=True):
        np.testing.assert_array_equal(a, b)
    assert any((a != b).any() for a, b in zip(first, other, strict=True))
    np.testing.assert_array_equal(np.random.get_state()[1], numpy_state)
    assert random.getstate() == python_state
