import matplotlib
import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from skpoison.inspection import CertifiedAccuracyDisplay
from skpoison.robust import PartitionAggregationClassifier

matplotlib.use("Agg")


def test_the_curve_counts_right_rows_with_a_certificate():
    display = CertifiedAccuracyDisplay.from_predictions(
        ["a", "a", "b", "b"], ["a", "a", "b", "a"], [2, 0, -1, 5], name="mine"
    )
    np.testing.assert_array_equal(display.radius, np.arange(7))
    np.testing.assert_array_equal(display.certified_accuracy, [0.5, 0.25, 0.25, 0, 0, 0, 0])
    np.testing.assert_array_equal(display.line_.get_ydata(), display.certified_accuracy)
    assert display.ax_.get_legend().get_texts()[0].get_text() == "mine"


def test_pipelines_end_in_a_classifier_with_a_certificate():
    X, y = load_iris(return_X_y=True)
    model = make_pipeline(StandardScaler(), PartitionAggregationClassifier(n_partitions=9))
    display = CertifiedAccuracyDisplay.from_estimator(model.fit(X, y), X, y)
    assert display.certified_accuracy[0] == model.score(X, y)
    with pytest.raises(ValueError, match=r"must have certified_radius.*got SVC"):
        CertifiedAccuracyDisplay.from_estimator(SVC().fit(X, y), X, y)
