"""Threshold rules against closed forms, known densities and counts made by hand."""

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.stats import norm
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from skpoison.thresholds import (
    BaseThreshold,
    ConfidentLearningThreshold,
    FixedThreshold,
    GaussianMixtureThreshold,
    LabelNoiseThreshold,
    LogOddsThreshold,
    MADThreshold,
    QuantileThreshold,
    SecondComponentThreshold,
)

# Cut where the scores themselves say.
RELATIVE = [
    GaussianMixtureThreshold(random_state=0),
    MADThreshold(),
    QuantileThreshold(0.2),
    SecondComponentThreshold(),
]
ONE_SCORE = [*RELATIVE, FixedThreshold(0.5), LogOddsThreshold()]
RULES = [*ONE_SCORE, ConfidentLearningThreshold(), LabelNoiseThreshold()]
rules = pytest.mark.parametrize("rule", RULES, ids=lambda rule: type(rule).__name__)


def two_components(n_clean=100, n_poison=30, seed=3):
    rng = np.random.RandomState(seed)
    return np.append(rng.normal(-1, 0.3, n_clean), rng.normal(1, 0.3, n_poison))


@rules
@pytest.mark.parametrize("value, message", [(np.nan, "NaN"), (np.inf, "infinity")])
def test_scores_that_are_no_numbers_are_refused(rule, value, message):
    with pytest.raises(ValueError, match=f"scores contains {message}"):
        clone(rule).fit([1.0, value, 2.0])


@rules
def test_an_unfitted_rule_is_refused(rule):
    with pytest.raises(NotFittedError):
        clone(rule).poison_probability([1.0])


@rules
def test_of_no_rows_there_is_no_verdict(rule):
    scores, y = np.abs(np.random.RandomState(0).normal(size=(30, 2))), np.arange(30) % 2
    rule = clone(rule).fit(scores, y)
    assert rule.anomaly_scores(scores[:0], y[:0]).shape == (0,)
    assert rule.poison_probability(scores[:0], y[:0]).shape == (0,)
    with pytest.raises(ValueError, match="0 sample"):
        clone(rule).fit(scores[:0], y[:0])


@pytest.mark.parametrize(
    "y, message",
    [([0, 1], "2 labels for 3 rows"), ([0, 1, 2], "codes 0 to 1"), (["a", "b", "a"], "codes 0")],
)
def test_labels_that_do_not_fit_the_scores_are_refused(y, message):
    with pytest.raises(ValueError, match=message):
        QuantileThreshold().fit(np.eye(3, 2), y)


@pytest.mark.parametrize(
    "rule, name",
    [
        (FixedThreshold(np.inf), "threshold"),
        (MADThreshold(0), "n_deviations"),
        (QuantileThreshold(0.6), "share"),
        (SecondComponentThreshold(-1), "min_likelihood_ratio"),
    ],
)
def test_parameters_out_of_range_are_named(rule, name):
    with pytest.raises(ValueError, match=f"'{name}' parameter of {type(rule).__name__}"):
        rule.fit([1.0, 2.0])


@rules
def test_one_column_is_a_list_of_scores(rule):
    scores = two_components()
    one, other = clone(rule).fit(scores), clone(rule).fit(scores[:, np.newaxis])
    assert one.threshold_ == other.threshold_
    np.testing.assert_array_equal(
        one.poison_probability(scores), other.poison_probability(scores[:, np.newaxis])
    )


@pytest.mark.parametrize("rule", ONE_SCORE, ids=lambda rule: type(rule).__name__)
def test_scores_under_labels_are_those_of_the_label_or_the_lowest(rule):
    rng = np.random.RandomState(0)
    scores, y = rng.normal(size=(80, 3)), rng.randint(3, size=80)
    own = scores[np.arange(80), y]
    labelled, plain = clone(rule).fit(scores, y), clone(rule).fit(own)
    assert labelled.threshold_ == plain.threshold_
    np.testing.assert_array_equal(labelled.anomaly_scores(scores, y), own)
    np.testing.assert_array_equal(labelled.anomaly_scores(scores), scores.min(axis=1))
    assert clone(rule).fit(scores).threshold_ == clone(rule).fit(scores.min(axis=1)).threshold_


@rules
def test_a_new_rule_is_three_lines(rule):
    class Same(BaseThreshold):
        def _fit(self, scores, y):
            self._count_flagged(scores[:, 0], rule.fit(scores).threshold_)

    scores = two_components()
    assert Same().fit(scores).contamination_ == np.mean(scores > rule.fit(scores).threshold_)


@pytest.mark.parametrize("rule", [FixedThreshold(2.5), MADThreshold(), QuantileThreshold(0.25)])
def test_rules_without_a_model_of_the_share_count(rule):
    scores = np.append(np.arange(9.0), 100.0)
    rule.fit(scores)
    flagged = scores > rule.threshold_
    assert rule.contamination_ == flagged.mean()
    assert np.isnan(rule.contamination_interval_).all()
    np.testing.assert_array_equal(rule.poison_probability(scores), flagged)
    np.testing.assert_array_equal(rule.log_odds(scores), np.where(flagged, np.inf, -np.inf))


def test_log_odds_are_taken_as_they_are():
    scores = np.array([-40.0, -np.log(3), 0.0, np.log(4)])  # odds of 0, 1/3, 1 and 4
    rule = LogOddsThreshold().fit(scores)
    np.testing.assert_allclose(rule.poison_probability(scores), [0, 0.25, 0.5, 0.8], atol=1e-15)
    np.testing.assert_array_equal(rule.log_odds(scores), scores)
    assert rule.threshold_ == 0
    assert rule.contamination_ == pytest.approx(1.55 / 4)
    assert np.isnan(rule.contamination_interval_).all()


def test_a_given_threshold_is_kept():
    assert FixedThreshold(2.5).fit(np.arange(10.0)).threshold_ == 2.5
    assert FixedThreshold(2.5).fit(np.arange(10.0)).contamination_ == 0.7


@pytest.mark.parametrize("share", [0.01, 0.2, 0.5])
def test_a_given_share_lies_above(share):
    scores = np.random.RandomState(0).permutation(100).astype(float)
    assert QuantileThreshold(share).fit(scores).contamination_ == share


def test_median_absolute_deviations_of_a_normal_distribution_are_standard_deviations():
    scores = np.random.RandomState(0).normal(3, 2, 100_000)
    assert MADThreshold(4).fit(scores).threshold_ == pytest.approx(3 + 4 * 2, abs=0.1)


def test_outliers_do_not_move_the_median_absolute_deviation():
    # median 3, absolute deviations 2 1 0 1 97: their median is 1
    rule = MADThreshold(2).fit([1.0, 2, 3, 4, 100])
    assert rule.threshold_ == pytest.approx(3 + 2 * 1.4826, abs=1e-3)
    assert rule.contamination_ == 0.2


def test_mixture_cuts_where_two_well_separated_gaussians_are_equally_probable():
    rng = np.random.RandomState(0)
    scores = np.concatenate([rng.normal(0, 1, 70_000), rng.normal(8, 2, 30_000)])
    crossing = brentq(lambda t: 0.7 * norm.pdf(t, 0, 1) - 0.3 * norm.pdf(t, 8, 2), 0, 8)
    rule = GaussianMixtureThreshold(random_state=0).fit(scores)
    assert abs(rule.threshold_ - crossing) < 0.05
    density = 0.7 * norm.pdf(4.5, 0, 1), 0.3 * norm.pdf(4.5, 8, 2)
    expected = density[1] / sum(density)
    assert rule.poison_probability([4.5])[0] == pytest.approx(expected, abs=0.02)


def test_mixture_moves_with_the_scale_and_origin_of_the_scores():
    scores = two_components()
    cut = GaussianMixtureThreshold(random_state=0).fit(scores).threshold_
    moved = GaussianMixtureThreshold(random_state=0).fit(1e-6 * scores - 5).threshold_
    np.testing.assert_allclose(moved, 1e-6 * cut - 5, rtol=1e-9)


def test_far_scores_stay_poison_where_the_lower_component_is_wider():
    rng = np.random.RandomState(0)
    scores = np.append(rng.normal(0, 3, 300), rng.normal(12, 0.5, 100))
    rule = GaussianMixtureThreshold(random_state=0).fit(scores)
    probability = rule.poison_probability([12.0, 30.0])
    assert (probability >= 0.5).all() and (
        rule.anomaly_scores([12.0, 30.0]) > rule.threshold_
    ).all()


@pytest.mark.parametrize("scores", [np.full(10, 0.3), np.full(10, 0.1) * 3, [1.0]])
@pytest.mark.parametrize("rule", RELATIVE, ids=lambda rule: type(rule).__name__)
def test_equal_scores_flag_nothing(rule, scores):
    rule = clone(rule).fit(scores)
    assert rule.contamination_ == 0 and not rule.poison_probability(scores).any()


def test_global_random_state_is_left_alone():
    before = np.random.get_state()[1].copy()
    GaussianMixtureThreshold(random_state=0).fit(np.arange(20.0))
    np.testing.assert_array_equal(np.random.get_state()[1], before)
