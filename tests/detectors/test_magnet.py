"""MagNetDetector and MagNetReformer."""

import numpy as np
import pytest
from sklearn.base import clone

from skpoison.detectors import MagNetDetector, MagNetReformer
from skpoison.detectors._network_scores import joint_score
from skpoison.thresholds import GaussianMixtureThreshold

QUICK = {"epochs": 3, "random_state": 0}


@pytest.fixture(scope="module")
def noisy(digits_pair):
    """Digits whose first ten rows are noise of the same pixel values."""
    X = digits_pair[0].copy()
    X[:10] = np.random.default_rng(0).permuted(X[:10], axis=1)
    return X


def test_joint_score_is_above_one_where_all_errors_are_above_their_thresholds():
    errors = list(np.random.RandomState(0).uniform(size=(2, 50)))
    both = (errors[0] > 0.3) & (errors[1] > 0.6)
    np.testing.assert_array_equal(joint_score(errors, [0.3, 0.6]) > 1, both)
    np.testing.assert_array_equal(joint_score(errors, [0.0, 0.0]), np.min(errors, axis=0))


def test_noise_among_digits_is_found(noisy):
    detector = MagNetDetector(image_shape=(8, 8), contamination=10 / len(noisy), random_state=0)
    found = np.flatnonzero(detector.fit_predict(noisy) == -1)
    assert len(found) == 10
    assert (found < 10).sum() >= 9


@pytest.mark.parametrize("image_shape", [(8, 8), None])
def test_both_networks_must_say_so(image_shape, noisy):
    """Each by the paper's mixture of its own errors."""
    rule = GaussianMixtureThreshold(random_state=0)
    detector = MagNetDetector(
        image_shape=image_shape, epochs=30, contamination=rule, random_state=0
    )
    flagged = detector.fit_predict(noisy) == -1
    rows = noisy
    if image_shape is None:
        rows = (noisy - noisy.mean(axis=0)) / np.where(noisy.std(axis=0) > 0, noisy.std(axis=0), 1)
    says = []
    for network, p in zip(detector.networks_, (2, 1), strict=True):
        errors = (np.abs(rows - network.predict(rows)[0]) ** p).mean(axis=1)
        says.append(errors > clone(rule).fit(errors).threshold_)
    np.testing.assert_array_equal(flagged, says[0] & says[1])
    assert 0 < flagged.sum() < max(says[0].sum(), says[1].sum())


def test_auto_needs_a_second_component_of_both_errors(noisy, digits_pair):
    detector = MagNetDetector(image_shape=(8, 8), random_state=0)
    assert (detector.fit_predict(digits_pair[0]) == 1).all()
    flagged = detector.fit_predict(noisy) == -1
    assert flagged[:10].mean() >= 0.8 and not flagged[10:].any()


def test_networks_and_noise_are_those_of_magnet():
    X = np.random.RandomState(0).uniform(size=(20, 6, 6, 3))
    for rows, pooling, noise in [(X, False, 0.025), (X[..., 0], True, 0.1)]:
        first, second = MagNetDetector(**QUICK).fit(rows).networks_
        assert (first.architecture.style, second.architecture.style) == ("magnet-1", "magnet-2")
        assert first.architecture.pooling == pooling
        assert first.architecture.noise == second.architecture.noise == noise
    first, _ = MagNetDetector(noise=0.3, **QUICK).fit(X).networks_
    assert first.architecture.noise == 0.3


def test_reformer_is_the_first_network(noisy):
    reformer = MagNetReformer(image_shape=(8, 8), **QUICK).fit(noisy)
    detector = MagNetDetector(image_shape=(8, 8), **QUICK).fit(noisy)
    np.testing.assert_allclose(
        reformer.transform(noisy), detector.networks_[0].predict(noisy)[0], rtol=1e-5
    )


def test_reformer_brings_rows_closer_to_the_data(digits_pair):
    """Noise that was added is taken away again in part."""
    X, _ = digits_pair
    rng = np.random.RandomState(0)
    table = np.column_stack([X[:, 20:40], X[:, 20:40]]) * 16
    noisy = table + rng.normal(scale=3.0, size=table.shape)
    reformer = MagNetReformer(noise=0.5, epochs=300, random_state=0).fit(table)
    assert np.mean((reformer.transform(noisy) - table) ** 2) < np.mean((noisy - table) ** 2)


def test_reformer_keeps_shape_and_names(noisy):
    reformer = MagNetReformer(**QUICK)
    images = noisy.reshape(-1, 8, 8)
    assert reformer.fit_transform(images).shape == images.shape
    np.testing.assert_array_equal(
        reformer.transform(images).reshape(len(noisy), -1), reformer.transform(noisy)
    )
    assert reformer.get_feature_names_out()[0] == "x0"
