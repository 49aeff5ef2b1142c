"""Closed-form predictions without a row against refits without it."""

import pickle

import numpy as np
import pytest
from sklearn.metrics.pairwise import rbf_kernel

from skpoison.detectors._ridge_scores import PENALTIES, WIDTHS, LeaveOneOutRidge

N_ROWS, N_CLASSES = 40, 3


def make_rows(n_rows=N_ROWS, n_columns=4, seed=0):
    rng = np.random.RandomState(seed)
    y = rng.randint(N_CLASSES, size=n_rows)
    return rng.normal(size=(n_rows, n_columns)) + y[:, np.newaxis], y


ROWS, LABELS = make_rows()
WEIGHT = np.random.RandomState(1).uniform(0.1, 1, N_ROWS)
WEIGHT[:3] = 0
GROUPS = np.append(np.repeat(np.arange(8), 2), np.repeat(np.arange(8, 16), 3))
SETTINGS = {
    "rows": (np.arange(N_ROWS), np.ones(N_ROWS)),
    "groups": (GROUPS, np.ones(N_ROWS)),
    "weighted rows": (np.arange(N_ROWS), WEIGHT),
    "weighted groups": (GROUPS, WEIGHT),
}
settings = pytest.mark.parametrize("groups, weight", SETTINGS.values(), ids=SETTINGS)


def refit(kernel, y, weight, penalty, train):
    """Predict all rows from those of `train`: kernel ridge regression with a free intercept.

    Solves (K + penalty / weight) a + b = target, sum(a) = 0.
    """
    train = np.flatnonzero(train & (weight > 0))
    target = 2 * np.eye(N_CLASSES)[y[train]] - 1
    n_rows = len(train)
    system = np.ones((n_rows + 1, n_rows + 1))
    system[:-1, :-1] = kernel[np.ix_(train, train)] + np.diag(penalty / weight[train])
    system[-1, -1] = 0
    solution = np.linalg.solve(system, np.vstack([target, np.zeros(N_CLASSES)]))
    return kernel[:, train] @ solution[:-1] + solution[-1]


def leave_out(kernel, y, groups, weight):
    """Smallest leave-one-out error of all penalties, predictions that have it, and the penalty."""
    share = weight / weight.sum()
    unit = share @ np.diag(kernel) - share @ kernel @ share  # mean squared norm about the mean
    votes = weight / np.bincount(groups)[groups]
    best = (np.inf,)
    for penalty in PENALTIES * unit:
        predictions = np.empty((len(y), N_CLASSES))
        for group in np.unique(groups):
            left_out = groups == group
            predictions[left_out] = refit(kernel, y, weight, penalty, ~left_out)[left_out]
        errors = np.square(2 * np.eye(N_CLASSES)[y] - 1 - predictions).mean(axis=1)
        error = votes @ errors / votes.sum()
        if error < best[0]:
            best = error, predictions, penalty
    return best


def squared_distances(X):
    return np.square(X[:, np.newaxis] - X).sum(axis=2)


@settings
@pytest.mark.parametrize("n_columns, n_components", [(4, 10), (60, 40), (60, 1000)])
def test_linear_predictions_are_those_of_refits(groups, weight, n_columns, n_components):
    """Of few columns, and of more columns than features of the approximation."""
    X, y = make_rows(n_columns=n_columns)
    learner = LeaveOneOutRidge("linear", n_components, N_CLASSES, 0)
    predictions = learner.fit_predict(X, y, groups, weight)
    _, expected, penalty = leave_out(X @ X.T, y, groups, weight)
    np.testing.assert_allclose(predictions, expected, atol=1e-6)

    new = make_rows(n_columns=n_columns, seed=1)[0]
    both = np.concatenate([X, new])
    train = np.arange(len(both)) < N_ROWS
    padded = np.append(weight, np.ones(N_ROWS))
    of_all = refit(both @ both.T, np.append(y, y), padded, penalty, train)[N_ROWS:]
    np.testing.assert_allclose(learner.predict(new), of_all, atol=1e-6)


@settings
def test_rbf_predictions_are_those_of_refits(groups, weight):
    learner = LeaveOneOutRidge("rbf", N_ROWS, N_CLASSES, 0)
    predictions = learner.fit_predict(ROWS, LABELS, groups, weight)
    unit = 1 / np.median(squared_distances(ROWS)[np.triu_indices(N_ROWS, 1)])
    expected = [
        leave_out(np.exp(-width * unit * squared_distances(ROWS)), LABELS, groups, weight)
        for width in WIDTHS
    ]
    best = int(np.argmin([error for error, *_ in expected]))
    assert learner.gamma_ == pytest.approx(WIDTHS[best] * unit)
    np.testing.assert_allclose(predictions, expected[best][1], atol=1e-5)


def test_rbf_predictions_of_new_rows_are_those_of_the_kernel():
    groups, weight = SETTINGS["rows"]
    learner = LeaveOneOutRidge("rbf", N_ROWS, N_CLASSES, 0)
    learner.fit_predict(ROWS, LABELS, groups, weight)
    both = np.concatenate([ROWS, make_rows(seed=1)[0]])
    kernel = rbf_kernel(both, gamma=learner.gamma_)
    *_, penalty = leave_out(kernel[:N_ROWS, :N_ROWS], LABELS, groups, weight)
    train = np.arange(len(both)) < N_ROWS
    of_all = refit(kernel, np.tile(LABELS, 2), np.ones(len(both)), penalty, train)
    np.testing.assert_allclose(learner.predict(both[N_ROWS:]), of_all[N_ROWS:], atol=1e-6)


def test_few_components_approximate_the_kernel_by_nystroem():
    """K is K_nm K_mm^+ K_mn of m training rows, and predictions are those of that kernel."""
    groups, weight = SETTINGS["groups"]
    learner = LeaveOneOutRidge("rbf", 12, N_CLASSES, 0)
    predictions = learner.fit_predict(ROWS, LABELS, groups, weight)
    chosen = learner.landmarks_.astype(np.float64)
    assert len(chosen) == 12 and np.isin(chosen, ROWS.astype(np.float32)).all()
    across = rbf_kernel(ROWS, chosen, gamma=learner.gamma_)
    within = rbf_kernel(chosen, gamma=learner.gamma_)
    approximation = across @ np.linalg.pinv(within) @ across.T
    assert np.abs(approximation - rbf_kernel(ROWS, gamma=learner.gamma_)).max() > 0.01
    _, expected, _ = leave_out(approximation, LABELS, groups, weight)
    np.testing.assert_allclose(predictions, expected, atol=1e-5)


@pytest.mark.parametrize("kernel", ["linear", "rbf"])
def test_neither_order_nor_codes_matter(kernel):
    groups, weight = SETTINGS["weighted groups"]
    predictions = LeaveOneOutRidge(kernel, N_ROWS, N_CLASSES, 0).fit_predict(
        ROWS, LABELS, groups, weight
    )
    order = np.random.RandomState(0).permutation(N_ROWS)
    ordered = LeaveOneOutRidge(kernel, N_ROWS, N_CLASSES, 0).fit_predict(
        ROWS[order], LABELS[order], groups[order], weight[order]
    )
    np.testing.assert_allclose(ordered, predictions[order], atol=1e-6)
    codes = np.array([2, 0, 1])
    recoded = LeaveOneOutRidge(kernel, N_ROWS, N_CLASSES, 0).fit_predict(
        ROWS, codes[LABELS], groups, weight
    )
    np.testing.assert_allclose(recoded[:, codes], predictions, atol=1e-6)


def test_two_classes_are_opposite_and_one_is_constant():
    groups, weight = SETTINGS["rows"]
    y = LABELS.clip(max=1)
    two = LeaveOneOutRidge("rbf", N_ROWS, 2, 0).fit_predict(ROWS, y, groups, weight)
    np.testing.assert_allclose(two[:, 0], -two[:, 1], atol=1e-8)
    assert np.mean(two.argmax(axis=1) == y) > 0.7
    none = np.zeros(N_ROWS, dtype=int)
    one = LeaveOneOutRidge("rbf", N_ROWS, 1, 0).fit_predict(ROWS, none, groups, weight)
    np.testing.assert_allclose(one, 1, atol=1e-8)


@pytest.mark.parametrize("kernel", ["linear", "rbf"])
def test_many_rows_in_single_precision_are_near_those_in_double(kernel, monkeypatch):
    X, y = make_rows(2500, seed=2)
    groups, weight = np.arange(2500) // 2, np.random.RandomState(0).uniform(size=2500)
    learners = [LeaveOneOutRidge(kernel, 50, N_CLASSES, 0) for _ in range(2)]
    single = learners[0].fit_predict(X, y, groups, weight)
    monkeypatch.setattr("skpoison.detectors._ridge_scores.SINGLE_PRECISION_FROM", 10_000)
    double = learners[1].fit_predict(X, y, groups, weight)
    assert single.dtype == double.dtype == np.float64
    assert 0 < np.abs(single - double).max() < 1e-3
    np.testing.assert_allclose(learners[0].predict(X), learners[1].predict(X), atol=1e-3)


def test_equal_rows_are_predicted_by_the_shares_of_the_others():
    """Where all rows are equal only the intercept is left: the mean of the other rows' targets."""
    groups, weight = SETTINGS["weighted groups"]
    predictions = LeaveOneOutRidge("rbf", N_ROWS, N_CLASSES, 0).fit_predict(
        np.zeros((N_ROWS, 2)), LABELS, groups, weight
    )
    target = 2 * np.eye(N_CLASSES)[LABELS] - 1
    for row in range(N_ROWS):
        others = groups != groups[row]
        expected = np.average(target[others], axis=0, weights=weight[others])
        np.testing.assert_allclose(predictions[row], expected, atol=1e-6)


def test_features_of_training_rows_are_released():
    X, y = make_rows(3000, n_columns=20)
    learner = LeaveOneOutRidge("rbf", 30, N_CLASSES, 0)
    learner.fit_predict(X, y, np.arange(3000), np.ones(3000))
    learner.release()
    pickled = pickle.dumps(learner)
    assert len(pickled) < 20_000  # 30 rows and 30 x 30 numbers in single precision, and a bit
    np.testing.assert_array_equal(pickle.loads(pickled).predict(X), learner.predict(X))
