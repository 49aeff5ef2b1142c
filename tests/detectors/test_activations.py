"""The representation by a network against the network's own outputs."""

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.datasets import load_iris

from skpoison.detectors import ActivationClusteringDetector, HiddenActivations

X, Y = load_iris(return_X_y=True)


@pytest.mark.parametrize("sizes", [7, (6, 4)])
def test_activations_are_those_that_the_last_layer_sees(sizes):
    transformer = HiddenActivations(sizes, random_state=0).fit(X, Y)
    hidden, network = transformer.transform(X), transformer.network_
    assert hidden.shape == (150, np.atleast_1d(sizes)[-1])
    scaled = (X - X.mean(axis=0)) / np.sqrt(X.var(axis=0).mean())
    np.testing.assert_allclose(
        softmax(hidden @ network.coefs_[-1] + network.intercepts_[-1], axis=1),
        network.predict_proba(scaled),
    )
    detector = ActivationClusteringDetector(hidden_layer_sizes=sizes, random_state=0).fit(X, Y)
    assert [layer.shape for layer in detector.network_.coefs_] == [
        layer.shape for layer in network.coefs_
    ]


def test_one_class_has_nothing_to_train_on():
    hidden = HiddenActivations().fit_transform(X, np.zeros(150))
    np.testing.assert_allclose(hidden.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(np.mean(hidden**2), 1)
