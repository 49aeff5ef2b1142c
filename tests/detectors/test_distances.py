"""Centroid and neighbour distances against loops written out."""

import time

import numpy as np
from sklearn.datasets import load_iris

from skpoison.detectors import CentroidDetector, KNNDetector

X, Y = load_iris(return_X_y=True)


def test_centroid_score_is_the_distance_to_the_class_mean():
    detector = CentroidDetector().fit(X, Y)
    expected = [
        np.linalg.norm(x - X[label == Y].mean(axis=0)) for x, label in zip(X, Y, strict=True)
    ]
    np.testing.assert_allclose(-detector.training_scores_, expected)
    np.testing.assert_allclose(-detector.score_samples(X, Y), expected)


def test_units_do_not_matter_to_centroids_of_standardised_columns():
    one, other = (
        CentroidDetector(standardize=True).fit(rows, Y) for rows in (X, X * [1, 10, 1e4, 1e-3] + 5)
    )
    np.testing.assert_allclose(one.training_class_scores_, other.training_class_scores_)
    by_hand = CentroidDetector().fit(np.clip((X - X.mean(axis=0)) / X.std(axis=0), -3, 3), Y)
    np.testing.assert_allclose(one.training_class_scores_, by_hand.training_class_scores_)


def test_a_class_that_is_wider_than_the_other_is_no_poison():
    """Distances have two components, and one of them is a class."""
    rng = np.random.RandomState(0)
    rows = rng.normal(size=(100, 50)) * np.repeat([1.0, 4.0], 50)[:, np.newaxis]
    labels = np.repeat([0, 1], 50)
    assert (CentroidDetector(random_state=0).fit_predict(rows, labels) == 1).all()


def _share_found(stretch, seed):
    """Two classes of 50 rows in 30 columns, of which 15 rows are drawn away from their mean."""
    rng = np.random.default_rng(seed)
    labels = np.arange(100) % 2
    deviations = rng.normal(size=(100, 30))
    deviations[:15] *= stretch
    rows = deviations + labels[:, np.newaxis]
    return CentroidDetector(random_state=0).fit(rows, labels).contamination_


def test_rows_that_stand_out_are_found_and_others_are_not():
    assert np.mean([_share_found(1.8, seed) > 0 for seed in range(30)]) > 0.75
    assert np.mean([_share_found(1.0, seed) for seed in range(30)]) < 0.01


def test_neighbor_score_leaves_the_row_itself_out_once():
    detector = KNNDetector(n_neighbors=3).fit(X, Y)
    expected = []
    for row, (x, label) in enumerate(zip(X, Y, strict=True)):
        others = [
            np.linalg.norm(x - X[other])
            for other in range(len(X))
            if Y[other] == label and other != row
        ]
        expected.append(np.mean(sorted(others)[:3]))
    np.testing.assert_allclose(-detector.training_scores_, expected, atol=1e-12)


def test_neighbor_score_of_new_rows_counts_all_rows_of_the_class():
    new = X[Y == 2] + 0.01
    detector = KNNDetector(n_neighbors=4).fit(X, Y)
    expected = [np.sort(np.linalg.norm(X[Y == 1] - x, axis=1))[:4].mean() for x in new]
    np.testing.assert_allclose(-detector.score_samples(new, np.ones(50, dtype=int)), expected)


def test_neighbor_scores_of_training_rows_under_another_label_are_plain_distances():
    detector = KNNDetector(n_neighbors=4).fit(X, Y)
    expected = [np.sort(np.linalg.norm(X[Y == 1] - x, axis=1))[:4].mean() for x in X[Y == 2]]
    np.testing.assert_allclose(detector.training_class_scores_[Y == 2, 1], expected)


def test_of_equal_rows_one_is_left_out_whatever_their_labels():
    rows, labels = np.array([[0.0], [0.0], [1.0], [3.0]]), np.array([0, 1, 0, 1])
    detector = KNNDetector(n_neighbors=1).fit(rows, labels)
    np.testing.assert_allclose(detector.training_class_scores_[:2], [[1.0, 3.0]] * 2)


def test_many_small_classes_take_no_time():
    rng = np.random.RandomState(0)
    rows, labels = rng.normal(size=(300, 20)), np.repeat(np.arange(30), 10)
    start = time.process_time()
    detector = KNNDetector().fit(rows, labels)
    assert time.process_time() - start < 2
    assert detector.training_class_scores_.shape == (300, 30)


def test_a_class_of_one_row_is_judged_by_the_largest_distance():
    rows, labels = np.array([[0.0], [1.0], [3.0], [9.0]]), np.array([0, 0, 0, 1])
    detector = KNNDetector(n_neighbors=1).fit(rows, labels)
    np.testing.assert_allclose(-detector.training_scores_, [1.0, 1.0, 2.0, 9.0])
