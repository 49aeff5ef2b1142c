import numpy as np
import pytest
from scipy import sparse
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from skpoison.robust import SeverClassifier, SeverRegressor


def log_loss(coef, X, y):
    """Of each row; coef: (n_classes or 1, n_features + 1)."""
    decision = X @ coef[:, :-1].T + coef[:, -1]
    if len(coef) == 1:
        return np.logaddexp(0, -(2 * y - 1) * decision[:, 0])
    return np.log(np.exp(decision).sum(axis=1)) - decision[np.arange(len(y)), y]


def hinge_loss(coef, X, y):
    decision = X @ coef[0, :-1] + coef[0, -1]
    return np.maximum(0, 1 - (2 * y - 1) * decision)


def squared_loss(coef, X, y):
    return (X @ coef[0, :-1] + coef[0, -1] - y) ** 2


def gradients(loss, coef, X, y, step=1e-6):
    """Finite differences: (n_samples, coef.size)."""
    columns = []
    for unit in np.eye(coef.size):
        shift = step * unit.reshape(coef.shape)
        columns.append((loss(coef + shift, X, y) - loss(coef - shift, X, y)) / (2 * step))
    return np.stack(columns, axis=1)


@pytest.mark.parametrize(
    ("sever", "inner", "loss", "n_classes"),
    [
        (SeverClassifier, LogisticRegression(), log_loss, 2),
        (SeverClassifier, LogisticRegression(), log_loss, 3),
        (SeverClassifier, LinearSVC(loss="hinge", max_iter=100_000), hinge_loss, 2),
        (SeverRegressor, Ridge(), squared_loss, None),
    ],
    ids=["logistic", "three classes", "hinge", "ridge"],
)
@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array])
def test_a_round_drops_the_rows_furthest_along_the_leading_gradient(
    sever, inner, loss, n_classes, container
):
    rng = np.random.RandomState(0)
    X, noise = rng.normal(size=(60, 3)), rng.normal(size=60)
    y = X[:, 0] + noise
    if n_classes:
        y = np.digitize(y, [0.0, 0.8][: n_classes - 1])
    model = sever(inner, contamination=0.2, n_rounds=1, random_state=0).fit(container(X), y)

    victim = inner.set_params(random_state=model.estimator_.get_params()["random_state"])
    victim.fit(container(X), y)
    coef = np.column_stack([np.atleast_2d(victim.coef_), np.atleast_1d(victim.intercept_)])
    centred = gradients(loss, coef, X, y)
    centred -= centred.mean(axis=0)
    reach = (centred @ np.linalg.svd(centred)[2][0]) ** 2
    assert set(np.flatnonzero(model.poison_mask_)) == set(np.argsort(reach)[-6:])


def test_poison_that_breaks_a_linear_regression_is_left_out():
    rng = np.random.RandomState(0)
    X = rng.normal(size=(300, 5))
    truth = np.array([1.0, -2.0, 0.5, 0.0, 3.0])
    y = X @ truth + 0.1 * rng.normal(size=300)
    X[:30], y[:30] = 1.0, -30.0
    plain = make_pipeline(StandardScaler(), Ridge()).fit(X, y)
    model = SeverRegressor(make_pipeline(StandardScaler(), Ridge())).fit(X, y)
    error = [np.abs(m.predict(X[30:]) - X[30:] @ truth).mean() for m in (plain, model)]
    assert model.poison_mask_[:30].all()
    assert error[1] < 0.1 < 1 < error[0]


def test_a_class_is_not_left_out_and_texts_need_a_pipeline():
    X, y = np.vstack([np.zeros((40, 1)), [[9.0]]]), np.repeat([0, 1], [40, 1])
    model = SeverClassifier(contamination=0.5).fit(X, y)
    assert set(model.predict(X)) <= {0, 1} and not model.poison_mask_[40]


def test_rows_that_are_fitted_exactly_are_all_kept():
    X = np.arange(12.0)[:, np.newaxis]
    model = SeverRegressor(contamination=0.2).fit(X, np.ones(12))
    assert model.predict(X) == pytest.approx(1.0)


def test_one_class_and_dates_are_refused():
    with pytest.raises(ValueError, match=r"at least two classes.*one class only: 1"):
        SeverClassifier().fit(np.eye(4), [1, 1, 1, 1])
    with pytest.raises(ValueError, match="got dates"):
        SeverRegressor().fit(np.full((4, 1), np.datetime64("2024-02-20")), np.arange(4.0))
