"""Attacks on regressions: gradients against finite differences, harm against random poison."""

import numpy as np
import pytest
from imblearn.pipeline import make_pipeline
from sklearn.base import clone
from sklearn.datasets import load_diabetes
from sklearn.linear_model import ElasticNet, HuberRegressor, Lasso, LinearRegression, Ridge
from sklearn.model_selection import cross_val_score, train_test_split
from sklearn.neighbors import KNeighborsRegressor

from skpoison.attacks import GradientRegressionAttack, StatisticalRegressionAttack
from skpoison.victims._least_squares import loss_gradients, validation_loss

VICTIMS = {
    "ols": LinearRegression(),
    "ols, no intercept": LinearRegression(fit_intercept=False),
    "ridge": Ridge(alpha=3.0),
    "lasso": Lasso(alpha=0.2, tol=1e-12, max_iter=100_000),
    "lasso, no intercept": Lasso(alpha=0.2, tol=1e-12, max_iter=100_000, fit_intercept=False),
    "elastic net": ElasticNet(alpha=0.2, tol=1e-12, max_iter=100_000),
}


def rows(seed=0):
    rng = np.random.RandomState(seed)
    X = rng.normal(size=(60, 4)) + [1.0, 0.0, -2.0, 0.0]
    return X, X @ [2.0, -1.0, 0.5, 0.0] + 3 + rng.normal(size=60)


@pytest.mark.parametrize("victim", VICTIMS)
def test_gradients_are_those_of_the_retrained_victim_s_loss(victim):
    X, y = rows()
    X, y, X_val, y_val = X[:35], y[:35], X[35:], y[35:]
    model, step = VICTIMS[victim], 1e-5

    def loss(row, column, shift):
        X_new, y_new = X.copy(), y.copy()
        if column < 4:
            X_new[row, column] += shift
        else:
            y_new[row] += shift
        return validation_loss(clone(model).fit(X_new, y_new), X_val, y_val)

    in_rows, in_targets = loss_gradients(
        clone(model).fit(X, y), X, y, np.array([3, 17]), X_val, y_val
    )
    expected = np.array(
        [
            [(loss(row, c, step) - loss(row, c, -step)) / (2 * step) for c in range(5)]
            for row in (3, 17)
        ]
    )
    np.testing.assert_allclose(
        np.column_stack([in_rows, in_targets]), expected, rtol=1e-4, atol=1e-7
    )


def error_after(attack, victim, X, y, X_test, y_test):
    return validation_loss(clone(victim).fit(*attack.fit_resample(X, y)), X_test, y_test)


@pytest.mark.parametrize("victim", [LinearRegression(), Ridge(), Lasso()])
def test_harm_above_that_of_random_poison(victim):
    X, y = load_diabetes(return_X_y=True)
    X, X_test, y, y_test = train_test_split(X, y, random_state=0)
    random = np.random.RandomState(0)
    made = random.uniform(X.min(axis=0), X.max(axis=0), size=(33, 10))
    targets = random.choice([y.min(), y.max()], size=33)
    harmed = clone(victim).fit(np.vstack([X, made]), np.append(y, targets))
    by_chance = validation_loss(harmed, X_test, y_test)
    settings = {"rate": 33, "random_state": 0}
    statistical = StatisticalRegressionAttack(victim, **settings)
    gradient = GradientRegressionAttack(victim, **settings, max_iter=30)
    assert error_after(statistical, victim, X, y, X_test, y_test) > by_chance
    assert error_after(gradient, victim, X, y, X_test, y_test) > 1.3 * by_chance
    assert (np.diff(gradient.objective_path_) > 0).all()


def test_the_statistical_attack_sits_in_corners_against_the_prediction():
    X, y = rows()
    victim = KNeighborsRegressor(3)
    attack = StatisticalRegressionAttack(
        victim, rate=20, bounds=(-3, 3), target_bounds=(-50, 50), random_state=0
    )
    X_out, y_out = attack.fit_resample(X, y)
    poison = attack.poison_mask_
    assert set(np.unique(X_out[poison])) == {-3.0, 3.0}
    np.testing.assert_array_equal(
        y_out[poison], np.where(victim.fit(X, y).predict(X_out[poison]) < 0, 50, -50)
    )


def test_three_lines_with_a_regression():
    X, y = load_diabetes(return_X_y=True)
    clean = cross_val_score(LinearRegression(), X, y)
    poisoned = make_pipeline(StatisticalRegressionAttack(rate=0.2), LinearRegression())
    assert (cross_val_score(poisoned, X, y) < clean - 0.05).all()


@pytest.mark.parametrize(
    ("attack", "message"),
    [
        (GradientRegressionAttack(HuberRegressor()), "cannot be attacked by gradients.*Lasso"),
        (GradientRegressionAttack(Ridge(positive=True)), "positive=True"),
        (GradientRegressionAttack(Ridge(alpha=[1.0, 2.0])), "alpha="),
        (GradientRegressionAttack(bounds=(1, 0)), "bounds=.*low below high"),
        (StatisticalRegressionAttack(bounds=([0, 0], 1)), r"shape \(4,\)"),
        (StatisticalRegressionAttack(target_bounds=(0, np.inf)), "target_bounds"),
    ],
)
def test_what_cannot_be_attacked_is_refused(attack, message):
    with pytest.raises(ValueError, match=message):
        attack.fit_resample(*rows())
