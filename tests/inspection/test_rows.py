"""The table of suspicious rows against the detector's own methods and the known truth."""

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_digits
from sklearn.exceptions import NotFittedError

from skpoison.detectors import CentroidDetector, EnsembleDetector, ReconstructionDetector
from skpoison.inspection import suspicious_rows

X, TRUE = load_digits(n_class=3, return_X_y=True)
X, TRUE = X[:150] / 16, np.array(["zero", "one", "two"])[TRUE[:150]]
WRONG = np.array([3, 40, 77, 78])
Y = TRUE.copy()
Y[WRONG] = np.where(TRUE[WRONG] == "zero", "one", "zero")


@pytest.fixture(scope="module")
def ensemble():
    return EnsembleDetector(random_state=0).fit(X, Y)


def test_wrong_labels_are_listed_with_the_right_ones(ensemble):
    table = suspicious_rows(ensemble, X, Y)
    assert set(WRONG) <= set(table.index)
    np.testing.assert_array_equal(table.loc[WRONG, "label"], Y[WRONG])
    np.testing.assert_array_equal(table.loc[WRONG, "likelier_label"], TRUE[WRONG])
    assert (table.loc[WRONG, "margin"] > 0.5).all()
    assert table.index[: len(WRONG)].isin(WRONG).all()


def test_it_lists_what_the_detector_flags_in_the_order_of_its_scores(ensemble):
    everything = suspicious_rows(ensemble, X, Y, n_rows=len(X))
    np.testing.assert_allclose(-everything["suspicion"], np.sort(ensemble.training_scores_))
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


def test_a_detector_that_is_blind_to_labels_knows_no_likelier_one():
    detector = ReconstructionDetector(epochs=2, contamination=0.2, random_state=0).fit(X, Y)
    table = suspicious_rows(detector, X, Y)
    assert (table["label"] == table["likelier_label"]).all()


def test_bad_input_is_refused(ensemble):
    with pytest.raises(NotFittedError):
        suspicious_rows(EnsembleDetector(), X, Y)
    with pytest.raises(ValueError, match="not seen in fit"):
        suspicious_rows(ensemble, X, np.where(Y == "two", "three", Y))
    with pytest.raises(ValueError, match="n_rows=-1"):
        suspicious_rows(ensemble, X, Y, n_rows=-1)
    with pytest.raises(ValueError, match="inconsistent"):
        suspicious_rows(ensemble, X, Y[:-1])
