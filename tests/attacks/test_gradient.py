"""Gradient poisoning as a sampler: what it promises, whatever the victim."""

import warnings

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, RidgeClassifier, SGDClassifier
from sklearn.svm import SVC, LinearSVC
from threadpoolctl import threadpool_info, threadpool_limits

from skpoison.attacks import GradientPoisoningAttack, LabelFlipAttack

VICTIMS = {
    "linear": SVC(kernel="linear"),
    "poly": SVC(kernel="poly", degree=2, coef0=1.0),
    "rbf": SVC(kernel="rbf"),
    "logistic": LogisticRegression(),
    "ridge": RidgeClassifier(),
    "squared hinge": LinearSVC(),
    "descent": SGDClassifier(random_state=0),
}


@pytest.fixture(scope="module")
def split(digits_pair):
    X, y = digits_pair
    return (X[:60], y[:60]), (X[60:160], y[60:160]), (X[160:], y[160:])


def quick(**kwargs):
    settings = {"rate": 10, "bounds": (0, 1), "max_iter": 15, "random_state": 0}
    return GradientPoisoningAttack(**(settings | kwargs))


def mean_hinge(victim, X, y, X_val, y_val):
    f = victim.fit(X, y).decision_function(X_val)
    return np.maximum(0, 1 - np.where(y_val == victim.classes_[1], f, -f)).mean()


@pytest.mark.parametrize("schedule", ["sequential", "joint"])
@pytest.mark.parametrize("name", VICTIMS)
def test_attack_lowers_accuracy_more_than_flips_do(name, schedule, split):
    (X, y), (X_val, y_val), (X_test, y_test) = split
    attack = quick(estimator=VICTIMS[name], schedule=schedule, rate=0.3)
    X_out, y_out = attack.fit_resample(X, y, X_val=X_val, y_val=y_val)
    sources = attack.sample_indices_[attack.poison_mask_]
    victim = VICTIMS[name]
    clean = victim.fit(X, y).score(X_test, y_test)
    X_flipped = np.vstack([X, X[sources]])
    flipped = victim.fit(X_flipped, y_out).score(X_test, y_test)
    poisoned = victim.fit(X_out, y_out).score(X_test, y_test)
    assert poisoned < clean - 0.05
    assert poisoned < flipped
    assert attack.objective_path_[-1] > 1.3 * attack.objective_path_[0]


@pytest.mark.parametrize("schedule", ["sequential", "joint"])
@pytest.mark.parametrize("kernel", ["linear", "rbf"])
def test_objective_is_the_retrained_victims_loss(kernel, schedule, split):
    (X, y), (X_val, y_val), _ = split
    victim = SVC(kernel=kernel, gamma=0.05, tol=1e-10)
    attack = quick(estimator=victim, schedule=schedule, n_sweeps=2)
    X_out, y_out = attack.fit_resample(X, y, X_val=X_val, y_val=y_val)
    assert attack.objective_path_[-1] == pytest.approx(
        mean_hinge(victim, X_out, y_out, X_val, y_val), abs=1e-4
    )
    assert (np.diff(attack.objective_path_) >= 0).all()


@pytest.mark.filterwarnings("ignore:.*did not move")
@pytest.mark.parametrize("labels", ["flip", "keep"])
def test_budget_bounds_and_labels(labels, split):
    (X, y), (X_val, y_val), _ = split
    attack = quick(labels=labels, bounds=(-0.1, 1.0))
    X_out, y_out = attack.fit_resample(X, y, X_val=X_val, y_val=y_val)
    np.testing.assert_array_equal(X_out[:60], X)
    assert attack.poison_mask_.sum() == 10
    assert X_out.min() >= -0.1 and X_out.max() <= 1.0
    sources = attack.sample_indices_[60:]
    if labels == "flip":
        assert (y_out[60:] != y[sources]).all()
    else:
        assert (sources == -1).all()


@pytest.mark.filterwarnings("ignore:.*did not move")
def test_keep_starts_from_attackers_rows_with_their_labels(split):
    (X, y), (X_val, y_val), _ = split
    attack = quick(labels="keep", max_iter=1, step_size=1e-9, noise=0.0)
    X_out, y_out = attack.fit_resample(X, y, X_val=X_val, y_val=y_val)
    distance = ((X_out[60:, None] - X_val) ** 2).sum(axis=2)
    assert distance.min(axis=1).max() < 1e-12
    np.testing.assert_array_equal(y_out[60:], y_val[distance.argmin(axis=1)])


@pytest.mark.filterwarnings("ignore:.*did not move")
def test_without_attackers_rows_sources_are_rows_of_x(split):
    (X, y), *_ = split
    for labels in ("flip", "keep"):
        attack = quick(labels=labels, max_iter=1, step_size=1e-9, noise=0.0, holdout=0.3)
        X_out, _ = attack.fit_resample(X, y)
        sources = attack.sample_indices_[60:]
        np.testing.assert_allclose(X_out[60:], X[sources], atol=1e-6)


def test_target_draws_the_attackers_rows_to_one_label(split):
    (X, y), (X_val, y_val), (X_test, y_test) = split
    X_val, y_val = X_val[y_val == 3], y_val[y_val == 3]
    victim = SVC(kernel="linear")
    before = (victim.fit(X, y).predict(X_test[y_test == 3]) == 8).mean()
    attack = quick(y_target=8, rate=0.3)
    X_out, y_out = attack.fit_resample(X, y, X_val=X_val, y_val=y_val)
    after = (victim.fit(X_out, y_out).predict(X_test[y_test == 3]) == 8).mean()
    assert (y_out[attack.poison_mask_] == 8).all()
    assert after > before + 0.2
    assert attack.objective_path_[-1] > attack.objective_path_[0]


@pytest.mark.filterwarnings("ignore:.*did not move")
@pytest.mark.parametrize("victim", [SVC(kernel="linear"), RidgeClassifier()])
def test_more_than_two_classes_with_names(victim):
    from sklearn.datasets import load_iris

    X, y = load_iris(return_X_y=True)
    names = np.array(["setosa", "versicolor", "virginica"])[y]
    attack = GradientPoisoningAttack(victim, rate=30, max_iter=30, random_state=0)
    X_out, y_out = attack.fit_resample(X[::2], names[::2], X_val=X[1::2], y_val=names[1::2])
    sources = attack.sample_indices_[75:]
    assert (y_out[75:] != names[::2][sources]).all()
    assert attack.objective_path_[-1] > attack.objective_path_[0]
    clean = victim.fit(X[::2], names[::2]).score(X[1::2], names[1::2])
    assert victim.fit(X_out, y_out).score(X[1::2], names[1::2]) < clean


def test_same_seed_same_poison_and_global_state_is_left_alone(split):
    (X, y), (X_val, y_val), _ = split
    before = np.random.get_state()[1].copy()
    results = [quick().fit_resample(X, y, X_val=X_val, y_val=y_val)[0] for _ in range(2)]
    np.testing.assert_array_equal(*results)
    np.testing.assert_array_equal(before, np.random.get_state()[1])
    other = quick(random_state=1).fit_resample(X, y, X_val=X_val, y_val=y_val)[0]
    assert not np.array_equal(other, results[0])


def test_restarts_keep_the_strongest_and_do_not_depend_on_jobs(split):
    (X, y), (X_val, y_val), _ = split
    attacks = [quick(n_restarts=n, schedule="joint") for n in (1, 3)]
    attacks.append(quick(n_restarts=3, schedule="joint", n_jobs=2))
    results = [a.fit_resample(X, y, X_val=X_val, y_val=y_val)[0] for a in attacks]
    finals = [a.objective_path_[-1] for a in attacks]
    assert finals[1] >= finals[0]
    np.testing.assert_allclose(results[1], results[2], atol=1e-9)


def test_single_precision_is_about_as_strong(split):
    (X, y), (X_val, y_val), _ = split
    double, single = quick(), quick()
    double.fit_resample(X, y, X_val=X_val, y_val=y_val)
    X_out, _ = single.fit_resample(X.astype("f4"), y, X_val=X_val.astype("f4"), y_val=y_val)
    assert X_out.dtype == np.float32
    assert single.objective_path_[0] == pytest.approx(double.objective_path_[0], rel=1e-3)
    assert single.objective_path_[-1] > 0.7 * double.objective_path_[-1]


def test_rows_that_cannot_move_are_counted_in_a_warning():
    """A wide gap: the added rows with their true labels touch no margin."""
    rng = np.random.RandomState(0)
    y = np.arange(40) % 2
    X = rng.randn(40, 2) * 0.1 + np.where(y, 5, -5)[:, None]
    attack = GradientPoisoningAttack(labels="keep", rate=4, random_state=0)
    with pytest.warns(UserWarning, match="4 of 4 poison rows did not move"):
        attack.fit_resample(X, y, X_val=X * 1.2, y_val=y)
    assert attack.n_moved_ == 0


def test_a_separable_set_without_margin_rows_can_be_attacked():
    rng = np.random.RandomState(0)
    y = np.arange(40) % 2
    X = rng.randn(40, 2) * 0.1 + np.where(y, 0.3, -0.3)[:, None]
    victim = SVC(kernel="linear", C=1e-3)
    attack = GradientPoisoningAttack(victim, rate=10, random_state=0)
    attack.fit_resample(X, y, X_val=X, y_val=y)
    assert np.all(np.abs(victim.fit(X, y).dual_coef_) == 1e-3)
    assert attack.objective_path_[-1] > attack.objective_path_[0]


def test_all_rows_repeated(split):
    (X, y), (X_val, y_val), _ = split
    X, y = np.vstack([X, X]), np.concatenate([y, y])
    attack = quick(noise=0.0)
    attack.fit_resample(X, y, X_val=X_val, y_val=y_val)
    assert np.isfinite(attack.objective_path_).all()
    assert attack.objective_path_[-1] > attack.objective_path_[0]


def test_not_weaker_than_random_flips_elsewhere(split):
    (X, y), (X_val, y_val), _ = split
    victim = SVC(kernel="linear")
    gradient, flips = quick(rate=0.3), LabelFlipAttack(rate=0.3, random_state=0)
    losses = [
        mean_hinge(victim, *attack.fit_resample(X, y, X_val=X_val, y_val=y_val), X_val, y_val)
        for attack in (gradient, flips)
    ]
    assert losses[0] > losses[1]


def test_blas_threads_are_given_back(split):
    (X, y), (X_val, y_val), _ = split
    with threadpool_limits(2):
        before = [pool["num_threads"] for pool in threadpool_info()]
        quick(max_iter=2).fit_resample(X, y, X_val=X_val, y_val=y_val)
        assert [pool["num_threads"] for pool in threadpool_info()] == before


def test_bounds_of_each_column():
    rng = np.random.RandomState(0)
    X = rng.rand(60, 3) * [1.0, 100.0, 1e4]
    y = (X[:, 0] + X[:, 2] / 1e4 > 1).astype(int)
    victim = RidgeClassifier()
    attack = GradientPoisoningAttack(victim, bounds="columns", random_state=0)
    X_out, _ = attack.fit_resample(X, y, X_val=X, y_val=y)
    assert (X_out <= X.max(axis=0)).all() and (X_out >= X.min(axis=0)).all()
    moved = np.abs(X_out[60:] - X[attack.sample_indices_[60:]]).max(axis=0) / [1, 100, 1e4]
    assert (moved > 0.1).all()


def test_without_bounds_rows_leave_the_datas_range(split):
    (X, y), (X_val, y_val), _ = split
    X_out, _ = quick(bounds=None).fit_resample(X, y, X_val=X_val, y_val=y_val)
    assert X_out.max() > 1.0 and X_out.min() < 0.0


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"bounds": (0.2, 1)}, r"outside\s+bounds=\(0.2, 1\)"),
        ({"bounds": (0, 1, 2)}, r"must be \(low, high\)"),
        ({"bounds": (1, 0)}, "low not above high"),
        ({"bounds": (0, np.inf)}, "finite"),
        ({"bounds": (np.zeros(3), 1)}, r"shape \(64,\)"),
        ({"bounds": "box"}, "'bounds' parameter"),
        ({"estimator": SVC(kernel="sigmoid")}, "'linear', 'poly', 'rbf'"),
        ({"y_target": 5}, r"y_target=5 is no label of y; the labels are \[3, 8\]"),
        ({"step_size": 0}, "'step_size' parameter"),
        ({"labels": "swap"}, "'labels' parameter"),
        ({"holdout": 1.0}, "'holdout' parameter"),
    ],
)
def test_bad_settings_are_named(settings, message, split):
    (X, y), (X_val, y_val), _ = split
    with pytest.raises(ValueError, match=message):
        quick(**settings).fit_resample(X, y, X_val=X_val, y_val=y_val)


def test_one_row_of_a_class_cannot_be_split(split):
    (X, y), *_ = split
    rows = np.append(np.flatnonzero(y == 3), np.flatnonzero(y == 8)[0])
    with pytest.raises(ValueError, match="class 8 has 1"):
        quick().fit_resample(X[rows], y[rows])


def test_overflow_is_an_error_not_a_silent_zero(split):
    (X, y), (X_val, y_val), _ = split
    attack = quick(estimator=SVC(kernel="poly", degree=40, gamma=1.0), bounds=None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        with pytest.raises(ValueError, match="overflows"):
            attack.fit_resample(X * 1e9, y, X_val=X_val * 1e9, y_val=y_val)
