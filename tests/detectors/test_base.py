"""What all detectors have in common, shown on the simplest one."""

import warnings

import numpy as np
import pytest
from sklearn.base import clone

from skpoison.detectors import (
    BasePoisonDetector,
    CentroidDetector,
    KNNDetector,
    MarginDetector,
)
from skpoison.thresholds import (
    FixedThreshold,
    GaussianMixtureThreshold,
    QuantileThreshold,
    SecondComponentThreshold,
)

RNG = np.random.RandomState(0)
X = np.concatenate([RNG.normal(0, 1, (50, 3)), RNG.normal(9, 1, (50, 3)), RNG.normal(9, 1, (8, 3))])
Y = np.repeat(["a", "b", "a"], [50, 50, 8])


def test_wrong_labels_are_seen_only_with_labels():
    detector = CentroidDetector(random_state=0).fit(X, Y)
    assert (detector.predict(X, Y) == np.repeat([1, -1], [100, 8])).all()
    with pytest.warns(UserWarning, match="predict got no y"):
        assert (detector.predict(X) == 1).all()


def test_score_is_f1_where_the_truth_is_given():
    detector = CentroidDetector(random_state=0).fit(X, Y)
    mask = np.arange(108) >= 98  # eight of ten are found, and nothing else
    assert detector.score(X, Y, poison_mask=mask) == pytest.approx(2 * 8 / (8 + 10))
    with pytest.warns(UserWarning, match="poison_mask.*make_recovery_scorer"):
        assert np.isnan(detector.score(X, Y))


def test_a_detector_that_does_not_judge_labels_needs_none():
    class FarFromTheOrigin(BasePoisonDetector):
        def _fit_scores(self, X, y, random_state):
            return self._scores(X)

        def _scores(self, X):
            return np.linalg.norm(X, axis=1, keepdims=True)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        CentroidDetector().fit(X).predict(X)
        detector = FarFromTheOrigin(contamination=0.1).fit(X, Y)
        assert (detector.predict(X) == detector.predict(X, Y)).all()


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
        (X, X[:, 0], "one per row"),
    ],
)
def test_bad_data_is_refused(rows, labels, message):
    with pytest.raises(ValueError, match=message):
        CentroidDetector().fit(rows, labels)


@pytest.mark.parametrize("contamination", [0, 0.6, "most", SecondComponentThreshold])
def test_contamination_out_of_range_is_named(contamination):
    with pytest.raises(ValueError, match="'contamination' parameter of CentroidDetector"):
        CentroidDetector(contamination=contamination).fit(X, Y)


class Counting(BasePoisonDetector):
    """Scores rows by their first column and counts those that it scores as new ones."""

    auto_threshold = FixedThreshold(20.0)

    def _fit_scores(self, X, y, random_state):
        self.n_scored = 0
        return X[:, :1] + 100  # not what `_scores` says

    def _scores(self, X):
        self.n_scored += len(X)
        return X[:, :1]


def test_training_rows_are_looked_up():
    detector = Counting().fit(X, Y)
    np.testing.assert_array_equal(detector.score_samples(X, Y), detector.training_scores_)
    for judge in (detector.predict, detector.decision_function, detector.poison_probability):
        judge(X, Y), judge(X)
    np.testing.assert_array_equal(detector.class_scores(X[::-1]), X[::-1, :1] + 100)
    assert detector.n_scored == 0
    mixed = np.concatenate([X[:5], X[:5] + 1])
    expected = np.append(X[:5, 0] + 100, X[:5, 0] + 1)
    np.testing.assert_array_equal(-detector.score_samples(mixed), expected)
    assert detector.n_scored == 5


@pytest.mark.parametrize("detector", [CentroidDetector(), KNNDetector(), MarginDetector()])
def test_a_copy_in_single_precision_is_judged_as_in_training(detector):
    detector = clone(detector).set_params(random_state=0)
    verdict = detector.fit_predict(X, Y)
    single = X.astype(np.float32)
    np.testing.assert_array_equal(detector.score_samples(single, Y), detector.training_scores_)
    np.testing.assert_array_equal(detector.predict(single, Y), verdict)


COPIES = {
    "single precision": lambda X: X.astype(np.float32),
    "big-endian": lambda X: X.astype(">f8"),
    "column by column": np.asfortranarray,
    "negative zeros": lambda X: np.where(X == 0, -0.0, X),
    "every other of more rows": lambda X: np.repeat(X, 2, axis=0)[::2],
}


@pytest.mark.filterwarnings("ignore:overflow")
@pytest.mark.parametrize("with_gaps", [False, True])
@pytest.mark.parametrize("copy", COPIES)
def test_training_rows_are_known_again_in_any_form(copy, with_gaps):
    """0, numbers that single precision rounds or cannot hold, and numbers beside a gap."""
    rows = X[:40].copy()
    rows[::3, 0], rows[1, 0], rows[2, 0] = 0.0, 0.1, 1e-50
    if with_gaps:
        rows[::2, 1] = np.nan
        rows[1::4, 1] = -np.float64(np.nan)
    detector = CentroidDetector().fit(rows, Y[:40])
    again = COPIES[copy](rows)
    np.testing.assert_array_equal(detector.score_samples(again, Y[:40]), detector.training_scores_)


@pytest.mark.parametrize("detector", [KNNDetector(3), MarginDetector()])
def test_equal_rows_under_two_labels_are_judged_as_in_training(detector):
    rows, labels = np.concatenate([X, X[:9]]), np.append(Y, ["b"] * 9)
    detector = clone(detector).set_params(random_state=0).fit(rows, labels)
    np.testing.assert_array_equal(detector.score_samples(rows, labels), detector.training_scores_)


def test_rows_under_unknown_labels_are_flagged_and_others_judged():
    detector = CentroidDetector().fit(X, Y)
    labels = np.where(np.arange(len(Y)) == 3, "z", Y)
    others = labels != "z"
    with pytest.warns(UserWarning, match=r"not seen in fit: \['z'\], in 1 rows"):
        scores = detector.score_samples(X, labels)
    assert scores[3] == -np.inf
    np.testing.assert_array_equal(scores[others], detector.training_scores_[others])
    with pytest.warns(UserWarning, match="not seen in fit"):
        verdict = detector.predict(X, labels)
    np.testing.assert_array_equal(verdict[others], detector.predict(X, Y)[others])
    assert verdict[3] == -1
    with pytest.warns(UserWarning, match="not seen in fit"):
        assert detector.poison_probability(X[:2], ["z", "zz"]).tolist() == [1, 1]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        detector.predict(X, Y)


def test_a_rule_is_cloned_and_fitted_to_the_anomaly_scores():
    rule = SecondComponentThreshold(min_likelihood_ratio=3)
    detector = CentroidDetector(contamination=rule).fit(X, Y)
    assert not hasattr(rule, "threshold_") and detector.contamination is rule
    by_hand = clone(rule).fit(-detector.training_scores_)
    assert detector.offset_ == -by_hand.threshold_ == -detector.fitted_threshold_.threshold_
    assert detector.contamination_ == by_hand.contamination_ > 0
    assert detector.contamination_interval_ == by_hand.contamination_interval_
    np.testing.assert_array_equal(
        detector.poison_probability(X, Y), by_hand.poison_probability(-detector.training_scores_)
    )


def test_a_gaussian_mixture_is_the_one_fitted_by_hand():
    detector = CentroidDetector(contamination=GaussianMixtureThreshold(random_state=5)).fit(X, Y)
    by_hand = GaussianMixtureThreshold(random_state=5).fit(-detector.training_scores_)
    np.testing.assert_array_equal(
        detector.predict(X, Y) == -1, -detector.training_scores_ > by_hand.threshold_
    )
    # without a seed of its own the rule has the detector's
    first, second = (
        CentroidDetector(contamination=GaussianMixtureThreshold(), random_state=1).fit(X, Y)
        for _ in range(2)
    )
    assert first.offset_ == second.offset_
    assert isinstance(first.fitted_threshold_.random_state, int)


def test_a_share_is_a_quantile():
    share, rule = (
        CentroidDetector(contamination=contamination).fit(X, Y)
        for contamination in (0.2, QuantileThreshold(0.2))
    )
    assert share.offset_ == rule.offset_


def test_auto_is_the_rule_of_the_class():
    detector = CentroidDetector().fit(X, Y)
    assert detector.fitted_threshold_.get_params() == {"min_likelihood_ratio": 12.0}
    assert detector.fitted_threshold_ is not CentroidDetector.auto_threshold
    assert not hasattr(CentroidDetector.auto_threshold, "threshold_")
    assert isinstance(Counting().fit(X).fitted_threshold_, FixedThreshold)


def test_parameters_of_a_rule_can_be_searched():
    detector = CentroidDetector(contamination=SecondComponentThreshold())
    detector.set_params(contamination__min_likelihood_ratio=1e6)
    assert (detector.fit_predict(X, Y) == 1).all()
    detector.set_params(contamination__min_likelihood_ratio=10)
    assert (detector.fit_predict(X, Y) == -1).sum() == 8


def test_parameters_of_a_rule_are_checked():
    with pytest.raises(ValueError, match="'share' parameter of QuantileThreshold"):
        CentroidDetector(contamination=QuantileThreshold(0.9)).fit(X, Y)
