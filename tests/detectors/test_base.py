"""What all detectors have in common, shown on the simplest one."""

import numpy as np
import pytest

from skpoison.detectors import CentroidDetector

RNG = np.random.RandomState(0)
X = np.concatenate([RNG.normal(0, 1, (50, 3)), RNG.normal(9, 1, (50, 3)), RNG.normal(9, 1, (8, 3))])
Y = np.repeat(["a", "b", "a"], [50, 50, 8])


def test_wrong_labels_are_seen_only_with_labels():
    detector = CentroidDetector(random_state=0).fit(X, Y)
    assert (detector.predict(X, Y) == np.repeat([1, -1], [100, 8])).all()
    assert (detector.predict(X) == 1).all()


@pytest.mark.parametrize("contamination", [0.05, 0.25, 0.5])
def test_contamination_is_the_share_of_training_rows_flagged(contamination):
    verdict = CentroidDetector(contamination=contamination).fit_predict(X, Y)
    assert (verdict == -1).sum() == pytest.approx(contamination * len(X), abs=1)


def test_fitted_without_labels_it_refuses_labels():
    detector = CentroidDetector().fit(X)
    assert detector.classes_.tolist() == [0]
    with pytest.raises(ValueError, match="fitted without labels"):
        detector.predict(X, Y)


@pytest.mark.parametrize(
    "rows, labels, message",
    [
        (np.where(X > 10, np.inf, X), Y, "infinity"),
        (X, Y[:5], "inconsistent numbers"),
        (X, X[:, 0], "Unknown label type"),
    ],
)
def test_bad_data_is_refused(rows, labels, message):
    with pytest.raises(ValueError, match=message):
        CentroidDetector().fit(rows, labels)


@pytest.mark.parametrize("contamination", [0, 0.6, "most"])
def test_contamination_out_of_range_is_named(contamination):
    with pytest.raises(ValueError, match="'contamination' parameter of CentroidDetector"):
        CentroidDetector(contamination=contamination).fit(X, Y)
