"""The classifying network against its layers written out, and differences."""

import numpy as np
import pytest

from skpoison.networks import ClassifierArchitecture, train

X = np.random.RandomState(0).uniform(size=(30, 36)).astype(np.float32)
CODES = np.arange(30) % 3


def trained(shape, hidden):
    plan = ClassifierArchitecture(shape, 3, hidden)
    seed = np.random.RandomState(0)
    return train(plan, X, CODES, random_state=seed, epochs=2, validation_split=0)


def test_dense_layers_and_their_derivatives_written_out():
    network = trained((36,), (7, 5))
    first, a, second, b, last, c = network.weights
    inner = np.maximum(X @ first + a, 0)
    codes = np.maximum(inner @ second + b, 0)
    odds = np.exp(codes @ last + c)
    np.testing.assert_allclose(network.encode(X), codes, rtol=1e-4, atol=1e-6)
    probabilities = odds / odds.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(network.predict(X)[0], probabilities, rtol=1e-4)
    given = np.random.RandomState(1).normal(size=codes.shape)
    expected = ((given * (codes > 0)) @ second.T * (inner > 0)) @ first.T
    np.testing.assert_allclose(network.pull_back(X, given), expected, rtol=1e-3, atol=1e-5)


def test_derivatives_of_convolutions_are_those_of_differences():
    network = trained((6, 6, 1), (5,))
    random_state = np.random.RandomState(1)
    given, direction = random_state.normal(size=(30, 5)), random_state.normal(size=X.shape)
    step = 1e-3
    ahead, behind = (network.encode(X + sign * step * direction) for sign in (1, -1))
    expected = np.sum(given * (ahead - behind).astype(float)) / (2 * step)
    found = np.sum(network.pull_back(X, given) * direction)
    assert found == pytest.approx(expected, rel=0.02)
