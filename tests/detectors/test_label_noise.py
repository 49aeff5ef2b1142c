"""The label-noise detector against known flips, and under changes that should not matter."""

import os
import warnings

import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_digits, make_classification
from sklearn.metrics import f1_score, precision_score, recall_score
from sklearn.svm import SVC

from skpoison.attacks import GradientPoisoningAttack, LabelFlipAttack
from skpoison.datasets import load_images
from skpoison.detectors import LabelNoiseDetector
from skpoison.detectors import _label_noise as module
from skpoison.thresholds import LabelNoiseThreshold

X, Y = load_digits(return_X_y=True)
ORDER = np.random.RandomState(0).permutation(len(Y))
X, Y = X[ORDER], Y[ORDER]
ROWS = slice(0, 600)


def flip(y, rate, seed=0):
    """Labels with a share of them replaced by any other class, and which."""
    rng = np.random.RandomState(seed)
    wrong = rng.permutation(len(y)) < round(rate * len(y))
    classes, codes = np.unique(y, return_inverse=True)
    step = rng.randint(1, len(classes), size=len(y))
    return classes[(codes + wrong * step) % len(classes)], wrong


def flags(X, y, seed=0, **params):
    return LabelNoiseDetector(random_state=seed, **params).fit_predict(X, y) == -1


def jaccard(one, other):
    return (one & other).sum() / max(1, (one | other).sum())


@pytest.fixture(scope="module")
def noisy():
    y, wrong = flip(Y[ROWS], 0.1)
    return X[ROWS], y, wrong, LabelNoiseDetector(random_state=0).fit(X[ROWS], y)


@pytest.mark.parametrize("rate", [0.05, 0.2])
def test_flips_are_found_and_counted(rate):
    y, wrong = flip(Y[ROWS], rate)
    detector = LabelNoiseDetector(random_state=0).fit(X[ROWS], y)
    assert f1_score(wrong, detector.training_scores_ < detector.offset_) > 0.9
    assert detector.contamination_ == pytest.approx(rate, abs=0.02)
    low, high = detector.contamination_interval_
    assert low < rate < high


def test_one_class_that_becomes_the_next_is_found_too():
    rng = np.random.RandomState(0)
    wrong = rng.uniform(size=len(Y)) < 0.1
    y = (Y + wrong) % 10
    detector = LabelNoiseDetector(random_state=0).fit(X, y)
    assert detector.fitted_threshold_.noise_ == "pair"
    assert f1_score(wrong, detector.training_scores_ < detector.offset_) > 0.9
    matrix = detector.fitted_threshold_.transition_matrix_
    expected = 0.9 * np.eye(10) + 0.1 * np.roll(np.eye(10), 1, axis=1)
    np.testing.assert_allclose(matrix, expected, atol=0.06)


def test_where_labels_are_right_nothing_is_flagged():
    detector = LabelNoiseDetector(random_state=0).fit(X[ROWS], Y[ROWS])
    assert (detector.predict(X[ROWS], Y[ROWS]) == 1).all()
    assert detector.contamination_ == 0 == detector.contamination_interval_[0]


def test_classes_that_overlap_are_not_taken_for_noise():
    """Two Gaussians of which the best classifier errs on a fifth of the rows."""
    flagged, silent = [], []
    for seed in range(8):
        rng = np.random.RandomState(seed)
        y = rng.randint(2, size=400)
        rows = rng.normal(size=(400, 4))
        rows[:, 0] += 1.68 * y
        detector = LabelNoiseDetector(random_state=0).fit(rows, y)
        flagged.append((detector.training_scores_ < detector.offset_).mean())
        silent.append(detector.contamination_interval_[0] == 0)
    assert np.mean(flagged) <= 0.03 and np.mean(silent) >= 0.7


def test_random_labels_are_not_taken_for_noise():
    n_flagged = []
    for seed in range(8):
        rng = np.random.RandomState(seed)
        n_flagged.append(flags(rng.normal(size=(120, 5)), rng.randint(2, size=120)).sum())
    assert np.mean(np.equal(n_flagged, 0)) >= 0.75


def test_a_rare_class_is_left_in_peace_and_its_flips_are_found():
    rare = Y == 8
    keep = ~rare | (np.cumsum(rare) <= 50)
    rows, labels = X[keep], Y[keep]
    assert flags(rows, labels)[labels == 8].mean() <= 0.1
    y, wrong = flip(labels, 0.02)
    flagged = flags(rows, y)
    assert f1_score(wrong, flagged) > 0.8
    assert flagged[(labels == 8) & ~wrong].mean() <= 0.1


def change_units(X):
    factors = 10.0 ** np.random.RandomState(0).randint(-3, 4, X.shape[1])
    return factors * (X + np.arange(X.shape[1]))


@pytest.mark.parametrize(
    "change",
    [change_units, lambda X: X.astype(np.float32), lambda X: X.astype(np.uint8)],
    ids=["units", "float32", "uint8"],
)
def test_units_and_types_of_the_columns_do_not_matter(noisy, change):
    rows, y, _, detector = noisy
    flagged = detector.training_scores_ < detector.offset_
    assert jaccard(flags(change(rows), y), flagged) >= 0.98


def test_neither_order_nor_names_nor_copies_matter(noisy):
    """The approximation and the halves are drawn anew: nearly the same rows are flagged."""
    rows, y, _, detector = noisy
    flagged = detector.training_scores_ < detector.offset_
    order = np.random.RandomState(1).permutation(len(y))
    assert jaccard(flags(rows[order], y[order]), flagged[order]) >= 0.9
    names = np.array([f"class {9 - label}" for label in y])
    assert jaccard(flags(rows, names), flagged) >= 0.9
    again = np.random.RandomState(2).choice(len(y), 60, replace=False)
    twice = flags(np.vstack([rows, rows[again]]), np.append(y, y[again]))
    np.testing.assert_array_equal(twice[len(y) :], twice[again])
    assert jaccard(twice[: len(y)], flagged) >= 0.9
    assert jaccard(flags(rows, y, seed=1), flagged) >= 0.9


def test_one_seed_one_verdict_and_the_global_state_is_left_alone(noisy):
    rows, y, _, detector = noisy
    np.random.seed(0)
    again = LabelNoiseDetector(random_state=0).fit(rows, y)
    assert np.random.uniform() == np.random.RandomState(0).uniform()
    np.testing.assert_array_equal(again.training_scores_, detector.training_scores_)


def test_rows_that_were_fitted_keep_their_scores(noisy):
    rows, y, _, detector = noisy
    for copy in (rows, rows.astype(np.float32), rows.astype(int)):
        np.testing.assert_array_equal(detector.score_samples(copy, y), detector.training_scores_)


def test_new_rows_are_judged_by_a_detector_of_trusted_ones():
    detector = LabelNoiseDetector(random_state=0).fit(X[ROWS], Y[ROWS])
    y, wrong = flip(Y[600:1100], 0.1)
    flagged = detector.predict(X[600:1100], y) == -1
    assert recall_score(wrong, flagged) > 0.8 and precision_score(wrong, flagged) > 0.9
    with pytest.warns(UserWarning, match="labels not seen in fit"):
        unknown = detector.predict(X[600:610], np.full(10, 77))
    assert (unknown == -1).all()


def test_wrong_labels_lose_their_weight_before_the_second_round(noisy):
    _, _, wrong, detector = noisy
    assert detector.trust_.shape == wrong.shape
    assert detector.trust_[wrong].mean() < 0.4 < 0.9 < detector.trust_[~wrong].mean()


def test_trees_join_where_there_are_rows_enough():
    few = LabelNoiseDetector(random_state=0).fit(X[:299], Y[:299])
    more = LabelNoiseDetector(random_state=0).fit(X[:300], Y[:300])
    assert set(few.weights_) == {"linear", "rbf"}
    assert set(more.weights_) == {"linear", "rbf", "trees"}
    assert all(weight > 0 for weight in more.weights_.values())


def test_near_duplicates_with_wrong_labels_do_not_confirm_each_other():
    rng = np.random.RandomState(0)
    clean = np.repeat([0.0, 1.0], 50)[:, np.newaxis] + rng.normal(size=(100, 50))
    crowd = clean[0] + 0.05 * rng.normal(size=(20, 50))
    rows, labels = np.concatenate([clean, crowd]), np.repeat([0, 1], [50, 70])
    verdict = LabelNoiseDetector(random_state=0, contamination=1 / 6).fit_predict(rows, labels)
    assert (verdict[100:] == -1).mean() > 0.9


@pytest.mark.parametrize(
    "rows",
    [np.ones((40, 3)), np.random.RandomState(0).normal(size=(40, 3)) * [1, 0, 1e140]],
    ids=["all rows equal", "a constant and a huge column"],
)
def test_columns_that_say_nothing(rows):
    detector = LabelNoiseDetector(random_state=0).fit(rows, np.arange(40) % 2)
    assert np.isfinite(detector.training_scores_).all()
    assert (detector.training_scores_ >= detector.offset_).all()


@pytest.mark.parametrize("labels", [[0, 1], [0, 0], [0, 1, 1], [0] * 9 + [1]])
def test_a_few_rows_prove_nothing(labels):
    rows = np.random.RandomState(0).normal(size=(len(labels), 2))
    detector = LabelNoiseDetector(random_state=0).fit(rows, labels)
    assert (detector.predict(rows, labels) == 1).all() and detector.contamination_ == 0
    assert np.isfinite(detector.class_scores(rows + 1)).all()


def test_nearly_as_many_classes_as_rows_are_taken_for_numbers():
    X, y = load_diabetes(return_X_y=True)  # whole numbers, 214 different ones in 442 rows
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*number of unique classes")
        with pytest.warns(UserWarning, match="ResidualDetector judges targets that are numbers"):
            detector = LabelNoiseDetector(random_state=0).fit(X, y)
    assert np.isfinite(detector.training_class_scores_).all()


def test_without_labels_rows_are_scored_by_their_neighbours_and_none_is_flagged():
    detector = LabelNoiseDetector(random_state=0).fit(X[:100])
    distances = np.sort(np.linalg.norm(X[:100, np.newaxis] - X[:100], axis=2), axis=1)
    np.testing.assert_allclose(
        detector.training_class_scores_, distances[:, 1:6].mean(axis=1, keepdims=True)
    )
    assert (detector.predict(X[:100]) == 1).all()


def test_a_share_or_another_rule_can_be_asked_for(noisy):
    rows, y, _, detector = noisy
    assert flags(rows, y, contamination=0.2).sum() == 120
    rule = LabelNoiseThreshold(noise="uniform")
    asked = LabelNoiseDetector(contamination=rule, random_state=0).fit(rows, y)
    by_hand = rule.fit(asked.training_class_scores_, np.searchsorted(asked.classes_, y))
    assert asked.contamination_ == by_hand.contamination_ > 0
    np.testing.assert_array_equal(asked.training_class_scores_, detector.training_class_scores_)


def test_gradient_poison_that_some_learners_follow_does_not_pass_for_overlap():
    """The temperature alone would explain it, as the rule by itself shows."""
    images, digits = load_digits(return_X_y=True)
    rows = np.flatnonzero(np.isin(digits, (3, 8)))
    rows = rows[np.random.RandomState(3).permutation(len(rows))[:300]]
    images, digits = images[rows] / 16, digits[rows]
    attack = GradientPoisoningAttack(SVC(kernel="linear"), rate=30, random_state=3)
    poisoned = attack.fit_resample(images[:100], digits[:100], images[100:], digits[100:])
    assert f1_score(attack.poison_mask_, flags(*poisoned)) > 0.8
    assert not flags(*poisoned, contamination=LabelNoiseThreshold()).any()


def poisoned_pool(images, y, n_sets, n_fitted):
    """Sets with optimal poison, together: rows, labels, and which are poison."""
    sets = []
    for part in range(n_sets):
        own = np.arange(part, len(y), n_sets)
        attack = GradientPoisoningAttack(SVC(kernel="linear"), rate=0.3, random_state=part)
        fitted, held_out = own[:n_fitted], own[n_fitted:]
        poisoned = attack.fit_resample(
            images[fitted], y[fitted], X_val=images[held_out], y_val=y[held_out]
        )
        sets.append((*poisoned, attack.poison_mask_))
    return map(np.concatenate, zip(*sets, strict=True))


def test_gradient_poison_of_many_sets_is_judged_by_the_learner_that_has_not_learnt_it():
    rows = np.isin(Y, (3, 8))
    images, y = X[rows] / 16, Y[rows]
    pool, labels, poison = poisoned_pool(images, y, 3, 80)
    assert f1_score(poison, flags(pool, labels)) > 0.8
    assert not flags(images, y).any()  # so many honest rows


@pytest.mark.skipif("SKPOISON_DATA" not in os.environ, reason="needs the images of MNIST")
def test_gradient_poison_that_is_a_group_does_not_pass_for_overlap():
    """The linear learner has seen it, and the likelihood of label noise takes it for overlap."""
    images = load_images("mnist", classes=(1, 7))
    rows = np.random.RandomState(0).permutation(len(images.target))[:2000]
    pool, labels, poison = poisoned_pool(images.data[rows], images.target[rows], 10, 100)
    detector = LabelNoiseDetector(random_state=0)
    verdict = detector.fit_predict(pool, labels)
    assert f1_score(poison, verdict == -1) > 0.8
    assert list(detector.learners_) == ["linear"]
    assert not flags(pool[~poison], labels[~poison]).any()


@pytest.mark.parametrize("seed", [1, 2])
def test_where_no_line_divides_the_classes_the_linear_learner_has_no_say(seed):
    rng = np.random.RandomState(seed)
    y = rng.randint(2, size=2000)
    radius = 0.4 + 0.5 * y + 0.1 * rng.randn(2000)
    angle = rng.uniform(0, 2 * np.pi, size=2000)
    rings = np.c_[radius * np.cos(angle) + 0.15 * y, radius * np.sin(angle)]
    assert not flags(rings, y).any()
    noisy, wrong = flip(y, 0.1)
    assert f1_score(wrong, flags(rings, noisy)) > 0.8


def test_a_group_of_one_class_amid_another_does_not_turn_all_labels_over():
    rng = np.random.RandomState(1)
    y = rng.randint(2, size=1000)
    X = rng.randn(1000, 2)
    X[:, 0] += np.where(y == 1, 4, -4)
    amid = (y == 1) & (rng.uniform(size=1000) < 0.4)
    X[amid] = rng.randn(amid.sum(), 2) - [10, 0]
    detector = LabelNoiseDetector(random_state=0)
    verdict = detector.fit_predict(X, y)
    assert not (verdict[~amid] == -1).any()
    assert detector.contamination_ < 0.5


def test_few_components_and_trees_still_work(noisy):
    rows, y, wrong, _ = noisy
    detector = LabelNoiseDetector(n_components=1, n_trees=10, random_state=0).fit(rows, y)
    assert np.isfinite(detector.training_scores_).all()
    assert np.median(detector.training_scores_[wrong]) < np.median(detector.training_scores_)


def test_progress_is_shown_where_it_is_asked_for(capsys):
    flags(X[:300], Y[:300], verbose=1)
    assert "learners: 100%" in capsys.readouterr().err
    flags(X[:300], Y[:300])
    assert capsys.readouterr().err == ""


def test_an_interrupt_stops_at_once(monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(module.HalfForest, "fit_predict", interrupt)
    detector = LabelNoiseDetector(random_state=0)
    with pytest.raises(KeyboardInterrupt):
        detector.fit(X[:300], Y[:300])
    assert not hasattr(detector, "training_scores_")


@pytest.mark.parametrize("params", [{"n_components": 0}, {"n_trees": 0}, {"contamination": 0.7}])
def test_parameters_out_of_range_are_named(params):
    (name,) = params
    with pytest.raises(ValueError, match=f"'{name}' parameter of LabelNoiseDetector"):
        LabelNoiseDetector(**params).fit(X[:20], Y[:20])


def test_attacks_and_detector_speak_the_same_language():
    attack = LabelFlipAttack(rate=0.1, random_state=0)
    X_poisoned, y_poisoned = attack.fit_resample(X[ROWS], Y[ROWS])
    flagged = flags(X_poisoned, y_poisoned)
    assert f1_score(attack.poison_mask_, flagged) > 0.9


def test_the_linear_learner_is_not_asked_alone_where_the_sum_shows_nearly_as_much():
    """Some of 8,000 rows in six clusters: the learners' shares differ by less than they err."""
    X, y = make_classification(
        8000, 20, n_informative=8, n_redundant=0, n_classes=3, class_sep=2, flip_y=0, random_state=5
    )
    rng = np.random.RandomState(5)
    wrong = rng.uniform(size=len(y)) < 0.2
    labels = np.where(wrong, (y + rng.randint(1, 3, len(y))) % 3, y)
    detector = LabelNoiseDetector(n_components=200, n_trees=20, random_state=0)
    flagged = detector.fit_predict(X, labels) == -1
    assert all(weight > 0 for weight in detector.weights_.values())
    assert f1_score(wrong, flagged) > 0.87
