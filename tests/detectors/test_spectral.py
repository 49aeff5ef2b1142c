"""Spectral signatures against eigenvectors, constructed directions and Pythagoras."""

import numpy as np
from scipy.stats import ortho_group
from sklearn.datasets import load_iris
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.random_projection import GaussianRandomProjection

from skpoison.detectors import CentroidDetector, SpectralSignatureDetector
from skpoison.metrics import poison_roc_auc

X, Y = load_iris(return_X_y=True)


def anomaly(detector, X=X, y=Y):
    return -detector.fit(X, y).training_scores_


def test_the_score_is_that_of_the_top_eigenvectors_of_the_scatter():
    expected = np.empty(len(X))
    for label in range(3):
        centred = X[label == Y] - X[label == Y].mean(axis=0)
        _, vectors = np.linalg.eigh(centred.T @ centred)
        expected[label == Y] = ((centred @ vectors[:, -2:]) ** 2).sum(axis=1)
    np.testing.assert_allclose(anomaly(SpectralSignatureDetector(2)), expected, atol=1e-10)


def test_a_constructed_direction_is_found_exactly():
    """Rows at +-3 along one direction and +-1 along another: singular vectors known by hand."""
    first, second = np.array([3.0, 4, 0]) / 5, np.array([-4.0, 3, 0]) / 5
    rows = 7 + np.array([3 * first, -3 * first, second, -second, 0 * first])
    detector = SpectralSignatureDetector().fit(rows)
    np.testing.assert_allclose(np.abs(detector.directions_[0] @ first), 1)
    np.testing.assert_allclose(-detector.training_scores_, [9, 9, 0, 0, 0], atol=1e-12)
    new = 7 + np.array([2 * first + 5 * second, [0, 0, 10]])
    np.testing.assert_allclose(-detector.score_samples(new), [4, 0], atol=1e-12)


def test_a_population_hidden_in_one_class_comes_out_on_top():
    random_state = np.random.RandomState(0)
    clean = random_state.normal(size=(200, 20))
    labels = np.r_[np.zeros(100, int), np.ones(100, int), np.ones(10, int)]
    clean[:100] += 3
    hidden = random_state.normal(size=(10, 20)) + 10 * np.eye(20)[4]
    poison_mask = np.r_[np.zeros(200, bool), np.ones(10, bool)]
    found = anomaly(SpectralSignatureDetector(), np.r_[clean, hidden], labels)
    assert poison_roc_auc(poison_mask, -found) == 1


def test_order_of_rows_and_rotations_do_not_matter():
    order = np.random.RandomState(0).permutation(len(X))
    rotation = ortho_group.rvs(4, random_state=0)
    expected = anomaly(SpectralSignatureDetector())
    found = anomaly(SpectralSignatureDetector(), X[order] @ rotation, Y[order])
    np.testing.assert_allclose(found, expected[order], atol=1e-10)


def test_with_all_directions_it_is_the_squared_distance_to_the_mean():
    np.testing.assert_allclose(
        anomaly(SpectralSignatureDetector(100)), anomaly(CentroidDetector()) ** 2, atol=1e-10
    )


def test_the_transformer_is_cloned_and_its_output_judged():
    transformer = StandardScaler()
    detector = SpectralSignatureDetector(transformer=transformer)
    expected = anomaly(SpectralSignatureDetector(), (X - X.mean(axis=0)) / X.std(axis=0))
    np.testing.assert_allclose(anomaly(detector), expected)
    assert not hasattr(transformer, "mean_")
    turned = anomaly(SpectralSignatureDetector(transformer=PCA()))
    np.testing.assert_allclose(turned, anomaly(SpectralSignatureDetector()), atol=1e-10)


def test_the_seed_reaches_a_transformer_inside_a_pipeline():
    transformer = make_pipeline(StandardScaler(), GaussianRandomProjection(2))

    def with_seed(seed):
        return anomaly(SpectralSignatureDetector(transformer=transformer, random_state=seed))

    np.testing.assert_array_equal(with_seed(0), with_seed(0))
    assert not np.array_equal(with_seed(0), with_seed(1))


def test_the_only_row_of_a_class_is_not_anomalous():
    detector = SpectralSignatureDetector().fit([[0.0, 1], [0, 2], [0, 5], [8, 8]], [0, 0, 0, 1])
    assert detector.training_scores_[3] == 0
    assert np.isfinite(detector.training_scores_).all()
