"""CAEDetector and CAEPlusDetector."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from skpoison.attacks import LabelFlipAttack
from skpoison.detectors import CAEDetector, CAEPlusDetector
from skpoison.detectors._network_scores import (
    classification_score,
    cross_entropy,
    reconstruction_error,
)
from skpoison.utils import make_estimator

QUICK = {"epochs": 3, "random_state": 0}
BOTH = pytest.mark.parametrize("detector", [CAEDetector, CAEPlusDetector], ids=["CAE", "CAE+"])


@pytest.fixture(scope="module")
def flipped(digits_pair):
    attack = LabelFlipAttack(rate=0.2, random_state=0)
    X, y = attack.fit_resample(*digits_pair)
    return X, y, attack.poison_mask_


def test_cross_entropy():
    probabilities = np.array([[0.25, 0.75], [1.0, 0.0]])
    expected = [[2 * np.log(2), np.log(4 / 3)], [0.0, 7 * np.log(10)]]
    np.testing.assert_allclose(cross_entropy(probabilities), expected)


def test_score_weighs_what_is_divided_by_its_norm():
    errors, entropies = np.array([3.0, 4.0]), np.array([[1.0, 2.0], [5.0, 12.0]])
    made = classification_score(errors, entropies, (5.0, 13.0), 0.25)
    expected = 0.25 * np.array([[0.6], [0.8]]) + 0.75 * entropies / 13
    np.testing.assert_allclose(made, expected)
    np.testing.assert_array_equal(
        classification_score(errors, entropies, (0.0, 0.0), 0.0), entropies
    )


@BOTH
def test_flipped_labels_are_found(detector, flipped):
    X, y, poison = flipped
    fitted = detector(image_shape=(8, 8), random_state=0).fit(X, y)
    assert roc_auc_score(poison, -fitted.training_scores_) > 0.9


@BOTH
def test_tabular_rows_and_string_labels(detector, flipped):
    X, y, poison = flipped
    fitted = detector(random_state=0).fit(X, np.where(y == 3, "three", "eight"))
    assert roc_auc_score(poison, -fitted.training_scores_) > 0.9


@BOTH
def test_alpha_chooses_between_the_two_errors(detector, flipped):
    X, y, _ = flipped
    by_error = detector(alpha=1.0, image_shape=(8, 8), **QUICK).fit(X, y)
    by_label = detector(alpha=0.0, image_shape=(8, 8), **QUICK).fit(X, y)
    network = getattr(by_error, "reconstruction_network_", by_error.network_)
    errors = reconstruction_error(X, network.predict(X)[0])
    np.testing.assert_allclose(-by_error.training_scores_, errors / np.linalg.norm(errors))

    codes = np.searchsorted(by_label.classes_, y)
    entropies = -np.log(by_label.network_.predict(X)[1][np.arange(len(X)), codes])
    np.testing.assert_allclose(
        -by_label.training_scores_, entropies / np.linalg.norm(entropies), rtol=1e-4
    )
    for fitted in (by_error, by_label):  # both parts have norm 1
        np.testing.assert_allclose(np.linalg.norm(fitted.training_scores_), 1, rtol=1e-6)


@BOTH
def test_one_class_leaves_the_reconstruction_error(detector, flipped):
    X, _, _ = flipped
    fitted = detector(image_shape=(8, 8), **QUICK).fit(X)
    network = getattr(fitted, "reconstruction_network_", fitted.network_)
    errors = reconstruction_error(X, network.predict(X)[0])
    expected = -0.66 * errors / np.linalg.norm(errors)
    np.testing.assert_allclose(fitted.score_samples(X), expected)


def test_labels_do_not_shape_the_reconstruction_of_cae_plus(flipped):
    X, y, _ = flipped
    other = np.random.RandomState(0).permutation(y)
    made, made_with_other = (
        CAEPlusDetector(image_shape=(8, 8), **QUICK).fit(X, labels).reconstruction_network_
        for labels in (y, other)
    )
    for a, b in zip(made.weights, made_with_other.weights, strict=True):
        np.testing.assert_array_equal(a, b)


def test_defaults_of_cae_plus_are_the_papers():
    paper = {"alpha": 0.66, "epochs": (300, 100), "validation_split": 0.1}
    assert {name: CAEPlusDetector().get_params()[name] for name in paper} == paper
    assert make_estimator("detector", "cae+").get_params() == CAEPlusDetector().get_params()


def test_more_classes():
    rng = np.random.RandomState(0)
    y = np.repeat([5, 7, 9], 40)
    X = rng.normal(size=(120, 4)) * 0.3 + y[:, np.newaxis] * [1, -1, 0, 2]
    y[::20] = 5
    fitted = CAEDetector(alpha=0.3, random_state=0).fit(X, y)
    wrong = (np.arange(120) % 20 == 0) & (np.arange(120) >= 40)
    assert roc_auc_score(wrong, -fitted.training_scores_) > 0.95


def test_epochs_of_each_network(flipped):
    X, y, _ = flipped
    history = CAEPlusDetector(epochs=(4, 2), random_state=0).fit(X, y).history_
    assert {name: len(losses["loss"]) for name, losses in history.items()} == {
        "reconstruction": 4,
        "classification": 2,
    }
    for epochs in [(3,), (3, 0), (3, 2.5)]:
        with pytest.raises(ValueError, match="epochs must be a positive integer or a pair"):
            CAEPlusDetector(epochs=epochs).fit(X, y)


@pytest.mark.parametrize("alpha", [-0.1, 1.1])
def test_alpha_out_of_range(alpha, flipped):
    X, y, _ = flipped
    with pytest.raises(ValueError, match="alpha"):
        CAEDetector(alpha=alpha).fit(X, y)
