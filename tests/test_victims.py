"""The victims' solutions against scikit-learn's, their gradients against finite differences."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge, RidgeClassifier, SGDClassifier
from sklearn.multiclass import OneVsRestClassifier
from sklearn.svm import SVC, LinearSVC, NuSVC

from skpoison.attacks._engine import PoisoningObjective
from skpoison.victims import describe_victim
from skpoison.victims._kernels import Kernel

SVCS = {
    "linear": SVC(kernel="linear", tol=1e-12),
    "poly": SVC(kernel="poly", degree=3, coef0=1.0, gamma=0.4, tol=1e-12),
    "even poly": SVC(kernel="poly", degree=2, coef0=0.0, gamma=0.4, tol=1e-12),
    "rbf": SVC(kernel="rbf", gamma=0.7, tol=1e-12),
}
LINEAR = {
    "logistic": LogisticRegression(tol=1e-10, max_iter=10_000),
    "logistic, no intercept": LogisticRegression(tol=1e-10, max_iter=10_000, fit_intercept=False),
    "ridge": RidgeClassifier(alpha=0.5),
    "ridge, no intercept": RidgeClassifier(alpha=0.5, fit_intercept=False),
    "squared hinge": LinearSVC(C=0.3, tol=1e-10, max_iter=100_000),
    "squared hinge, no intercept": LinearSVC(tol=1e-10, max_iter=100_000, fit_intercept=False),
    "hinge": LinearSVC(C=0.3, loss="hinge", intercept_scaling=2, tol=1e-10, max_iter=1_000_000),
    "hinge, no intercept": LinearSVC(
        C=0.1, loss="hinge", fit_intercept=False, tol=1e-10, max_iter=1_000_000
    ),
}


def overlapping_classes(seed=0, n_features=4, n_train=36, n_val=25, n_classes=2):
    rng = np.random.RandomState(seed)
    X = rng.randn(n_train + n_val, n_features)
    y = np.digitize(X[:, 0] + 0.4 * rng.randn(len(X)), [0.0, 0.8][: n_classes - 1])
    y[:6] = rng.permutation(np.arange(6) % n_classes)
    return X[:n_train], y[:n_train], X[n_train:], y[n_train:]


def objective_of(estimator, X, y, X_val, y_val, **kwargs):
    victim = describe_victim(estimator)
    return PoisoningObjective(victim, X, y, victim.row_costs(y), X_val, y_val, **kwargs)


def retrained_loss(estimator, X, y, X_val, y_val):
    """The attacker's objective by scikit-learn alone, for two classes."""
    f = estimator.fit(X, y).decision_function(X_val)
    signs = 2.0 * y_val - 1.0
    if isinstance(estimator, LinearSVC) and estimator.loss == "squared_hinge":
        return (np.maximum(0, 1 - signs * f) ** 2).mean()
    if isinstance(estimator, (SVC, LinearSVC)):
        return np.maximum(0, 1 - signs * f).mean()
    if isinstance(estimator, LogisticRegression):
        return np.log1p(np.exp(-signs * f)).mean()
    return ((f - signs) ** 2).mean()


@pytest.mark.parametrize("C", [0.02, 1.0, 30.0])
@pytest.mark.parametrize("name", SVCS)
def test_svc_decisions_are_scikit_learns(name, C):
    X, y, X_val, y_val = overlapping_classes(n_features=40 if name == "linear" else 4)
    estimator = SVCS[name].set_params(C=C)
    objective = objective_of(estimator, X, y, X_val, y_val)
    expected = estimator.fit(X, y).decision_function(X_val)
    np.testing.assert_allclose(objective.solutions[0].decision[len(X) :], expected, atol=1e-4)


@pytest.mark.parametrize("class_weight", [None, "balanced", {0: 3.0}])
@pytest.mark.parametrize("name", LINEAR)
def test_linear_decisions_are_scikit_learns(name, class_weight):
    X, y, X_val, y_val = overlapping_classes(seed=2, n_features=6)
    estimator = LINEAR[name].set_params(class_weight=class_weight)
    objective = objective_of(estimator, X, y, X_val, y_val)
    expected = estimator.fit(X, y).decision_function(X_val)
    np.testing.assert_allclose(objective.solutions[0].decision[len(X) :], expected, atol=1e-5)
    estimator.set_params(class_weight=None)


def test_class_weights_of_svc_are_scikit_learns():
    X, y, X_val, y_val = overlapping_classes(n_train=40)
    estimator = SVC(C=0.5, gamma=0.5, class_weight={0: 5.0}, tol=1e-10)
    objective = objective_of(estimator, X, y, X_val, y_val)
    expected = estimator.fit(X, y).decision_function(X_val)
    np.testing.assert_allclose(objective.solutions[0].decision[len(X) :], expected, atol=1e-6)


@pytest.mark.parametrize("C", [0.05, 1.0, 20.0])
@pytest.mark.parametrize("name", SVCS)
def test_gradient_of_svc_is_that_of_retraining(name, C):
    X, y, X_val, y_val = overlapping_classes(seed=1, n_features=40 if name == "linear" else 4)
    check_gradient(SVCS[name].set_params(C=C), X, y, X_val, y_val)


@pytest.mark.parametrize("name", LINEAR)
def test_gradient_of_linear_victims_is_that_of_retraining(name):
    check_gradient(LINEAR[name], *overlapping_classes(seed=1, n_features=5))


def check_gradient(estimator, X, y, X_val, y_val):
    """Every third row's gradient along a random direction, against central differences.

    scikit-learn's retraining is the outside oracle; libsvm's kernel values are single precision,
    so that its differences need long steps and agree to a percent. Our own machine, trained
    afresh from libsvm's solution, gives the sharp comparison.
    """
    objective = objective_of(estimator, X, y, X_val, y_val)
    assert objective.value == pytest.approx(retrained_loss(estimator, X, y, X_val, y_val), rel=1e-5)
    gradient = objective.gradient(np.arange(len(X)))
    direction = np.random.RandomState(0).randn(*X.shape)
    outside, inside = [], []
    for row in range(0, len(X), 3):
        for results, step, loss in [
            (outside, 1e-3, lambda moved: retrained_loss(estimator, moved, y, X_val, y_val)),
            (inside, 1e-6, lambda moved: objective_of(estimator, moved, y, X_val, y_val).value),
        ]:
            ends = []
            for sign in (1, -1):
                moved = X.copy()
                moved[row] += sign * step * direction[row]
                ends.append(loss(moved))
            results.append((ends[0] - ends[1]) / (2 * step))
    slopes = np.einsum("ij,ij->i", gradient, direction)[::3]
    np.testing.assert_allclose(inside, slopes, rtol=1e-4, atol=1e-6)
    close = np.isclose(outside, slopes, rtol=0.03, atol=0.01 * np.abs(slopes).max())
    assert close.mean() >= 0.8  # a long step may cross a kink


def test_gradient_test_meets_margin_bound_and_idle_rows():
    """The finite-difference tests above see all three kinds of rows."""
    kinds = set()
    for C in (0.05, 1.0, 20.0):
        X, y, X_val, y_val = overlapping_classes(seed=1)
        objective = objective_of(SVC(C=C, gamma=0.7), X, y, X_val, y_val)
        size = np.abs(objective.solutions[0].theta[::3])
        kinds |= set(np.where(size == 0, "idle", np.where(size == C, "bound", "margin")))
    assert kinds == {"margin", "bound", "idle"}


def test_idle_rows_have_no_gradient():
    X = np.array([[-1.0], [1.0], [9.0]])
    objective = objective_of(
        SVC(kernel="linear", C=10), X, np.array([0, 1, 1]), np.array([[0.2]]), np.array([0])
    )
    gradient = objective.gradient(np.arange(3))
    assert gradient[2] == 0
    assert np.all(gradient[:2] != 0)


def test_no_margin_row_at_all():
    """With all coefficients at the bound, b is the middle of its interval and moves with it."""
    X = np.array([[-1.0, 0.3], [-0.5, 0.1], [0.6, 0.2], [1.1, -0.4]])
    y = np.array([0, 0, 1, 1])
    X_val, y_val = np.array([[0.1, 0.5], [-0.3, 0.2], [0.7, 0.1]]), np.array([0, 0, 1])
    estimator = SVC(kernel="linear", C=0.01, tol=1e-12)
    assert np.all(np.abs(estimator.fit(X, y).dual_coef_) == 0.01)
    check_gradient(estimator, X, y, X_val, y_val)


def test_repeated_rows_under_both_labels():
    X, y, X_val, y_val = overlapping_classes(seed=3)
    X, y = np.vstack([X, X, X[:10]]), np.concatenate([y, y, 1 - y[:10]])
    estimator = SVC(kernel="linear", C=5.0, tol=1e-10)
    objective = objective_of(estimator, X, y, X_val, y_val)
    expected = estimator.fit(X, y).decision_function(X_val)
    np.testing.assert_allclose(objective.solutions[0].decision[len(X) :], expected, atol=1e-4)
    assert np.isfinite(objective.gradient(np.arange(len(X)))).all()


@pytest.mark.parametrize("kernel", ["linear", "poly", "rbf"])
def test_warm_start_is_a_fresh_training(kernel):
    """After large moves, one row or several, the machine is that of the rows it is now on."""
    X, y, X_val, y_val = overlapping_classes(seed=4, n_train=60)
    estimator = SVC(kernel=kernel, gamma=0.5, C=2.0)
    objective = objective_of(estimator, X, y, X_val, y_val)
    rng = np.random.RandomState(0)
    for size in (1, 1, 5, 20):
        points = rng.choice(len(X), size=size, replace=False)
        objective.move(points, objective.rows[points] + rng.randn(size, X.shape[1]))
    fresh = objective_of(estimator, objective.rows[: len(X)], y, X_val, y_val)
    assert objective.value == pytest.approx(fresh.value, abs=1e-6)


def test_restore_undoes_a_move():
    X, y, X_val, y_val = overlapping_classes(seed=5)
    objective = objective_of(SVC(gamma=0.5), X, y, X_val, y_val)
    points = np.array([3, 8])
    state, gradient = objective.state(points), objective.gradient(points)
    objective.move(points, objective.rows[points] + 1.0)
    assert objective.value != state[-1]
    objective.restore(points, state)
    assert objective.value == state[-1]
    np.testing.assert_allclose(objective.gradient(points), gradient, rtol=1e-9)
    objective.move(np.array([0]), X[:1])
    assert objective.value == pytest.approx(state[-1], abs=1e-9)


def test_three_classes_are_the_mean_over_pairs():
    X, y, X_val, y_val = overlapping_classes(seed=6, n_classes=3, n_train=60)
    estimator = SVC(kernel="rbf", gamma=0.5, tol=1e-10)
    objective = objective_of(estimator, X, y, X_val, y_val)
    pairs = [(0, 1), (0, 2), (1, 2)]
    losses = []
    for pair in pairs:
        train, val = np.isin(y, pair), np.isin(y_val, pair)
        codes, val_codes = (y[train] == pair[1]).astype(int), (y_val[val] == pair[1]).astype(int)
        losses.append(retrained_loss(estimator, X[train], codes, X_val[val], val_codes))
    assert objective.value == pytest.approx(np.mean(losses), abs=1e-6)

    row, step = 7, 1e-5
    direction = np.random.RandomState(0).randn(1, X.shape[1])
    ends = []
    for sign in (1, -1):
        objective.move(np.array([row]), X[[row]] + sign * step * direction)
        ends.append(objective.value)
    objective.move(np.array([row]), X[[row]])
    slope = objective.gradient(np.array([row]))[0] @ direction[0]
    assert slope == pytest.approx((ends[0] - ends[1]) / (2 * step), rel=1e-4)
    assert slope != 0


def test_three_classes_of_ridge_are_one_against_the_rest():
    X, y, X_val, y_val = overlapping_classes(seed=6, n_classes=3)
    objective = objective_of(RidgeClassifier(), X, y, X_val, y_val)
    expected = RidgeClassifier().fit(X, y).decision_function(X_val)
    for code, solution in enumerate(objective.solutions):
        np.testing.assert_allclose(solution.decision[len(X) :], expected[:, code], atol=1e-8)


def test_three_classes_of_logistic_regression_are_one_against_the_rest():
    X, y, X_val, y_val = overlapping_classes(seed=6, n_classes=3)
    estimator = LogisticRegression(tol=1e-10, max_iter=10_000)
    objective = objective_of(estimator, X, y, X_val, y_val)
    expected = OneVsRestClassifier(estimator).fit(X, y)
    for code, solution in enumerate(objective.solutions):
        decision = expected.estimators_[code].decision_function(X_val)
        np.testing.assert_allclose(solution.decision[len(X) :], decision, atol=1e-5)


@pytest.mark.parametrize("class_weight", [None, {0: 3.0}])
@pytest.mark.parametrize("loss", ["hinge", "squared_hinge", "log_loss"])
def test_gradient_descent_leads_to_the_machine_that_is_attacked(loss, class_weight):
    X, y, X_val, y_val = overlapping_classes(seed=2)
    schedule = {"learning_rate": "constant", "eta0": 0.001, "max_iter": 50_000, "tol": None}
    estimator = SGDClassifier(
        loss, alpha=0.05, class_weight=class_weight, average=1_000_000, random_state=0, **schedule
    )
    objective = objective_of(estimator, X, y, X_val, y_val)
    expected = estimator.fit(X, y).decision_function(X_val)
    np.testing.assert_allclose(objective.solutions[0].decision[len(X) :], expected, atol=0.05)


def test_a_mean_loss_weighs_each_row_less_the_more_there_are():
    X, y, X_val, y_val = overlapping_classes()
    expected = objective_of(SVC(kernel="linear", C=1 / (0.05 * len(X))), X, y, X_val, y_val)
    objective = objective_of(SGDClassifier(alpha=0.05), X, y, X_val, y_val)
    assert objective.value == pytest.approx(expected.value, rel=1e-9)


def test_ridge_regression_on_signs_is_the_ridge_classifier():
    data = overlapping_classes()
    values = [objective_of(kind(alpha=2.0), *data).value for kind in (Ridge, RidgeClassifier)]
    assert values[0] == pytest.approx(values[1], rel=1e-12)


def test_single_precision_rows_give_nearly_the_same_machine():
    X, y, X_val, y_val = overlapping_classes(n_features=50)
    estimator = SVC(kernel="linear")
    double = objective_of(estimator, X, y, X_val, y_val)
    single = objective_of(estimator, X.astype("f4"), y, X_val.astype("f4"), y_val)
    assert single.rows.dtype == np.float32
    assert single.value == pytest.approx(double.value, rel=1e-4)


def test_kernels_are_scikit_learns():
    from sklearn.metrics.pairwise import pairwise_kernels

    X, _, X_val, _ = overlapping_classes()
    norms = (X_val**2).sum(axis=1)
    for name, settings in [
        ("linear", {}),
        ("poly", {"gamma": 0.3, "degree": 3, "coef0": 0.5}),
        ("rbf", {"gamma": 0.3}),
    ]:
        expected = pairwise_kernels(X, X_val, metric=name, **settings)
        np.testing.assert_allclose(Kernel(name, **settings)(X, X_val, norms), expected, rtol=1e-10)


@pytest.mark.parametrize(
    ("estimator", "message"),
    [
        (SVC(kernel="sigmoid"), "'linear', 'poly', 'rbf'"),
        (SVC(kernel="precomputed"), "'linear', 'poly', 'rbf'"),
        (NuSVC(), "LinearSVC, LogisticRegression, Ridge, RidgeClassifier, SGDClassifier, SVC"),
        (LinearSVC(penalty="l1"), "penalty='l2'"),
        (SGDClassifier("huber"), "'hinge', 'squared_hinge', 'log_loss'"),
        (SGDClassifier(penalty="elasticnet"), "penalty='l2'"),
        (LogisticRegression(l1_ratio=0.5, solver="saga"), "l1_ratio"),
        (LogisticRegression(solver="liblinear"), "liblinear"),
        (RidgeClassifier(alpha=0.0), "alpha"),
        (RidgeClassifier(positive=True), "positive"),
    ],
)
def test_victims_without_a_gradient_are_refused_by_name(estimator, message):
    with pytest.raises(ValueError, match=message):
        describe_victim(estimator)


def test_overflowing_kernels_are_refused():
    X, y, X_val, y_val = overlapping_classes()
    with np.errstate(over="ignore"), pytest.raises(ValueError, match="overflows"):
        objective_of(SVC(kernel="poly", degree=30, gamma=1.0), X * 1e12, y, X_val * 1e12, y_val)
