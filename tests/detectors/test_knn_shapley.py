"""Shapley values against the sum over all subsets."""

from itertools import combinations
from math import comb

import numpy as np
import pytest

from skpoison.detectors import KNNShapleyDetector

RNG = np.random.RandomState(0)
X = RNG.uniform(size=(7, 2))
Y = np.array(list("abcabac"))


def gain(players, labels, point, label, n_neighbors):
    """Share of the nearest players with the label: the game of the paper."""
    nearest = sorted(players, key=lambda player: np.linalg.norm(players[player] - point))
    return sum(labels[player] == label for player in nearest[:n_neighbors]) / n_neighbors


def shapley_value(player, players, labels, point, label, n_neighbors):
    """What a player adds to the gain, on the mean over all orders in which players come."""
    others = [other for other in players if other != player]
    value = 0.0
    for size in range(len(others) + 1):
        for chosen in combinations(others, size):
            before = {other: players[other] for other in chosen}
            added = gain(before | {player: players[player]}, labels, point, label, n_neighbors)
            added -= gain(before, labels, point, label, n_neighbors)
            value += added / (len(players) * comb(len(others), size))
    return value


@pytest.mark.parametrize("n_neighbors", [1, 3, 20])
def test_values_of_training_rows_under_every_label(n_neighbors):
    detector = KNNShapleyDetector(n_neighbors).fit(X, Y)
    for row in range(len(X)):
        for code, label in enumerate(detector.classes_):
            labels = dict(enumerate(Y)) | {row: label}
            games = [
                shapley_value(
                    row,
                    {other: X[other] for other in range(len(X)) if other != judged},
                    labels,
                    X[judged],
                    Y[judged],
                    n_neighbors,
                )
                for judged in range(len(X))
                if judged != row
            ]
            score = detector.training_class_scores_[row, code]
            assert score == pytest.approx(-len(X) * np.mean(games), abs=1e-12)
            if label == Y[row]:
                assert detector.values_[row] == pytest.approx(np.mean(games), abs=1e-12)


def test_a_new_row_is_valued_as_if_it_had_joined():
    detector = KNNShapleyDetector(2).fit(X, Y)
    row = np.array([0.4, 0.6])
    for code, label in enumerate(detector.classes_):
        labels = dict(enumerate(Y)) | {"new": label}
        games = [
            shapley_value(
                "new",
                {other: X[other] for other in range(len(X)) if other != judged} | {"new": row},
                labels,
                X[judged],
                Y[judged],
                2,
            )
            for judged in range(len(X))
        ]
        score = detector.class_scores([row])[0, code]
        assert score == pytest.approx(-len(X) * np.mean(games), abs=1e-12)


def test_a_copy_does_not_speak_for_a_row(digits_pair):
    """Ten copies of one row with a wrong label are found, as the one row is."""
    rows, labels = digits_pair[0][:150], digits_pair[1][:150]
    copies = np.concatenate([rows, np.repeat(rows[:1], 10, axis=0)])
    wrong = 11 - labels[0]
    claimed = np.concatenate([labels, np.full(10, wrong)])
    claimed[0] = wrong
    verdict = KNNShapleyDetector().fit_predict(copies, claimed)
    assert (verdict[[0, *range(150, 160)]] == -1).all()
    assert (verdict[1:150] == -1).sum() <= 2


def test_the_unit_of_a_column_makes_no_difference(digits_pair):
    rows, labels = digits_pair[0][:80] + RNG.normal(size=(80, 64)), digits_pair[1][:80]
    scores = KNNShapleyDetector().fit(rows, labels).training_class_scores_
    scaled = KNNShapleyDetector().fit(rows * 2.0 ** RNG.randint(-9, 9, size=64), labels)
    np.testing.assert_allclose(scaled.training_class_scores_, scores, atol=1e-9)
