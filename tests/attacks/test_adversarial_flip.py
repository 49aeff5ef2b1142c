from itertools import combinations

import numpy as np
import pytest
from scipy.optimize import linprog
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeClassifier

from skpoison.attacks import AdversarialFlipAttack, LabelFlipAttack
from skpoison.attacks._engine import PoisoningObjective
from skpoison.attacks._flip_search import FlipSearch
from skpoison.victims import describe_victim

SVCS = [SVC(kernel="linear", C=0.5), SVC(kernel="rbf", gamma=0.02)]
SMOOTH = [
    LogisticRegression(tol=1e-10, max_iter=1000),
    RidgeClassifier(),
    LinearSVC(tol=1e-10, max_iter=100_000),
]


def named(victim):
    return type(victim).__name__ + getattr(victim, "kernel", "")


def loss(victim, X, y, X_val, y_val):
    """Mean loss of a victim retrained by scikit-learn; labels 0 and 1."""
    if isinstance(victim, SVC):
        victim = SVC(**victim.get_params() | {"tol": 1e-8})
    f = victim.fit(X, y).decision_function(X_val)
    margin = (2 * y_val - 1) * f
    if isinstance(victim, LogisticRegression):
        return np.log1p(np.exp(-margin)).mean()
    if isinstance(victim, RidgeClassifier):
        return ((1 - margin) ** 2).mean()
    power = 2 if isinstance(victim, LinearSVC) else 1
    return (np.maximum(0, 1 - margin) ** power).mean()


@pytest.fixture
def rows(digits_pair):
    X, y = digits_pair[0], (digits_pair[1] == 8).astype(int)
    return (X[:40], y[:40]), (X[40:70], y[40:70])


@pytest.mark.parametrize("victim", [*SVCS, *SMOOTH], ids=named)
@pytest.mark.parametrize("injection", ["append", "replace"])
def test_the_first_flip_is_the_worst_one_of_all(victim, injection, rows):
    """Every flip of one row, in place or added, tried by scikit-learn."""
    (X, y), _ = rows
    attack = AdversarialFlipAttack(victim, rate=1, injection=injection, n_tried=40)
    attack.fit_resample(X, y)
    losses = []
    for row in range(40):
        changed = y.copy()
        changed[row] = 1 - y[row]
        if injection == "append":
            losses.append(loss(victim, np.r_[X, X[[row]]], np.append(y, changed[row]), X, y))
        else:
            losses.append(loss(victim, X, changed, X, y))
    assert losses[attack.sample_indices_[-1]] == pytest.approx(max(losses), rel=1e-4)
    assert attack.objective_ == pytest.approx(max(losses), rel=1e-3)


@pytest.mark.parametrize("method", ["greedy", "alfa", "tilt"])
def test_not_far_from_the_best_of_all_sets_of_flips(method, rows):
    """All 286 ways to flip three of thirteen rows in place; how high a method ranks among them."""
    X, y = rows[0][0][:13], rows[0][1][:13]
    victim = SVC(kernel="linear", C=0.5)
    losses = []
    for flipped in combinations(range(13), 3):
        changed = y.copy()
        changed[list(flipped)] = 1 - y[list(flipped)]
        losses.append(loss(victim, X, changed, X, y))
    attack = AdversarialFlipAttack(victim, method=method, rate=3, injection="replace")
    attack.set_params(random_state=0).fit_resample(X, y)
    better = np.mean(np.array(losses) > attack.objective_ + 1e-6)
    assert better <= {"greedy": 0.15, "alfa": 0.25, "tilt": 0.25}[method]


@pytest.mark.parametrize("victim", [*SVCS, *SMOOTH], ids=named)
def test_derivative_by_cost_agrees_with_finite_differences(victim, digits_pair):
    """Of rows in the training set and of three that are not, whose cost is zero."""
    X, y = digits_pair[0], (digits_pair[1] == 8).astype(int)
    y[:12] = 1 - y[:12]
    description = describe_victim(victim)
    cost = description.row_costs(y[:60])
    cost[[1, 20, 40]] = 0.0

    def objective(cost):
        return PoisoningObjective(description, X[:60], y[:60], cost, X[60:90], y[60:90])

    slopes, step = objective(cost).cost_slope(), 1e-5
    inside = np.flatnonzero(slopes)
    assert len(inside) >= 5
    for row in inside[:12]:
        change = step * (np.arange(60) == row)
        ahead, back = objective(cost + change).value, objective(np.maximum(cost - change, 0)).value
        width = 2 * step if cost[row] else step
        assert slopes[row] == pytest.approx((ahead - back) / width, rel=2e-3, abs=1e-6)


def test_the_linear_programme_of_alfa_is_solved_by_sorting():
    """SciPy's solver over the relaxed flips of 12 rows to 3 labels, of which 5 are wanted."""
    rng = np.random.RandomState(0)
    X, y = rng.randn(12, 2), np.repeat([0, 1, 2], 4)
    allowed = y[:, None] != np.arange(3)
    search = FlipSearch(SVC(kernel="linear"), np.arange(3), (X, y), (X, y), allowed, (X, y), 5)
    for _ in range(20):
        gains = rng.randn(len(search.rows))
        each_row = (search.rows == np.arange(12)[:, None]).astype(float)
        found = linprog(
            -gains, A_ub=each_row, b_ub=np.ones(12), A_eq=np.ones((1, len(gains))), b_eq=[5]
        )
        assert gains[search.best(gains)].sum() == pytest.approx(-found.fun)


@pytest.mark.parametrize("victim", [*SVCS, SMOOTH[0]], ids=named)
@pytest.mark.parametrize("n_tried", [1, 8])
def test_stronger_than_random_flips_of_the_same_rows(victim, n_tried, digits_pair):
    X, y = digits_pair[0], (digits_pair[1] == 8).astype(int)
    data, val = (X[:60], y[:60]), (X[60:120], y[60:120])

    def poisoned_loss(attack):
        return loss(victim, *attack.fit_resample(*data, X_val=val[0], y_val=val[1]), *val)

    random_losses = [poisoned_loss(LabelFlipAttack(rate=0.3, random_state=i)) for i in range(5)]
    attack = AdversarialFlipAttack(victim, rate=0.3, n_tried=n_tried)
    assert poisoned_loss(attack) > 1.05 * max(random_losses)


@pytest.mark.parametrize("victim", [SVCS[1], SMOOTH[0]], ids=named)
@pytest.mark.parametrize("method", ["alfa", "tilt"])
def test_published_relabelling_is_stronger_than_a_random_one(victim, method, digits_pair):
    X, y = digits_pair[0], (digits_pair[1] == 8).astype(int)

    def accuracy(attack):
        return victim.fit(*attack.fit_resample(X[:60], y[:60])).score(X[60:], y[60:])

    params = {"rate": 0.3, "injection": "replace"}
    by_chance = [accuracy(LabelFlipAttack(random_state=i, **params)) for i in range(5)]
    attack = AdversarialFlipAttack(victim, method=method, random_state=0, **params)
    assert accuracy(attack) < np.mean(by_chance) - 0.1


def test_many_classes_and_no_attackers_rows():
    X, y = load_iris(return_X_y=True)
    confusion = {0: 1, 2: {0: 1, 1: 1}}
    for method in ("greedy", "alfa", "tilt"):
        attack = AdversarialFlipAttack(rate=20, method=method, n_tried=4, confusion=confusion)
        X_out, y_out = attack.set_params(n_repeats=2, random_state=0).fit_resample(X, y)
        sources = attack.sample_indices_[attack.poison_mask_]
        assert len(set(sources)) == 20
        np.testing.assert_array_equal(X_out[150:], X[sources])
        assert set(zip(y[sources], y_out[150:], strict=True)) <= {(0, 1), (2, 0), (2, 1)}


def test_one_row_is_the_target(digits_pair):
    """A threshold row of class 3 becomes an 8 by a few flips; the others stay what they are."""
    X, y = digits_pair
    victim = SVC(kernel="linear", C=0.5).fit(X[:100], y[:100])
    right = np.flatnonzero((victim.predict(X[100:]) == 3) & (y[100:] == 3)) + 100
    target = X[right[0]]
    for params in ({"y_target": 8}, {}, {"y_target": 8, "method": "nearest"}):
        attack = AdversarialFlipAttack(SVC(kernel="linear", C=0.5), rate=10, target=target)
        X_out, y_out = attack.set_params(**params).fit_resample(X[:100], y[:100])
        poisoned = SVC(kernel="linear", C=0.5).fit(X_out, y_out)
        change = poisoned.decision_function([target]) - victim.decision_function([target])
        assert change > 0
        if "method" not in params:
            assert poisoned.predict([target]) == 8
            assert poisoned.score(X[100:], y[100:]) > 0.8
    distance = np.linalg.norm(X[:100] - target, axis=1)
    nearest = np.argsort(np.where(y[:100] == 3, distance, np.inf))[:10]
    assert set(attack.sample_indices_[-10:]) == set(nearest)


def test_most_rows_of_a_few_can_be_flipped_in_place():
    X, y = np.arange(4.0)[:, None], np.array([0, 0, 1, 1])
    for method in ("greedy", "alfa", "tilt"):
        for rate in (1, 2, 3):
            attack = AdversarialFlipAttack(method=method, rate=rate, injection="replace")
            _, y_out = attack.set_params(random_state=0).fit_resample(X, y)
            assert len(y_out) == 4 and attack.poison_mask_.sum() == rate


@pytest.mark.parametrize(
    "params, message",
    [
        ({"estimator": SVC(kernel="sigmoid")}, "kernel 'sigmoid'; the kernels that can"),
        ({"estimator": DecisionTreeClassifier()}, "cannot be attacked by gradients.*Search"),
        ({"target": [1.0, 2.0]}, "target must be a row of 4 numbers"),
        ({"target": [np.nan] * 4}, "finite"),
        ({"target": [1.0] * 4, "method": "alfa"}, "'greedy' or 'nearest'"),
        ({"method": "nearest"}, "needs target and y_target"),
        ({"y_target": 7}, "y_target=7 is no label"),
        ({"method": "nearest", "target": [1.0] * 4, "y_target": 1, "rate": 101}, "only 100 can"),
    ],
)
def test_what_it_cannot_do_is_named(params, message):
    X, y = load_iris(return_X_y=True)
    with pytest.raises(ValueError, match=message):
        AdversarialFlipAttack(**params).fit_resample(X, y)
