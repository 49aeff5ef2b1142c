"""Gradients of a network's loss against finite differences of what the network predicts."""

import numpy as np
import pytest

from skpoison.networks import (
    ClassifierArchitecture,
    TrainedNetwork,
    loss_gradient,
    pull_back_loss_gradient,
)

ROWS = np.random.RandomState(0).uniform(size=(3, 64)).astype(np.float32)


def network(shape):
    """One that has not learnt anything, with biases other than zero."""
    plan, rng = ClassifierArchitecture(shape, 3, hidden=(5,)), np.random.RandomState(0)
    variables = plan.build(seed=0).trainable_variables
    weights = [rng.normal(scale=0.3, size=variable.shape) for variable in variables]
    return TrainedNetwork(plan, [weight.astype(np.float32) for weight in weights], {})


def mean_loss(trained):
    return -np.mean(np.log(trained.predict(ROWS)[0][:, 1].astype(np.float64)))


@pytest.mark.parametrize("shape", [(64,), (8, 8, 1)], ids=["dense", "convolutions"])
def test_gradient_is_that_of_finite_differences(shape):
    trained, rng = network(shape), np.random.RandomState(1)
    found = loss_gradient(trained, ROWS, 1)
    ends = np.cumsum([weight.size for weight in trained.weights])[:-1]
    for weight, slope in zip(trained.weights, np.split(found, ends), strict=True):
        place = np.unravel_index(np.abs(slope).argmax(), weight.shape)
        values = []
        for step in (-1e-2, 1e-2):
            moved = [own.copy() if own is weight else own for own in trained.weights]
            next(own for own in moved if own.shape == weight.shape)[place] += step
            values.append(mean_loss(TrainedNetwork(trained.architecture, moved, {})))
        assert np.diff(values)[0] / 2e-2 == pytest.approx(
            slope.reshape(weight.shape)[place], rel=0.02
        )
    direction = rng.normal(size=found.size)
    pulled = pull_back_loss_gradient(trained, ROWS, 1, direction)
    errors = []
    for pixel in np.argsort(-np.abs(pulled).ravel())[:7]:
        step = 1e-3 * (np.arange(pulled.size) == pixel).reshape(ROWS.shape).astype(np.float32)
        change = [direction @ loss_gradient(trained, ROWS + s * step, 1) for s in (-1, 1)]
        errors.append(np.diff(change)[0] / 2e-3 / pulled.ravel()[pixel] - 1)
    assert np.median(np.abs(errors)) < 0.02  # of one or another, a step crosses a kink of a ReLU


def test_rows_are_taken_in_chunks():
    trained = network((64,))
    many = np.tile(ROWS, (30, 1))
    np.testing.assert_allclose(
        loss_gradient(trained, many, 1), loss_gradient(trained, ROWS, 1), rtol=1e-4, atol=1e-6
    )
    direction = np.random.RandomState(1).normal(size=sum(w.size for w in trained.weights))
    np.testing.assert_allclose(
        30 * pull_back_loss_gradient(trained, many, 1, direction)[87:],
        pull_back_loss_gradient(trained, ROWS, 1, direction),
        rtol=1e-3,
        atol=1e-5,
    )
