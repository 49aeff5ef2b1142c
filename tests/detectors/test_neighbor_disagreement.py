"""Label disagreement of neighbours against loops written out."""

import numpy as np
import pytest

from skpoison.detectors import KNNDetector, NeighborDisagreementDetector

RNG = np.random.RandomState(0)
X = RNG.normal(size=(60, 3))
Y = np.array(["a", "b", "c"])[RNG.randint(3, size=60)]


def disagreement(row, label, rows, labels, n_neighbors):
    nearest = np.argsort(np.linalg.norm(rows - row, axis=1))[:n_neighbors]
    return np.mean(labels[nearest] != label)


def own_column(detector, labels):
    codes = np.searchsorted(detector.classes_, labels)
    return detector.training_class_scores_[np.arange(len(codes)), codes]


def test_training_rows_are_judged_by_the_other_rows():
    detector = NeighborDisagreementDetector(n_neighbors=7).fit(X, Y)
    expected = [
        disagreement(X[i], Y[i], np.delete(X, i, axis=0), np.delete(Y, i), 7) for i in range(60)
    ]
    np.testing.assert_allclose(own_column(detector, Y), expected, atol=1e-12)


def test_new_rows_are_judged_by_all_rows():
    detector = NeighborDisagreementDetector(n_neighbors=7).fit(X, Y)
    expected = [disagreement(row, "b", X, Y, 7) for row in X + 0.05]
    np.testing.assert_allclose(detector.class_scores(X + 0.05)[:, 1], expected, atol=1e-12)


def test_of_equal_rows_the_one_with_the_judged_label_is_left_out():
    rows, labels = np.array([[0.0], [0.0], [1.0], [2.0], [3.0]]), np.array([0, 1, 1, 0, 0])
    detector = NeighborDisagreementDetector(n_neighbors=2).fit(rows, labels)
    # neighbours of row 0: row 1 (other label) and row 2 (other); of row 1: row 0 (other), row 2
    np.testing.assert_allclose(own_column(detector, labels)[:2], [1.0, 0.5])
    np.testing.assert_allclose(detector.class_scores(rows), detector.training_class_scores_)
    # a row that stands in the set under another label only is left out all the same
    np.testing.assert_allclose(detector.class_scores([[3.0]])[0, 1], 0.5)


def test_in_a_small_set_all_other_rows_are_neighbors():
    rows, labels = np.array([[0.0], [1.0], [3.0], [4.0]]), np.array([0, 0, 1, 1])
    detector = NeighborDisagreementDetector(n_neighbors=10).fit(rows, labels)
    np.testing.assert_allclose(own_column(detector, labels), np.full(4, 2 / 3))
    np.testing.assert_allclose(detector.class_scores([[9.0]])[0], [1 / 2, 1 / 2])


@pytest.mark.parametrize("y", [None, np.ones(60)], ids=["no labels", "one class"])
def test_without_two_classes_distances_are_all_there_is(y):
    detector = NeighborDisagreementDetector().fit(X, y)
    np.testing.assert_allclose(
        detector.training_class_scores_, KNNDetector().fit(X).training_class_scores_
    )
    assert (detector.predict(X, y) == 1).all()  # no label can be wrong


@pytest.mark.parametrize("rate", [0.0, 0.2])
def test_auto_finds_the_share_of_wrong_labels_and_none_where_there_is_none(rate, digits_pair):
    images, digits = digits_pair
    wrong = np.random.RandomState(0).rand(len(digits)) < rate
    labels = np.where(wrong, 11 - digits, digits)  # 3 <-> 8
    detector = NeighborDisagreementDetector(random_state=0).fit(images, labels)
    low, high = detector.contamination_interval_
    assert low - 0.02 <= wrong.mean() <= high + 0.02
    flagged = detector.predict(images, labels) == -1
    assert flagged[~wrong].mean() < 0.05
    assert flagged[wrong].sum() >= 0.5 * wrong.sum()
