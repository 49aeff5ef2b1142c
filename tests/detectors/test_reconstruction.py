"""ReconstructionDetector, and what all network detectors share."""

import keras
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GridSearchCV

from skpoison.detectors import (
    CAEPlusDetector,
    CrossFittedCAEDetector,
    MagNetDetector,
    ReconstructionDetector,
)
from skpoison.detectors._network_scores import reconstruction_error

QUICK = {"epochs": 3, "random_state": 0}


def with_noise(X, n_rows=10):
    """Digits whose first rows are noise of the same pixel values."""
    X = X[:150].copy()
    X[:n_rows] = np.random.default_rng(0).permuted(X[:n_rows], axis=1)
    return X, np.arange(len(X)) < n_rows


@pytest.mark.parametrize("p", [1, 2, 3])
def test_reconstruction_error(p):
    rng = np.random.RandomState(0)
    X, X_hat = rng.normal(size=(2, 4, 5))
    expected = [sum(abs(X[i, j] - X_hat[i, j]) ** p for j in range(5)) / 5 for i in range(4)]
    np.testing.assert_allclose(reconstruction_error(X, X_hat, p), expected)


@pytest.mark.parametrize("image_shape", [(8, 8, 1), (8, 8), None])
def test_noise_among_digits_is_found(image_shape, digits_pair):
    X, noise = with_noise(digits_pair[0])
    detector = ReconstructionDetector(image_shape=image_shape, random_state=0).fit(X)
    assert roc_auc_score(noise, -detector.training_scores_) > 0.95


def test_labels_do_not_matter(digits_pair):
    X, y = digits_pair
    scores = ReconstructionDetector(**QUICK).fit(X, y).score_samples(X, y)
    np.testing.assert_array_equal(ReconstructionDetector(**QUICK).fit(X).score_samples(X), scores)


def test_power_changes_the_score_as_it_says(digits_pair):
    X, _ = digits_pair
    detector = ReconstructionDetector(p=1, image_shape=(8, 8), **QUICK).fit(X[:200])
    made, _ = detector.network_.predict(X)
    np.testing.assert_allclose(detector.score_samples(X), -np.abs(X - made).mean(axis=1), rtol=1e-6)


def test_tabular_columns_are_standardised(digits_pair):
    """Units do not matter: a column in millimetres weighs as much as it does in metres."""
    X, _ = digits_pair
    scale = np.random.RandomState(0).uniform(0.01, 1000, size=X.shape[1])
    plain = ReconstructionDetector(**QUICK).fit(X).training_scores_
    scaled = ReconstructionDetector(**QUICK).fit(5 + X * scale).training_scores_
    np.testing.assert_allclose(scaled, plain, rtol=1e-3)


def test_colour_images(digits_pair):
    X = np.random.RandomState(0).uniform(size=(20, 6, 4, 3))
    detector = ReconstructionDetector(**QUICK).fit(X)
    assert detector.network_.architecture.shape == (6, 4, 3)
    assert not detector.network_.architecture.pooling
    assert detector.score_samples(X).shape == (20,)


def test_odd_sides_are_not_pooled():
    X = np.random.RandomState(0).uniform(size=(20, 7, 4))
    network = ReconstructionDetector(**QUICK).fit(X).network_
    assert network.architecture.shape == (7, 4, 1) and not network.architecture.pooling


def test_a_refit_on_rows_forgets_that_there_were_images(digits_pair):
    X, _ = digits_pair
    detector = ReconstructionDetector(**QUICK).fit(X.reshape(-1, 8, 8))
    assert detector.network_.architecture.shape == (8, 8, 1)
    assert detector.fit(X).network_.architecture.shape == (64,)


@pytest.mark.parametrize(
    "image_shape, message",
    [
        ((8, 9), r"image_shape=\(8, 9\) multiplies to 72.*64 columns"),
        ((8, 8, 3), r"image_shape=\(8, 8, 3\) multiplies to 192"),
        ((64,), r"image_shape must be \(height, width\)"),
        ((8.0, 8.0), "image_shape must be .* of positive integers"),
        ((-8, -8), "image_shape must be .* of positive integers"),
    ],
)
def test_wrong_image_shape(image_shape, message, digits_pair):
    X, _ = digits_pair
    with pytest.raises(ValueError, match=message):
        ReconstructionDetector(image_shape=image_shape).fit(X)


def test_image_shape_that_is_not_that_of_the_images(digits_pair):
    X, _ = digits_pair
    with pytest.raises(ValueError, match=r"image_shape=\(4, 16\), but X holds images of shape"):
        ReconstructionDetector(image_shape=(4, 16)).fit(X.reshape(-1, 8, 8))
    with pytest.raises(ValueError, match=r"got rows of shape \(2, 2, 4, 4\)"):
        ReconstructionDetector().fit(X.reshape(-1, 2, 2, 4, 4))


def test_pixels_out_of_range(digits_pair):
    X, _ = digits_pair
    with pytest.raises(ValueError, match=r"pixel values in \[0, 1\].*got values in \[0, 16\]"):
        ReconstructionDetector(image_shape=(8, 8)).fit(X * 16)


@pytest.mark.parametrize(
    "params",
    [
        {"epochs": 0},
        {"batch_size": 0},
        {"optimizer__learning_rate": 0.0},
        {"validation_split": 1.0},
        {"patience": 0},
        {"p": 0},
    ],
)
def test_parameters_out_of_range(params, digits_pair):
    with pytest.raises(ValueError, match=next(iter(params))):
        ReconstructionDetector(**params).fit(digits_pair[0])


def test_unknown_optimizer(digits_pair):
    with pytest.raises(ValueError, match=r"optimizer must be .*, got 'adamant'"):
        ReconstructionDetector(optimizer="adamant").fit(digits_pair[0])


@pytest.mark.parametrize(
    "detector", [CAEPlusDetector, CrossFittedCAEDetector, MagNetDetector, ReconstructionDetector]
)
def test_learning_rate_is_a_parameter_like_any_other(detector):
    changed = detector().set_params(optimizer__learning_rate=0.5, optimizer="sgd")
    assert clone(changed).get_params()["optimizer__learning_rate"] == 0.5
    assert clone(changed).optimizer == "sgd"
    with pytest.raises(ValueError, match="Invalid parameter 'learning_rate'"):
        detector().set_params(learning_rate=0.5)


def test_learning_rate_in_a_grid_search(digits_pair):
    X, _ = digits_pair
    search = GridSearchCV(
        ReconstructionDetector(image_shape=(8, 8), epochs=20, random_state=0),
        {"optimizer__learning_rate": [1e-9, 0.02]},
        scoring=lambda detector, X, y=None: detector.score_samples(X).mean(),
        cv=2,
    ).fit(X)
    assert search.best_params_ == {"optimizer__learning_rate": 0.02}


def test_callbacks_are_told_and_kept_as_they_were(digits_pair):
    X, _ = digits_pair
    stop = keras.callbacks.EarlyStopping(monitor="val_loss", min_delta=10, patience=2)
    detector = ReconstructionDetector(callbacks=[stop], random_state=0).fit(X)
    assert len(detector.history_["reconstruction"]["val_loss"]) == 3
    assert getattr(stop, "model", None) is None
