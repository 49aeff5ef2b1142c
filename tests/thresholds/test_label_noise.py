"""Labels drawn from the very model of noise, and verdicts by Bayes' rule written out."""

import numpy as np
import pytest
from scipy.special import expit, softmax
from sklearn.base import clone
from sklearn.metrics import f1_score

from skpoison.thresholds import LabelNoiseThreshold


def uniform_noise(n_classes, share):
    matrix = np.full((n_classes, n_classes), share / (n_classes - 1))
    np.fill_diagonal(matrix, 1 - share)
    return matrix


ONE_WAY = np.array([[0.7, 0.3, 0], [0, 1, 0], [0, 0, 1]])  # class 0 becomes class 1


def draw(probability, rng):
    below = probability.cumsum(axis=1) / probability.sum(axis=1, keepdims=True)
    return (below > rng.uniform(size=(len(below), 1))).argmax(axis=1)


def simulate(n_rows, noise, seed=0, temperature=1.0, spread=3.0):
    """Scores under each label, the labels seen and the true ones."""
    rng = np.random.RandomState(seed)
    logits = rng.normal(scale=spread, size=(n_rows, len(noise)))
    true = draw(softmax(temperature * logits, axis=1), rng)
    return -logits, draw(noise[true], rng), true


def posterior(rule, scores):
    """Probability (n_samples, true class, label seen) by Bayes' rule, for each label."""
    joint = softmax(-rule.temperature_ * scores, axis=1)[:, :, np.newaxis] * rule.transition_matrix_
    return joint / joint.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("seed", range(4))
def test_likelihood_ratio_is_that_of_the_best_temperatures_however_low(seed):
    """Beside a search over a fine grid of temperatures and shares; scores are in other units."""
    rng = np.random.RandomState(seed)
    logits = rng.normal(size=400)
    y = (rng.uniform(size=400) < expit(3 * logits)).astype(int)
    y[:20] = 1 - y[:20]
    rule = LabelNoiseThreshold(1.0, 0.5).fit(np.column_stack([30 * logits, np.zeros(400)]), y)

    steps = np.linspace(-6, 2, 801)
    right = expit(np.exp(steps)[:, np.newaxis] * 30 * logits * np.where(y == 1, 1, -1))
    prior = -np.log1p((steps / 0.5) ** 2)
    likelihoods = [
        (np.log((1 - share) * right + share * (1 - right)).sum(axis=1) + prior).max()
        for share in np.append(0, np.geomspace(1e-3, 0.5, 100))
    ]
    expected = 2 * (max(likelihoods) - likelihoods[0])
    assert rule.likelihood_ratio_ == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize("share", [0.02, 0.2])
def test_a_share_that_is_known_is_kept_and_the_temperature_suits_it_best(share):
    scores, y, _ = simulate(500, uniform_noise(3, 0.1), temperature=1.6)
    rule = LabelNoiseThreshold(temperature_scale=100, share=share).fit(scores, y)

    def likelihood(temperature):
        right = softmax(-temperature * scores, axis=1)[np.arange(500), y]
        return np.log((1 - share) * right + share / 2 * (1 - right)).sum()

    tried = np.geomspace(0.1, 10, 2000)
    best = tried[np.argmax([likelihood(temperature) for temperature in tried])]
    assert rule.contamination_ == share
    assert rule.temperature_ == pytest.approx(best, rel=0.01)
    np.testing.assert_allclose(rule.transition_matrix_, uniform_noise(3, share))
    low, high = rule.contamination_interval_  # what the labels say of it
    assert low <= 0.1 <= high


def best_flags(scores, y, noise, temperature=1.0):
    """Labels likelier wrong than right by the very model that drew them."""
    joint = softmax(-temperature * scores, axis=1) * noise[:, y].T
    return joint[np.arange(len(y)), y] < 0.5 * joint.sum(axis=1)


@pytest.mark.parametrize("n_classes, temperature", [(2, 1.0), (2, 1.4), (3, 0.7), (10, 1.0)])
def test_share_of_uniform_noise_is_estimated_and_its_interval_covers_it(n_classes, temperature):
    covered, errors, lost = [], [], []
    for n_rows, share in [(300, 0.1), (300, 0.3), (1500, 0.1), (1500, 0.3)]:
        for seed in range(20):
            noise = uniform_noise(n_classes, share)
            scores, y, true = simulate(n_rows, noise, seed, temperature)
            rule = LabelNoiseThreshold().fit(scores, y)
            low, high = rule.contamination_interval_
            covered.append(low <= share <= high)
            if n_rows == 1500:
                assert rule.noise_ == "uniform"
                np.testing.assert_allclose(
                    rule.transition_matrix_, uniform_noise(n_classes, rule.contamination_)
                )
                errors.append(rule.contamination_ - np.mean(y != true))
                flagged = rule.anomaly_scores(scores, y) > rule.threshold_
                best = f1_score(y != true, best_flags(scores, y, noise, temperature))
                lost.append(best - f1_score(y != true, flagged))
    # of 80, at a level of 90 %; less where few rows leave the temperature to a prior that is off
    assert np.mean(covered) >= (0.8 if temperature == 1 else 0.7)
    assert abs(np.mean(errors)) < 0.015 and np.sqrt(np.mean(np.square(errors))) < 0.025
    assert abs(np.mean(lost)) < 0.02 and max(lost) < 0.15


@pytest.mark.parametrize("n_classes", [2, 3, 10])
def test_temperature_is_found_where_there_are_rows_enough(n_classes):
    scores, y, true = simulate(5000, uniform_noise(n_classes, 0.1), temperature=1.6)
    rule = LabelNoiseThreshold().fit(scores, y)
    assert rule.temperature_ == pytest.approx(1.6, rel=0.15)
    assert rule.contamination_ == pytest.approx(0.1, abs=0.015)
    low, high = rule.contamination_interval_
    assert low < np.mean(y != true) < high < low + 0.04


def test_the_prior_rules_where_there_are_few_rows_alone():
    scores, y, _ = simulate(2000, uniform_noise(3, 0.1), temperature=2.0)
    narrow, wide = (LabelNoiseThreshold(1.0, s).fit(scores, y) for s in (0.001, 1.0))
    assert wide.temperature_ == pytest.approx(2, rel=0.15)
    assert narrow.temperature_ == pytest.approx(2, rel=0.15)  # its tails yield to many rows
    for scale, tolerance in ((0.001, 0.001), (0.1, 0.1)):
        few = LabelNoiseThreshold(1.0, scale).fit(scores[:20], y[:20])
        assert few.temperature_ == pytest.approx(1, rel=tolerance)


@pytest.mark.parametrize("n_classes", [2, 3, 10])
@pytest.mark.parametrize("n_rows", [300, 3000])
def test_overlap_of_classes_is_not_taken_for_noise(n_classes, n_rows):
    """At most one draw in ten, as the level of the interval allows, and next to no row in it."""
    accepted, flagged, covered = [], [], []
    for seed in range(10):
        scores, y, _ = simulate(n_rows, np.eye(n_classes), seed, spread=2.0)
        rule = LabelNoiseThreshold().fit(scores, y)
        accepted.append(rule.noise_ != "none")
        flagged.append((rule.anomaly_scores(scores, y) > rule.threshold_).mean())
        covered.append(rule.contamination_interval_[0] == 0)
        if not accepted[-1]:
            assert rule.contamination_ == flagged[-1] == 0
            assert not rule.poison_probability(scores, y).any()
            np.testing.assert_array_equal(rule.transition_matrix_, np.eye(n_classes))
    assert np.mean(accepted) <= 0.1 and np.mean(flagged) < 0.003
    assert np.mean(covered) >= 0.9


@pytest.mark.parametrize("n_classes", [2, 3, 10])
@pytest.mark.parametrize("n_rows", [120, 2000])
def test_labels_drawn_by_lot_are_mostly_left_alone(n_classes, n_rows):
    """By chance, scores of a few rows may follow labels that mean nothing."""
    accepted = []
    for seed in range(10):
        rng = np.random.RandomState(seed)
        scores, y = rng.normal(size=(n_rows, n_classes)), rng.randint(n_classes, size=n_rows)
        rule = LabelNoiseThreshold().fit(scores, y)
        accepted.append(rule.noise_ != "none")
        flagged = rule.anomaly_scores(scores, y) > rule.threshold_
        assert flagged.any() == accepted[-1]
        assert rule.contamination_interval_[0] == 0 or accepted[-1]
    assert np.mean(accepted) <= 0.2


@pytest.mark.parametrize("shares", [[0.5, 0.5], [0.9, 0.1], [0.6, 0.3, 0.1]])
@pytest.mark.parametrize("prior", [False, True], ids=["equal", "shares of the classes"])
def test_scores_that_are_the_same_for_all_rows_flag_nothing(shares, prior):
    y = np.repeat(np.arange(len(shares)), np.round(1000 * np.array(shares)).astype(int))
    scores = np.tile(-np.log(shares) if prior else np.ones(len(shares)), (1000, 1))
    rule = LabelNoiseThreshold().fit(scores, y)
    assert not (rule.anomaly_scores(scores, y) > rule.threshold_).any()
    assert rule.contamination_ == 0 and rule.contamination_interval_[0] == 0


@pytest.mark.parametrize("noise", [uniform_noise(3, 0.2), ONE_WAY], ids=["uniform", "pair"])
def test_scores_are_log_odds_by_bayes_rule(noise):
    scores, y, _ = simulate(2000, noise, spread=2.0)
    rule = LabelNoiseThreshold().fit(scores, y)
    rows = np.arange(2000)
    true_class = posterior(rule, scores)
    right = true_class[rows, y, y]
    with np.errstate(divide="ignore"):
        expected = np.log(1 - right) - np.log(right)
    sure = 1 - right < 1e-9  # the difference to 1 has lost its digits
    np.testing.assert_allclose(rule.anomaly_scores(scores, y)[~sure], expected[~sure], atol=1e-6)
    assert (rule.anomaly_scores(scores, y)[sure] < -20).all()
    np.testing.assert_array_equal(rule.log_odds(scores, y), rule.anomaly_scores(scores, y))
    np.testing.assert_allclose(rule.poison_probability(scores, y), 1 - right, atol=1e-9)
    assert rule.threshold_ == 0
    of_labels = rule.predict_label_proba(scores, y)
    np.testing.assert_allclose(of_labels, true_class[rows, :, y], atol=1e-12)
    np.testing.assert_allclose(of_labels.sum(axis=1), 1)
    # without labels each row is judged under the one that suits it best
    under_each = [rule.anomaly_scores(scores, np.full(2000, label)) for label in range(3)]
    np.testing.assert_allclose(rule.anomaly_scores(scores), np.min(under_each, axis=0))
    # the share is the mean probability of a wrong label, up to where the prior pulls
    assert rule.contamination_ == pytest.approx(np.mean(1 - right), abs=0.01)


@pytest.mark.parametrize("seed", range(3))
def test_one_class_that_becomes_another_is_noise_of_pairs(seed):
    scores, y, true = simulate(3000, ONE_WAY, seed)
    rule = LabelNoiseThreshold().fit(scores, y)
    assert rule.noise_ == "pair"
    np.testing.assert_allclose(rule.transition_matrix_, ONE_WAY, atol=0.06)
    np.testing.assert_allclose(rule.transition_matrix_.sum(axis=1), 1)
    assert rule.contamination_ == pytest.approx(np.mean(y != true), abs=0.015)
    low, high = rule.contamination_interval_
    assert low < np.mean(y != true) < high
    flagged = rule.anomaly_scores(scores, y) > rule.threshold_
    assert np.mean(y[flagged] == 1) > 0.99
    best = best_flags(scores, y, ONE_WAY)
    assert f1_score(y != true, flagged) > f1_score(y != true, best) - 0.02
    uniform = LabelNoiseThreshold(noise="uniform").fit(scores, y)
    assert uniform.noise_ == "uniform"


@pytest.mark.parametrize("n_classes", [2, 3])
def test_uniform_noise_is_not_taken_for_noise_of_pairs(n_classes):
    for seed in range(5):
        scores, y, _ = simulate(2000, uniform_noise(n_classes, 0.2), seed)
        assert LabelNoiseThreshold().fit(scores, y).noise_ == "uniform"


def test_noise_of_pairs_can_be_asked_for():
    noise = uniform_noise(3, 0.2)
    scores, y, true = simulate(3000, noise)
    rule = LabelNoiseThreshold(noise="pair").fit(scores, y)
    assert rule.noise_ == "pair"
    np.testing.assert_allclose(rule.transition_matrix_, noise, atol=0.05)
    assert rule.contamination_ == pytest.approx(np.mean(y != true), abs=0.02)


def test_sharpening_multiplies_the_temperature_of_pairs_alone():
    scores, y, _ = simulate(3000, ONE_WAY)
    plain = LabelNoiseThreshold(noise="pair").fit(scores, y)
    sharp = LabelNoiseThreshold(sharpening=2).fit(scores, y)
    assert sharp.noise_ == "pair"
    assert sharp.temperature_ == pytest.approx(2 * plain.temperature_)
    scores, y, _ = simulate(3000, uniform_noise(3, 0.2))
    plain, sharp = (LabelNoiseThreshold(sharpening=s).fit(scores, y) for s in (1, 2))
    assert sharp.temperature_ == plain.temperature_


@pytest.mark.parametrize("noise", [uniform_noise(3, 0.2), ONE_WAY, np.eye(3)])
def test_names_of_classes_and_the_level_of_a_row_do_not_matter(noise):
    scores, y, _ = simulate(2000, noise)
    rule = LabelNoiseThreshold().fit(scores, y)

    codes = np.array([2, 0, 1])  # class k becomes codes[k]
    recoded_scores = np.empty_like(scores)
    recoded_scores[:, codes] = scores
    recoded = clone(rule).fit(recoded_scores, codes[y])
    matrix = recoded.transition_matrix_[np.ix_(codes, codes)]
    np.testing.assert_allclose(matrix, rule.transition_matrix_, atol=1e-4)
    log_odds = rule.log_odds(scores, y)
    np.testing.assert_allclose(
        recoded.log_odds(recoded_scores, codes[y]), log_odds, rtol=1e-3, atol=1e-3
    )

    moved_scores = scores + np.random.RandomState(1).normal(scale=100, size=(2000, 1))
    moved = clone(rule).fit(moved_scores, y)
    np.testing.assert_allclose(moved.log_odds(moved_scores, y), log_odds, rtol=1e-3, atol=1e-3)
    assert moved.contamination_ == pytest.approx(rule.contamination_, abs=1e-4)


def test_new_rows_are_flagged_where_they_look_worse_than_all_of_honest_training_rows():
    scores, y, _ = simulate(2000, np.eye(3))
    rule = LabelNoiseThreshold().fit(scores, y)
    assert rule.noise_ == "none"
    new = np.array([[4.0, 0, 4], [50.0, 0, 50], [0, 50.0, 50]])
    assert (rule.anomaly_scores(new, [0, 0, 0]) > 0).tolist() == [False, True, False]
    np.testing.assert_array_equal(rule.poison_probability(new, [0, 0, 0])[[0, 2]], 0)
    assert rule.poison_probability(new, [0, 0, 0])[1] > 0.5


@pytest.mark.parametrize("y", [None, np.zeros(50, dtype=int)])
def test_a_single_column_flags_no_training_row(y):
    scores = np.append(np.random.RandomState(0).normal(size=49), 1000.0)
    rule = LabelNoiseThreshold().fit(scores, y)
    assert (rule.anomaly_scores(scores, y) <= rule.threshold_).all()
    assert rule.contamination_ == 0 and rule.contamination_interval_ == (0, 1)
    order = np.argsort(rule.anomaly_scores(scores, y))
    np.testing.assert_array_equal(order, np.argsort(scores))


@pytest.mark.parametrize("n_rows", [1, 2, 5])
def test_a_few_rows_prove_nothing(n_rows):
    scores, y, _ = simulate(n_rows, np.eye(3))
    for labels in (y, scores.argmax(axis=1), None):
        rule = LabelNoiseThreshold().fit(scores, labels)
        assert rule.contamination_ == 0 and not rule.poison_probability(scores, labels).any()


def test_many_rows_are_joined_without_a_trace():
    """Up to 2,000 rows the likelihood is that of each, beyond that of narrow bins."""
    scores, y, _ = simulate(2000, uniform_noise(3, 0.1))
    rule = LabelNoiseThreshold(temperature_scale=100.0).fit(scores, y)
    copies = clone(rule).fit(np.tile(scores, (3, 1)), np.tile(y, 3))
    assert copies.contamination_ == pytest.approx(rule.contamination_, abs=2e-3)
    assert copies.temperature_ == pytest.approx(rule.temperature_, rel=0.02)
    low, high = rule.contamination_interval_
    narrower = copies.contamination_interval_
    assert low < narrower[0] < 0.1 < narrower[1] < high
    ratio = (narrower[1] - narrower[0]) / (high - low)
    assert ratio == pytest.approx(1 / np.sqrt(3), abs=0.1)


@pytest.mark.parametrize(
    "params",
    [
        {"temperature": 0},
        {"temperature_scale": -1},
        {"noise": "none"},
        {"sharpening": 0},
        {"share": 0.6},
    ],
)
def test_parameters_out_of_range_are_named(params):
    (name,) = params
    with pytest.raises(ValueError, match=f"'{name}' parameter of LabelNoiseThreshold"):
        LabelNoiseThreshold(**params).fit(np.eye(3), [0, 1, 2])
