"""SPECTRE against the published formula on Gaussian rows, and against spectral signatures."""

import numpy as np
import pytest
from scipy.linalg import expm, sqrtm
from sklearn.preprocessing import StandardScaler

from skpoison.detectors import HiddenActivations, SpectralSignatureDetector, SpectreDetector
from skpoison.detectors._spectre import que_weights
from skpoison.metrics import poison_roc_auc


def weak_poison(seed, n_columns=20, n_rows=500, n_poison=25, shift=4):
    """Gaussian rows; the poison is shifted where they vary least."""
    rng = np.random.RandomState(seed)
    X = rng.normal(size=(n_rows + n_poison, n_columns)) * np.linspace(5, 1, n_columns)
    poison_mask = np.arange(len(X)) >= n_rows
    X[poison_mask, -1] += shift
    return X, poison_mask


def test_scores_are_those_of_the_formula_for_the_true_covariance():
    """With many rows the robust moments are those of the Gaussian that they were drawn from."""
    rng = np.random.RandomState(0)
    mixing = rng.normal(size=(3, 3))
    clean = rng.normal(size=(20_000, 3)) @ mixing.T + [1, 2, 3]
    poison = np.array([1, 2, 3]) + 4 * mixing[:, 0] + 0.1 * rng.normal(size=(400, 3))
    X = np.vstack([clean, poison])
    found = -SpectreDetector(0.05, n_components=3).fit(X).training_scores_

    true = mixing @ mixing.T
    white = (X - [1, 2, 3]) @ np.linalg.inv(np.real(sqrtm(true)))
    spread = np.cov(white.T, bias=True)
    weights = expm(4 * (spread - np.eye(3)) / (np.linalg.norm(spread, 2) - 1))
    expected = np.einsum("ij,jk,ik->i", white, weights, white) / np.trace(weights)
    assert np.corrcoef(found, expected)[0, 1] > 0.995
    assert np.median(found[-400:]) == pytest.approx(np.median(expected[-400:]), rel=0.1)
    assert poison_roc_auc(np.arange(len(X)) >= 20_000, -found) > 0.99


def test_weights_of_a_covariance_known_by_hand():
    """Whitened rows at +-2 along one axis and +-1 along the other, half of them on each."""
    rows = np.array([[2.0, 0], [-2, 0], [0, 1], [0, -1]])
    weights = que_weights(rows)  # of the covariance diag(2, 1/2): exponents 4 and -2
    expected = np.diag([np.exp(4), np.exp(-2)]) / (np.exp(4) + np.exp(-2))
    np.testing.assert_allclose(weights, expected, atol=1e-12)
    np.testing.assert_allclose(que_weights(rows / 2), np.eye(2) / 2)  # none is inflated


@pytest.mark.parametrize("seed", range(3))
def test_weak_signals_are_found_that_spectral_signatures_miss(seed):
    X, poison_mask = weak_poison(seed)
    spectral = SpectralSignatureDetector().fit(X).training_scores_
    found = SpectreDetector().fit(X).training_scores_
    assert poison_roc_auc(poison_mask, spectral) < 0.65
    assert poison_roc_auc(poison_mask, found) > 0.9


def test_units_order_and_rotations_do_not_matter():
    X, _ = weak_poison(0)
    order = np.random.RandomState(0).permutation(len(X))
    rotation = np.linalg.qr(np.random.RandomState(1).normal(size=(20, 20)))[0]
    expected = SpectreDetector(n_components=20).fit(X).training_scores_
    found = SpectreDetector(n_components=20).fit(7 * X[order] @ rotation + 3).training_scores_
    np.testing.assert_allclose(found, expected[order], rtol=1e-6)


def test_classes_are_whitened_on_their_own_and_small_ones_left_alone():
    X, poison_mask = weak_poison(0)
    other = np.random.RandomState(5).normal(size=(19, 20)) + 40
    y = np.repeat([0, 1], [len(X), 19])
    detector = SpectreDetector(transformer=StandardScaler()).fit(np.vstack([X, other]), y)
    assert (detector.training_scores_[y == 1] == 0).all()
    assert detector.whitenings_[1] is None
    assert poison_roc_auc(poison_mask, detector.training_scores_[y == 0]) > 0.9
    alike = SpectreDetector(transformer=HiddenActivations(4)).fit(np.ones((30, 2)))
    assert (alike.training_scores_ == 0).all()
