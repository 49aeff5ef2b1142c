"""Cross-fitting is held against what a model that remembers its rows can tell."""

import numpy as np

from skpoison.detectors._cross_fitting import CrossFit, gathered_rows

X = np.random.RandomState(0).normal(size=(40, 3))
CODES = np.arange(40) % 2


def remember(X, codes):
    """A model that knows the rows it has seen."""
    return {row.tobytes() for row in X}


def has_seen(model, X):
    return np.array([float(row.tobytes() in model) for row in X])


def test_no_training_row_is_judged_by_a_model_that_has_seen_it():
    rows = np.concatenate([X, X[:5]])  # equal rows must not stand on both sides
    codes = np.concatenate([CODES, 1 - CODES[:5]])
    cross_fit = CrossFit(remember, rows, codes, n_folds=5, random_state=np.random.RandomState(0))
    assert len(cross_fit.models) == 5
    assert (cross_fit.judge(rows, has_seen) == 0).all()
    seen_by = np.sum([has_seen(model, X) for model in cross_fit.models], axis=0)
    assert (seen_by == 4).all()


def test_rows_that_gather_share_a_fold():
    crowd = X[0] + 1e-3 * np.random.RandomState(1).normal(size=(12, 3))
    rows, codes = np.concatenate([X, crowd]), np.append(CODES, np.zeros(12, dtype=int))
    places = gathered_rows(rows, codes)
    assert len(set(places[40:])) == 1 and places[0] == places[40]
    cross_fit = CrossFit(remember, rows, codes, n_folds=5, random_state=np.random.RandomState(0))
    for model in cross_fit.models:
        assert has_seen(model, crowd).sum() in (0, 12)


def test_rows_of_other_labels_and_evenly_spread_ones_do_not_gather():
    line = np.arange(30.0)[:, np.newaxis]
    assert len(set(gathered_rows(line, np.zeros(30, dtype=int)))) == 30
    beside = np.concatenate([line, line[::-1] + 0.01])  # each next to a row of the other label
    assert len(set(gathered_rows(beside, np.repeat([0, 1], 30)))) == 60
    equal = np.concatenate([line, line])
    assert len(set(gathered_rows(equal, np.repeat([0, 1], 30)))) == 30


def test_new_rows_are_judged_by_the_mean_of_all_models():
    cross_fit = CrossFit(
        lambda X, codes: X.mean(), X, CODES, n_folds=4, random_state=np.random.RandomState(0)
    )
    judged = cross_fit.judge(X[:3] + 1, lambda mean, X: np.full((len(X), 2), mean))
    np.testing.assert_allclose(judged, np.full((3, 2), np.mean(cross_fit.models)))


def test_a_single_row_is_its_own_judge():
    cross_fit = CrossFit(
        remember, X[:1], CODES[:1], n_folds=5, random_state=np.random.RandomState(0)
    )
    assert cross_fit.judge(X[:1], has_seen) == [1.0]
