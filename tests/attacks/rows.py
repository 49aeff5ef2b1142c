"""Rows and labels in the containers that people bring, and attacks to run on them."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from scipy import sparse

from skpoison.attacks import (
    AdaptivePoisoningAttack,
    AdversarialFlipAttack,
    GradientPoisoningAttack,
    LabelFlipAttack,
    MixedAttack,
)
from skpoison.detectors import CentroidDetector

N = 24
ROWS = np.arange(N)
CODES = np.resize([0, 1, 2], N)
RNG = np.random.RandomState(0)
NUMBERS = RNG.uniform(size=(N, 4)) + 0.5 * CODES[:, None]
IMAGES = RNG.randint(0, 256, size=(N, 2, 2), dtype=np.uint8)
DETECTOR = CentroidDetector(contamination=0.2)

FLIPS = [
    LabelFlipAttack(rate=7, random_state=0),
    MixedAttack([("a", LabelFlipAttack(), 2), ("b", LabelFlipAttack(), 1)], rate=7, random_state=0),
]
MAKERS = [
    GradientPoisoningAttack(rate=4, max_iter=2, random_state=0),
    AdversarialFlipAttack(rate=2, random_state=0),
    MixedAttack(
        [("climb", GradientPoisoningAttack(labels="keep", max_iter=2), 1), ("flip", FLIPS[0], 1)],
        rate=4,
        random_state=0,
    ),
    AdaptivePoisoningAttack(LabelFlipAttack(), DETECTOR, rate=7, n_rounds=2, random_state=0),
]


def named(attack):
    return type(attack).__name__ + ("" if attack in FLIPS else " that reads numbers")


def polars_frame(**columns):
    polars = pytest.importorskip("polars")
    return polars.DataFrame(
        {name: polars.Series(values, dtype=dtype) for name, (values, dtype) in columns.items()}
    )


def table():
    """All that people have in tables, under an index of its own."""
    return pd.DataFrame(
        {
            "name": [f"n{i}" for i in ROWS],
            "kind": pd.Categorical(np.resize(["b", "a", None], N), categories=["b", "a", "z"]),
            "gap": np.where(ROWS % 5, ROWS / 3, np.nan),
            "count": pd.array(np.where(ROWS % 4, ROWS, None), dtype="Int64"),
            "flag": pd.array(np.resize([True, None], N), dtype="boolean"),
            "arrow": pd.array([f"a{i}" for i in ROWS], dtype="string[pyarrow]"),
            "day": pd.date_range("2020-01-01", periods=N, tz="UTC"),
            "thing": [{"row": i} for i in ROWS],
            "small": ROWS.astype(np.int8),
        },
        index=pd.Index([f"row {i}" for i in ROWS], name="key"),
    )


def polars_table():
    polars = pytest.importorskip("polars")
    return polars_frame(
        name=(np.resize(["b", "a", None], N).tolist(), polars.Categorical),
        gap=([None if i % 5 == 0 else i / 3 for i in ROWS.tolist()], polars.Float32),
        count=(ROWS, polars.UInt8),
        list=([[i, i + 1] for i in ROWS.tolist()], None),
    )


def sparse_rows(form):
    rng = np.random.RandomState(0)
    X = sparse.coo_array(np.where(rng.rand(N, 30) < 0.1, rng.rand(N, 30), 0).astype(np.float32))
    return getattr(sparse, form)(X)


def read_only(X):
    X = X.copy()
    X.flags.writeable = False
    return X


def memmap(X, folder):
    np.save(folder / "rows.npy", X)
    return np.load(folder / "rows.npy", mmap_mode="r")


def rows_of(X, rows):
    """Rows by the container's own means."""
    if isinstance(X, (pd.DataFrame, pd.Series)):
        return X.iloc[rows]
    if sparse.issparse(X):
        return type(X)(X.toarray()[rows])
    if isinstance(X, list):
        return [X[row] for row in rows]
    return np.array(X)[rows] if isinstance(X, np.ndarray) else X[rows.tolist()]


def assert_same(result, expected):
    """Equal in container, rows, dtypes, format and index."""
    assert type(result) is type(expected)
    if isinstance(expected, pd.DataFrame):
        pd.testing.assert_frame_equal(result, expected)
    elif isinstance(expected, pd.Series):
        pd.testing.assert_series_equal(result, expected)
    elif sparse.issparse(expected):
        assert result.dtype == expected.dtype
        assert_array_equal(result.toarray(), expected.toarray())
    elif isinstance(expected, list):
        assert all(np.array_equal(*pair) for pair in zip(result, expected, strict=True))
    elif isinstance(expected, np.ndarray):
        assert result.dtype == expected.dtype
        assert_array_equal(result, expected)
    else:
        assert result.equals(expected)
        assert getattr(result, "schema", None) == getattr(expected, "schema", None)
