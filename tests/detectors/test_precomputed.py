"""Predictions, distances or a neighbour graph of one's own in place of rows."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.metrics import pairwise_distances
from sklearn.model_selection import cross_val_predict, cross_val_score
from sklearn.neighbors import NearestNeighbors

from skpoison.detectors import (
    ConfidentLearningDetector,
    MarginDetector,
    NeighborDisagreementDetector,
)

NAMES = np.array(["vier", "eins", "zwei"])


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(n_class=3, return_X_y=True)
    wrong = np.arange(len(y)) < 40
    return X / 16, np.where(wrong, (y + 1) % 3, y), wrong


@pytest.fixture(scope="module")
def pred_proba(digits):
    X, y, _ = digits
    return cross_val_predict(LogisticRegression(C=0.1), X, y, method="predict_proba")


def test_probabilities_of_ones_own_are_scored_under_each_label(digits, pred_proba):
    _, y, wrong = digits
    detector = ConfidentLearningDetector("precomputed")
    assert ((detector.fit_predict(pred_proba, y) == -1) == wrong).mean() > 0.98
    np.testing.assert_allclose(detector.class_scores(pred_proba[:9]), -np.log(pred_proba[:9]))


def test_decision_values_of_ones_own(digits):
    X, y, wrong = digits
    values = cross_val_predict(RidgeClassifier(), X, y, method="decision_function")
    verdict = MarginDetector("precomputed").fit_predict(values, y)
    assert ((verdict == -1) == wrong).mean() > 0.99


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame], ids=["pandas", "polars"])
def test_columns_are_matched_to_classes_by_name(frame, digits, pred_proba):
    _, y, _ = digits
    labels, order = NAMES[y], [2, 0, 1]
    columns = {NAMES[k]: pred_proba[:, k] for k in order}
    detector = ConfidentLearningDetector("precomputed").fit(frame(columns), labels)
    plain = ConfidentLearningDetector("precomputed").fit(pred_proba, y)
    np.testing.assert_array_equal(detector.training_scores_, plain.training_scores_)
    again = frame({name: columns[name] for name in NAMES})
    np.testing.assert_array_equal(detector.predict(again, labels), plain.predict(pred_proba, y))


def test_predictions_that_no_classifier_can_have_made_are_refused(digits, pred_proba):
    _, y, _ = digits
    detector = ConfidentLearningDetector("precomputed")
    with pytest.raises(ValueError, match=r"each of the 3 classes.*got 2 columns"):
        detector.fit(pred_proba[:, :2], y)
    frame = pd.DataFrame(pred_proba, columns=["eins", "zwei", "drei"])
    with pytest.raises(ValueError, match=r"no column for \['vier'\], and no label for \['drei'\]"):
        detector.fit(frame, NAMES[y])
    for value, message in [(np.nan, "finite"), (1.5, "add up to 1"), (-0.5, "add up to 1")]:
        spoilt = pred_proba.copy()
        spoilt[7, 0] = value
        with pytest.raises(ValueError, match=rf"{message}.*1 rows: \[7\]"):
            detector.fit(spoilt, y)
        with pytest.raises(ValueError, match=message):
            detector.fit(pred_proba, y).predict(spoilt, y)
    with pytest.raises(ValueError, match="labels of at least two classes"):
        detector.fit(pred_proba)
    with pytest.raises(ValueError, match="labels of at least two classes"):
        NeighborDisagreementDetector(metric="precomputed").fit(np.eye(9), np.ones(9))


def test_a_neighbour_graph_stands_for_the_rows(digits):
    X, y, _ = digits
    X = X + np.random.RandomState(0).normal(scale=1e-3, size=X.shape)  # no ties
    X_fit, y_fit, X_new, y_new = X[:400], y[:400], X[400:], y[400:]
    expected = NeighborDisagreementDetector(5).fit(X_fit, y_fit)
    neighbors = NearestNeighbors(n_neighbors=5).fit(X_fit)
    graphs = [neighbors.kneighbors_graph(rows, mode="distance") for rows in (None, X_new)]
    matrices = [pairwise_distances(rows, X_fit) for rows in (X_fit, X_new)]
    for of_fit, of_new in (graphs, [g.tocsc() for g in graphs], matrices):
        detector = NeighborDisagreementDetector(5, metric="precomputed").fit(of_fit, y_fit)
        for rows, given, labels in [(X_fit, of_fit, y_fit), (X_new, of_new, y_new)]:
            np.testing.assert_allclose(
                detector.score_samples(given, labels), expected.score_samples(rows, labels)
            )


def test_distances_are_cut_both_ways_in_cross_validation(digits):
    X, y, _ = digits
    detector = NeighborDisagreementDetector(metric="precomputed", contamination=0.1)

    def recall(fitted, distances, labels):
        assert distances.shape[1] == len(fitted.training_scores_) < len(X)
        return (fitted.predict(distances, labels) == -1).mean()

    assert len(cross_val_score(detector, pairwise_distances(X), y, cv=3, scoring=recall)) == 3


def test_distances_that_tell_nothing_are_refused(digits):
    X, y, _ = digits
    detector = NeighborDisagreementDetector(5, metric="precomputed")
    graph = NearestNeighbors(n_neighbors=4).fit(X).kneighbors_graph(mode="distance")
    with pytest.raises(ValueError, match="n_neighbors=5 other rows, got fewer in 537 rows"):
        detector.fit(graph, y)
    with pytest.raises(ValueError, match=r"all training rows.*537 rows and 64 columns"):
        detector.fit(X, y)
    distances = pairwise_distances(X)
    distances[3, 4] = -1
    with pytest.raises(ValueError, match="neither missing nor negative"):
        detector.fit(distances, y)
