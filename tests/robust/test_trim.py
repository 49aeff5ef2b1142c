from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from skpoison.robust import TRIMRegressor


@pytest.mark.parametrize("seed", range(3))
def test_no_subset_fits_better(seed):
    rng = np.random.RandomState(seed)
    X = rng.normal(size=(12, 2))
    y = X @ [2.0, -1.0] + 0.3 * rng.normal(size=12)
    y[:3] = 5 * rng.normal(size=3)
    best, kept = min(
        (np.linalg.lstsq(np.c_[X[rows], np.ones(9)], y[rows], rcond=None)[1][0], rows)
        for rows in map(list, combinations(range(12), 9))
    )
    model = TRIMRegressor(contamination=0.25, n_init=60, random_state=0).fit(X, y)
    found = ((y - model.predict(X)) ** 2)[~model.poison_mask_].sum()
    assert found == pytest.approx(best)
    assert np.flatnonzero(~model.poison_mask_).tolist() == kept


def test_the_rows_kept_are_those_that_fit_best_and_the_regressor_is_theirs():
    rng = np.random.RandomState(0)
    X, y = rng.normal(size=(60, 3)), rng.normal(size=60)
    model = TRIMRegressor(Ridge(alpha=2.0), contamination=0.2, random_state=0).fit(X, y)
    squares = (y - model.predict(X)) ** 2
    assert model.poison_mask_.sum() == 12
    assert squares[~model.poison_mask_].max() <= squares[model.poison_mask_].min()
    kept = ~model.poison_mask_
    again = Ridge(alpha=2.0).fit(X[kept], y[kept])
    np.testing.assert_allclose(model.predict(X), again.predict(X))


def test_without_contamination_it_is_the_regressor():
    rng = np.random.RandomState(0)
    X, y = rng.normal(size=(20, 3)), rng.normal(size=20)
    model = TRIMRegressor(contamination=0.0).fit(X, y)
    np.testing.assert_allclose(model.predict(X), LinearRegression().fit(X, y).predict(X))
    assert not model.poison_mask_.any()


def test_tables_reach_the_regressor_as_they_are():
    frame = pd.DataFrame({"a": np.arange(30.0), "b": np.resize(["x", "y"], 30)})
    y = frame["a"] + (frame["b"] == "x")
    y[7] = 500.0
    encoder = make_column_transformer((OneHotEncoder(), ["b"]), (StandardScaler(), ["a"]))
    model = TRIMRegressor(
        make_pipeline(encoder, LinearRegression()), contamination=1 / 30, random_state=0
    ).fit(frame, y)
    assert np.flatnonzero(model.poison_mask_).tolist() == [7]
    with pytest.raises(ValueError, match="feature names"):
        model.predict(frame.rename(columns={"a": "c"}))
