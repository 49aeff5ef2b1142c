import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC, LinearSVC

from skpoison.attacks import LabelFlipAttack, ModelTargetedAttack
from skpoison.attacks._ascent import Box
from skpoison.attacks._linear_model import LinearModel, LinearVictim
from skpoison.attacks._model_targeted import worst_row

VICTIMS = [
    SVC(kernel="linear", C=0.5),
    LogisticRegression(C=0.5, tol=1e-8, max_iter=1000),
    LinearSVC(C=0.5, loss="hinge", tol=1e-8, max_iter=100_000),
]


@pytest.mark.parametrize("victim", VICTIMS, ids=lambda v: type(v).__name__)
def test_the_worst_row_is_that_of_a_fine_grid(victim):
    rng = np.random.RandomState(0)
    box = Box(np.array([-1.0, 0.0]), np.array([1.0, 3.0]), np.array([2.0, 3.0]))
    axes = np.meshgrid(np.linspace(-1, 1, 201), np.linspace(0, 3, 201))
    grid = np.column_stack([axis.ravel() for axis in axes])
    for _ in range(10):
        model, target = (LinearModel(rng.randn(1, 2), rng.randn(1)) for _ in range(2))
        linear = LinearVictim(victim, 2)
        best = max(
            (linear.row_losses(model, grid, y) - linear.row_losses(target, grid, y)).max()
            for y in np.eye(2, dtype=int)[:, :1] * np.ones(len(grid), dtype=int)
        )
        row, label, gap, largest = worst_row(linear, model, target, box)
        assert (row >= box.low - 1e-9).all() and (row <= box.high + 1e-9).all()
        own = linear.row_losses(model, row[None], [label]) - linear.row_losses(
            target, row[None], [label]
        )
        assert gap == pytest.approx(own.item()) and gap == pytest.approx(largest, abs=1e-6)
        assert best - 1e-9 <= gap <= best + 0.05


@pytest.mark.parametrize("victim", VICTIMS, ids=lambda v: type(v).__name__)
def test_the_bound_holds_for_targets_that_are_known_to_be_reachable(victim, digits_pair):
    """A model trained with k flipped rows is reached by k rows: the bound cannot be larger."""
    X, y = digits_pair
    for n_flips in (1, 5, 15):
        flips = LabelFlipAttack(rate=n_flips, random_state=n_flips)
        target = type(victim)(**victim.get_params()).fit(*flips.fit_resample(X[:60], y[:60]))
        attack = ModelTargetedAttack(victim, target_model=target, bounds=(0, 1), rate=10)
        attack.fit_resample(X[:60], y[:60])
        assert 0 < attack.lower_bound_ <= n_flips * (1 + 1e-3)


def test_the_victim_comes_to_the_target(digits_pair):
    X, y = digits_pair
    victim = LogisticRegression(C=0.5)
    flips = LabelFlipAttack(rate=15, random_state=1)
    target = LogisticRegression(C=0.5).fit(*flips.fit_resample(X[:60], y[:60]))
    attack = ModelTargetedAttack(victim, target_model=target, bounds=(0, 1), rate=60)
    X_out, y_out = attack.fit_resample(X[:60], y[:60])
    gap = attack.loss_gap_path_
    assert len(gap) == 61 and gap[-1] < 0.2 * gap[0]
    clean = np.linalg.norm(victim.fit(X[:60], y[:60]).coef_ - target.coef_)
    assert np.linalg.norm(victim.fit(X_out, y_out).coef_ - target.coef_) < 0.4 * clean
    np.testing.assert_allclose(attack.target_weights_, target.coef_)
    # poison that is nothing but the clean victim's own target needs no row
    own = LogisticRegression(C=0.5).fit(X[:60], y[:60])
    attack.set_params(target_model=own, rate=1).fit_resample(X[:60], y[:60])
    assert attack.lower_bound_ == pytest.approx(0, abs=1e-2)


def test_a_target_of_its_own_and_many_classes():
    X, y = load_iris(return_X_y=True)
    names = np.array(["setosa", "versicolor", "virginica"])[y]
    attack = ModelTargetedAttack(LogisticRegression(max_iter=1000), rate=15, injection="replace")
    X_out, y_out = attack.set_params(random_state=0).fit_resample(X, names)
    assert X_out.shape == X.shape and attack.target_weights_.shape == (3, 4)
    assert attack.loss_gap_path_[-1] < attack.loss_gap_path_[0]
    clean = LogisticRegression(max_iter=1000).fit(X, names).score(X, names)
    assert LogisticRegression(max_iter=1000).fit(X_out, y_out).score(X, names) < clean - 0.05


@pytest.mark.parametrize(
    "params, message",
    [
        ({"estimator": SVC(kernel="rbf")}, "is not linear"),
        ({"estimator": RandomForestClassifier()}, "cannot be attacked by gradients"),
        ({"estimator": SVC(kernel="linear", class_weight="balanced")}, "weight classes alike"),
        ({"target_model": SVC(kernel="linear")}, "target_model=.*must be fitted"),
        ({"target_model": RandomForestClassifier()}, "target_model=.*coef_"),
        ({"bounds": (0, 1)}, "outside bounds"),
    ],
)
def test_what_it_cannot_do_is_named(params, message):
    X, y = load_iris(return_X_y=True)
    with pytest.raises(ValueError, match=message):
        ModelTargetedAttack(**params).fit_resample(X[:100], y[:100])
