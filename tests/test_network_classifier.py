"""The Keras victim is a scikit-learn classifier like any other."""

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.utils.estimator_checks import parametrize_with_checks

from skpoison.victims import NetworkClassifier

SMALL = NetworkClassifier((16,), epochs=20, batch_size=16, learning_rate=0.01, random_state=0)
X, Y = load_digits(return_X_y=True)
X = X / 16


@pytest.mark.filterwarnings("ignore:SCIPY_ARRAY_API|.*check_array_api_input")
@parametrize_with_checks([SMALL])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


def test_images_are_learnt_and_training_repeats():
    victim = NetworkClassifier((32,), image_shape=(8, 8), epochs=15, random_state=0)
    names = np.array([f"digit {label}" for label in Y])
    first = victim.fit(X[:400], names[:400]).predict_proba(X[400:])
    assert victim.score(X[400:], names[400:]) > 0.85
    np.testing.assert_allclose(victim.fit(X[:400], names[:400]).predict_proba(X[400:]), first)
    images = X[400:403].reshape(-1, 8, 8, 1)
    np.testing.assert_allclose(victim.network_.to_keras()(images), first[:3], rtol=1e-4)


@pytest.mark.parametrize(
    ("settings", "labels", "message"),
    [
        ({"image_shape": (8, 9)}, Y, "image_shape=.8, 9.*which is 64"),
        ({"hidden_layer_sizes": (0,)}, Y, "hidden_layer_sizes must hold positive integers"),
        ({}, np.zeros_like(Y), "at least two classes, got one class only: 0"),
        ({"epochs": 0}, Y, "'epochs' parameter"),
    ],
)
def test_impossible_settings_are_refused(settings, labels, message):
    with pytest.raises(ValueError, match=message):
        NetworkClassifier(**settings).fit(X, labels)
