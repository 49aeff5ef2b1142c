"""Slab scores against the paper's formula, hand-made rows and rearrangements."""

import numpy as np
import pytest
from sklearn.datasets import load_iris

from skpoison.attacks import LabelFlipAttack
from skpoison.detectors import SlabDetector
from skpoison.metrics import poison_roc_auc

X, Y = load_iris(return_X_y=True)


def test_two_classes_are_judged_by_the_formula_of_the_paper():
    rows, labels = X[Y > 0], Y[Y > 0]
    mean = {label: rows[labels == label].mean(axis=0) for label in (1, 2)}
    difference = mean[2] - mean[1]
    formula = [abs((x - mean[y]) @ difference) for x, y in zip(rows, labels, strict=True)]
    detector = SlabDetector(center="mean").fit(rows, labels)
    np.testing.assert_allclose(
        -detector.training_scores_ * np.linalg.norm(difference), formula, atol=1e-12
    )


@pytest.mark.parametrize(("name", "center"), [("mean", np.mean), ("median", np.median)])
def test_the_largest_slab_counts_among_three_classes(name, center):
    expected = []
    for x, y in zip(X, Y, strict=True):
        own, distances = center(X[Y == y], axis=0), []
        for other in {0, 1, 2} - {y}:
            line = center(X[Y == other], axis=0) - own
            distances.append(abs((x - own) @ line) / np.sqrt(line @ line))
        expected.append(max(distances))
    detector = SlabDetector(center=name).fit(X, Y)
    np.testing.assert_allclose(-detector.training_scores_, expected, atol=1e-12)


def test_only_the_way_to_the_other_class_counts():
    rows = np.array([[0.0, 0], [0, 1], [0, -1], [4, 0], [4, 1], [4, -1]])
    detector = SlabDetector().fit(rows, [0, 0, 0, 1, 1, 1])
    new = np.array([[3.0, 0], [3, 100], [-3, -7], [0, 50]])
    np.testing.assert_allclose(-detector.score_samples(new, [0, 0, 0, 0]), [3, 3, 3, 0])
    np.testing.assert_allclose(-detector.score_samples(new, [1, 1, 1, 1]), [1, 1, 7, 4])


def test_order_of_rows_and_names_of_labels_do_not_matter():
    order = np.random.RandomState(0).permutation(len(X))
    renamed = np.array(["z", "m", "a"])[Y]
    scores = SlabDetector(random_state=0).fit(X, Y).training_scores_
    again = SlabDetector(random_state=0).fit(X[order], renamed[order]).training_scores_
    np.testing.assert_allclose(again, scores[order], atol=1e-12)


def test_the_median_withstands_flips_that_move_the_mean():
    attack = LabelFlipAttack(rate=0.6, random_state=0)
    rows, labels = attack.fit_resample(X[Y < 2], Y[Y < 2])
    median, mean = (
        poison_roc_auc(
            attack.poison_mask_, SlabDetector(center=c).fit(rows, labels).training_scores_
        )
        for c in ("median", "mean")
    )
    assert median > 0.95
    assert median > mean


def test_classes_with_one_centre_have_no_slab():
    rows = np.array([[1.0, 0], [-1, 0], [0, 1], [0, -1]])
    detector = SlabDetector(center="mean").fit(rows, [0, 0, 1, 1])
    np.testing.assert_array_equal(detector.training_scores_, 0)


def test_a_single_class_is_judged_by_neighbours():
    rows = np.r_[np.linspace(0, 1, 12), 30.0][:, np.newaxis]
    detector = SlabDetector().fit(rows)
    nearest = np.sort(np.abs(rows - rows.T), axis=1)[:, 1:6].mean(axis=1)
    np.testing.assert_allclose(-detector.training_scores_, nearest)
    assert detector.predict(rows)[-1] == -1
