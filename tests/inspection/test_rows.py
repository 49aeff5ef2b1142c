"""The table of suspicious rows against the detector's own methods and the known truth."""

import warnings

import numpy as np
import pandas as pd
import pytest
from imblearn.pipeline import make_pipeline as make_imblearn_pipeline
from sklearn.datasets import load_digits
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from skpoison.detectors import CentroidDetector, EnsembleDetector, ReconstructionDetector
from skpoison.inspection import suspicious_rows
from skpoison.pipeline import make_pipeline as make_detector_pipeline

X, TRUE = load_digits(n_class=3, return_X_y=True)
X, TRUE = X[:300] / 16, np.array(["zero", "one", "two"])[TRUE[:300]]
WRONG = np.array([3, 40, 77, 78, 120, 151, 188, 203, 244, 299])
Y = TRUE.copy()
Y[WRONG] = np.where(TRUE[WRONG] == "zero", "one", "zero")


@pytest.fixture(scope="module")
def ensemble():
    return EnsembleDetector(random_state=0).fit(X, Y)


def test_wrong_labels_are_listed_with_the_right_ones(ensemble):
    table = suspicious_rows(ensemble, X, Y)
    assert set(WRONG) <= set(table.index)
    np.testing.assert_array_equal(table.loc[WRONG, "given_label"], Y[WRONG])
    np.testing.assert_array_equal(table.loc[WRONG, "suggested_label"], TRUE[WRONG])
    assert (table.loc[WRONG, "label_noise"] > 0.5).all()
    assert table.index[: len(WRONG)].isin(WRONG).all()


def test_it_lists_what_the_detector_flags_in_the_order_of_its_scores(ensemble):
    everything = suspicious_rows(ensemble, X, Y, n_rows=len(X))
    np.testing.assert_allclose(-everything["anomaly_score"], np.sort(ensemble.training_scores_))
    flagged = ensemble.predict(X, Y) == -1
    np.testing.assert_array_equal(everything["flagged"].sort_index(), flagged)
    pd.testing.assert_frame_equal(everything[: flagged.sum()], suspicious_rows(ensemble, X, Y))
    assert len(suspicious_rows(ensemble, X, Y, n_rows=2)) == 2


def test_names_of_the_rows_are_kept():
    frame = pd.DataFrame(X, index=[f"row {number}" for number in range(len(X))])
    detector = CentroidDetector(contamination=0.1).fit(X, Y)
    by_name = suspicious_rows(detector, frame.to_numpy(), Y).index
    assert suspicious_rows(detector, frame, Y).index.equals("row " + by_name.astype(str))


def test_nothing_flagged_is_an_empty_table_with_all_columns():
    detector = CentroidDetector().fit(X, TRUE)
    table = suspicious_rows(detector, X, TRUE)
    assert table.shape == (0, 5)
    assert list(table) == list(suspicious_rows(detector, X, TRUE, n_rows=3))


def test_a_detector_that_is_blind_to_labels_suggests_no_other():
    detector = ReconstructionDetector(epochs=2, contamination=0.2, random_state=0).fit(X, Y)
    table = suspicious_rows(detector, X, Y)
    assert (table["given_label"] == table["suggested_label"]).all()


def test_bad_input_is_refused(ensemble):
    with pytest.raises(NotFittedError):
        suspicious_rows(EnsembleDetector(), X, Y)
    for n_rows in [-1, 2.5, "all"]:
        with pytest.raises(ValueError, match=f"n_rows={n_rows!r}"):
            suspicious_rows(ensemble, X, Y, n_rows=n_rows)
    with pytest.raises(TypeError, match=r"one of skpoison.detectors.*got SVC"):
        suspicious_rows(make_pipeline(StandardScaler(), SVC()).fit(X, Y), X, Y)
    with pytest.raises(ValueError, match="inconsistent"):
        suspicious_rows(ensemble, X, Y[:-1])
    with pytest.raises(ValueError, match="fitted without labels"):
        suspicious_rows(CentroidDetector().fit(X), X, Y)


def test_columns_are_those_of_the_public_methods():
    detector = CentroidDetector(contamination=0.1).fit(X, Y)
    new, labels = X + 0.01, np.roll(Y, 1)
    table = suspicious_rows(detector, new, labels, n_rows=len(X)).sort_index()
    np.testing.assert_array_equal(table["anomaly_score"], -detector.score_samples(new, labels))
    np.testing.assert_array_equal(table["flagged"], detector.predict(new, labels) == -1)
    np.testing.assert_array_equal(
        table["poison_probability"], detector.poison_probability(new, labels)
    )
    under_each = np.stack(
        [detector.score_samples(new, np.full(len(X), c)) for c in detector.classes_]
    )
    np.testing.assert_array_equal(
        table["suggested_label"], detector.classes_[under_each.argmax(axis=0)]
    )


def test_rows_under_unknown_labels_are_flagged_and_get_a_suggestion():
    detector = CentroidDetector(contamination=0.1).fit(X, Y)
    labels = np.where(np.arange(len(X)) == 9, "three", Y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        table = suspicious_rows(detector, X, labels)
    first = table.iloc[0]
    assert table.index[0] == 9 and first["given_label"] == "three" and first["flagged"]
    assert first["suggested_label"] == TRUE[9]
    assert np.isinf(first["anomaly_score"]) and first["poison_probability"] == 1


@pytest.mark.parametrize("make", [make_pipeline, make_imblearn_pipeline, make_detector_pipeline])
def test_a_pipeline_that_ends_in_a_detector_lists_what_the_detector_does(make):
    frame = pd.DataFrame(X, index=[f"row {number}" for number in range(len(X))])
    detector = CentroidDetector(contamination=0.1)
    pipeline = make(StandardScaler(), "passthrough", detector).fit(frame, Y)
    rows = StandardScaler().fit_transform(X)
    expected = suspicious_rows(CentroidDetector(contamination=0.1).fit(rows, Y), rows, Y)
    table = suspicious_rows(pipeline, frame, Y)
    pd.testing.assert_frame_equal(table, expected.set_axis("row " + expected.index.astype(str)))
    alone = suspicious_rows(make(detector), rows, Y)
    pd.testing.assert_frame_equal(alone, expected)


def test_known_rows_are_scored_no_more():
    class Counting(CentroidDetector):
        n_scored = 0

        def _scores(self, X):
            self.n_scored += len(X)
            return super()._scores(X)

    detector = Counting(contamination=0.1).fit(X, Y)
    detector.n_scored = 0
    suspicious_rows(detector, X, Y)
    assert detector.n_scored == 0
    suspicious_rows(detector, X + 0.01, Y)
    assert detector.n_scored == len(X)


@pytest.mark.parametrize("fitted_to_frame", [True, False])
def test_names_of_columns_give_no_warning(ensemble, fitted_to_frame):
    frame = pd.DataFrame(X, columns=[f"pixel {number}" for number in range(64)])
    detector = EnsembleDetector(random_state=0).fit(frame, Y) if fitted_to_frame else ensemble
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        of_frame = suspicious_rows(detector, frame, Y)
        of_array = suspicious_rows(detector, X, Y)
    pd.testing.assert_frame_equal(of_frame, of_array)
