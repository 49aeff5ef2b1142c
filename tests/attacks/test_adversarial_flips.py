import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from skpoison.attacks import LabelFlipAttack
from skpoison.attacks._adversarial_flips import choose_flips
from skpoison.attacks._engine import PoisoningObjective
from skpoison.victims import describe_victim

KERNELS = [SVC(kernel="linear", C=0.5), SVC(kernel="rbf", gamma=0.02)]


def hinge(victim, X, y, X_val, y_val):
    """Mean hinge loss of a victim retrained by scikit-learn; labels 0 and 1."""
    victim = SVC(**victim.get_params() | {"tol": 1e-8}).fit(X, y)
    return np.maximum(0, 1 - (2 * y_val - 1) * victim.decision_function(X_val)).mean()


@pytest.mark.parametrize("victim", KERNELS, ids=lambda v: v.kernel)
def test_the_first_flip_is_the_worst_one_of_all(victim, digits_pair):
    X, y = digits_pair[0], (digits_pair[1] == 8).astype(int)
    X, y, X_val, y_val = X[:40], y[:40], X[40:70], y[40:70]
    candidates = np.column_stack([np.arange(30), 1 - y_val])
    losses = [
        hinge(victim, np.r_[X, X_val[[i]]], np.r_[y, label], X_val, y_val)
        for i, label in candidates
    ]
    chosen = choose_flips(victim, np.arange(2), X, y, X_val, candidates, 1, X_val, y_val)
    assert losses[chosen[0]] == pytest.approx(max(losses), rel=1e-4)


@pytest.mark.parametrize("victim", KERNELS, ids=lambda v: v.kernel)
def test_derivative_by_cost_agrees_with_finite_differences(victim, digits_pair):
    X, y = digits_pair[0], (digits_pair[1] == 8).astype(int)
    y[:12] = 1 - y[:12]
    cost = np.full(60, victim.C)

    def objective(cost):
        return PoisoningObjective(describe_victim(victim), X[:60], y[:60], cost, X[60:90], y[60:90])

    slopes, step = objective(cost).cost_slope(), 1e-5
    inside = np.flatnonzero(slopes)
    assert len(inside) >= 5
    for row in inside[:12]:
        change = step * (np.arange(60) == row)
        difference = objective(cost + change).value - objective(cost - change).value
        assert slopes[row] == pytest.approx(difference / (2 * step), rel=1e-3, abs=1e-6)


@pytest.mark.parametrize("victim", KERNELS, ids=lambda v: v.kernel)
def test_stronger_than_random_flips_of_the_same_rows(victim, digits_pair):
    X, y = digits_pair[0], (digits_pair[1] == 8).astype(int)
    data, val = (X[:60], y[:60]), (X[60:160], y[60:160])

    def loss(**params):
        attack = LabelFlipAttack(rate=0.3, **params)
        return hinge(victim, *attack.fit_resample(*data, X_val=val[0], y_val=val[1]), *val)

    random_losses = [loss(random_state=seed) for seed in range(5)]
    assert loss(strategy="adversarial", estimator=victim) > 1.1 * max(random_losses)


def test_many_classes_and_no_attackers_rows():
    X, y = load_iris(return_X_y=True)
    attack = LabelFlipAttack(rate=20, strategy="adversarial", confusion={0: 1, 2: {0: 1, 1: 1}})
    X_out, y_out = attack.fit_resample(X, y)
    sources = attack.sample_indices_[attack.poison_mask_]
    assert len(set(sources)) == 20
    np.testing.assert_array_equal(X_out[150:], X[sources])
    assert set(zip(y[sources], y_out[150:], strict=True)) <= {(0, 1), (2, 0), (2, 1)}


def test_what_it_cannot_attack_is_named():
    X, y = load_iris(return_X_y=True)
    with pytest.raises(ValueError, match="kernel 'sigmoid'; the kernels that can"):
        LabelFlipAttack(strategy="adversarial", estimator=SVC(kernel="sigmoid")).fit_resample(X, y)
    with pytest.raises(ValueError, match="no victim of strategy='adversarial'"):
        tree = DecisionTreeClassifier()
        LabelFlipAttack(strategy="adversarial", estimator=tree).fit_resample(X, y)
