"""Activation clustering against hand-made clusters and FastICA."""

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.datasets import load_iris
from sklearn.decomposition import FastICA
from sklearn.metrics import adjusted_rand_score, f1_score

from skpoison.detectors import ActivationClusteringDetector
from skpoison.detectors._activation_clustering import split_activations
from skpoison.metrics import poison_roc_auc

X, Y = load_iris(return_X_y=True)
SEED = np.random.RandomState


def planted(n_poison, random_state):
    """Two classes of 80 rows; `n_poison` rows from elsewhere stand under the second label."""
    random_state = SEED(random_state)
    places = np.array([[4.0, 0, 0, 0, 0], [0, 4, 0, 0, 0], [4, 0, 6, 0, 0]])
    sizes = [80, 80, n_poison]
    rows = np.repeat(places, sizes, axis=0) + random_state.normal(scale=0.5, size=(sum(sizes), 5))
    return rows, np.repeat([0, 1, 1], sizes), np.repeat([False, False, True], sizes)


def test_two_clusters_on_a_line_worked_out_by_hand():
    clusters = split_activations(np.array([[0.0], [1], [2], [10], [12]]), 10, False, SEED(0))
    assert clusters.share == 2 / 5
    margin = clusters.margin(np.array([[1.0], [11], [6], [-50], [50], [8]]))
    np.testing.assert_allclose(margin, [-1, 1, 0, -1, 1, 0.4], atol=1e-12)
    within = np.array([1.5, 1, 1.5, 2, 2])
    between = np.array([11.0, 10, 9, 9, 11])
    np.testing.assert_allclose(clusters.silhouette, np.mean((between - within) / between))


def test_whitened_components_give_the_clusters_of_fast_ica():
    rows = SEED(0).exponential(size=(60, 6)) @ SEED(1).normal(size=(6, 6))
    rows[:20] += 8
    sources = FastICA(3, whiten="unit-variance", random_state=0).fit_transform(rows)
    expected = KMeans(2, n_init=10, random_state=0).fit_predict(sources)
    clusters = split_activations(rows, 3, True, SEED(0))
    assert adjusted_rand_score(expected, clusters.margin(rows) > 0) == 1


@pytest.mark.parametrize("rows", [np.zeros((9, 3)), np.ones((9, 3)), np.eye(2)])
def test_rows_that_cannot_be_split_have_no_clusters(rows):
    assert split_activations(rows, 10, False, SEED(0)) is None


@pytest.mark.parametrize("seed", range(3))
def test_a_planted_cluster_is_found_and_nothing_else(seed):
    rows, labels, poison_mask = planted(15, seed)
    detector = ActivationClusteringDetector(max_share=0.2, min_silhouette=0.4, random_state=seed)
    verdict = detector.fit_predict(rows, labels)
    assert f1_score(poison_mask, verdict == -1) > 0.9
    assert poison_roc_auc(poison_mask, detector.training_scores_) > 0.98
    assert detector.clusters_[1].share == pytest.approx(15 / 95, abs=0.03)


@pytest.mark.parametrize(
    "strict", [{"max_share": 0.01}, {"min_silhouette": 0.99}], ids=lambda p: next(iter(p))
)
def test_a_class_that_is_not_suspect_loses_no_row_and_keeps_its_order(strict):
    rows, labels, _ = planted(15, 0)
    suspect = ActivationClusteringDetector(max_share=0.5, min_silhouette=-1, random_state=0)
    cleared = ActivationClusteringDetector(random_state=0, **strict)
    assert (suspect.fit_predict(rows, labels) == -1).sum() > 15
    assert (cleared.fit_predict(rows, labels) == 1).all()
    np.testing.assert_allclose(cleared.training_scores_, suspect.training_scores_ + 1)


def test_a_share_can_be_asked_for_instead_of_the_verdict_of_the_paper():
    rows, labels, _ = planted(15, 0)
    detector = ActivationClusteringDetector(contamination=0.3, max_share=0.01, random_state=0)
    assert (detector.fit_predict(rows, labels) == -1).mean() == pytest.approx(0.3, abs=0.01)


def test_units_and_origin_do_not_matter():
    rows, labels, _ = planted(15, 0)
    expected = ActivationClusteringDetector(random_state=0).fit(rows, labels).training_scores_
    scaled = 1000 * rows - 7
    found = ActivationClusteringDetector(random_state=0).fit(scaled, labels).training_scores_
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_without_labels_the_rows_themselves_are_clustered():
    rows = np.r_[SEED(0).normal(size=(50, 3)), SEED(1).normal(loc=20, size=(8, 3))]
    detector = ActivationClusteringDetector(random_state=0)
    np.testing.assert_array_equal(detector.fit_predict(rows) == -1, np.arange(58) >= 50)
    assert detector.network_ is None


def test_tiny_classes_and_equal_rows_are_not_anomalous():
    rows = np.array([[0.0, 1], [0, 1], [0, 1], [0, 1], [5, 5], [6, 6], [9, 1]])
    labels = np.array([0, 0, 0, 0, 1, 1, 2])
    detector = ActivationClusteringDetector(random_state=0).fit(rows, labels)
    np.testing.assert_array_equal(detector.training_scores_, 1)
    assert (detector.predict(rows, labels) == 1).all()
