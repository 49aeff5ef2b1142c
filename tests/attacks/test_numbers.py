"""Attacks that make rows: those of a plain array of the same numbers, in every container."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone

from skpoison.attacks import AdaptivePoisoningAttack, GradientPoisoningAttack, LabelFlipAttack
from tests.attacks.rows import (
    CODES,
    DETECTOR,
    IMAGES,
    MAKERS,
    NUMBERS,
    ROWS,
    N,
    assert_same,
    named,
    polars_frame,
    polars_table,
    read_only,
    rows_of,
    sparse_rows,
    table,
)

pytestmark = pytest.mark.filterwarnings("ignore:.*did not move", "ignore:.*did not settle")
every_maker = pytest.mark.parametrize("attack", MAKERS, ids=named)
INDEX = pd.Index([f"row {i}" for i in ROWS], name="key")
# Containers of the very numbers of a plain array of floats, whatever they are.
SAME_NUMBERS = {
    "list": lambda X: X.tolist(),
    "list of images": lambda X: list(X.reshape(-1, 2, 2)),
    "images": lambda X: X.reshape(-1, 2, 2),
    "big-endian": lambda X: X.astype(">f8"),
    "objects": lambda X: X.astype(object),
    "Fortran order": np.asfortranarray,
    "read-only": read_only,
    "frame": lambda X: pd.DataFrame(X, columns=list("abcd")),
    "nullable frame": lambda X: pd.DataFrame(X, columns=list("abcd")).astype("Float64"),
    "arrow frame": lambda X: pd.DataFrame(X, columns=list("abcd")).astype("double[pyarrow]"),
    "polars": lambda X: polars_frame(**{f"c{i}": (column, None) for i, column in enumerate(X.T)}),
}


@pytest.mark.parametrize("container", SAME_NUMBERS)
@every_maker
def test_made_rows_are_those_of_a_plain_array(attack, container):
    make = SAME_NUMBERS[container]
    mine, theirs = ROWS[:15], ROWS[15:]
    labels = {"y": CODES[mine], "y_val": CODES[theirs]}
    expected, labels_out = attack.fit_resample(NUMBERS[mine], X_val=NUMBERS[theirs], **labels)
    X, X_val = make(NUMBERS[mine]), make(NUMBERS[theirs])
    X_out, y_out = attack.fit_resample(X, X_val=X_val, **labels)
    assert_same(rows_of(X_out, ROWS[:15]), X)
    assert_array_equal(np.asarray(X_out, dtype=float).reshape(-1, 4), expected)
    assert_array_equal(y_out, labels_out)


def numeric_table():
    return pd.DataFrame(
        {
            "byte": IMAGES[:, 0, 0],
            "count": pd.array(IMAGES[:, 0, 1], dtype="Int16"),
            "flag": CODES > 0,
            "arrow": pd.array(IMAGES[:, 1, 1] / 7, dtype="float[pyarrow]"),
            "zeros": pd.array(np.where(CODES, 0.0, 3.0), dtype=pd.SparseDtype(float, 0)),
        },
        index=INDEX,
    )


def numeric_polars():
    polars = pytest.importorskip("polars")
    return polars_frame(
        byte=(IMAGES[:, 0, 0], polars.UInt8),
        flag=(CODES > 0, polars.Boolean),
        real=(IMAGES[:, 1, 1] / 7, polars.Float32),
    )


NARROW = {
    "images": lambda: IMAGES,
    "big-endian integers": lambda: IMAGES.astype(">i4"),
    "booleans": lambda: NUMBERS > 0.7,
    "float16": lambda: NUMBERS.astype(np.float16),
    "table": numeric_table,
    "polars": numeric_polars,
}


@pytest.mark.parametrize("container", NARROW)
@every_maker
def test_dtypes_of_made_rows_are_those_of_the_columns(attack, container):
    X = NARROW[container]()
    if isinstance(attack, GradientPoisoningAttack):
        attack = clone(attack).set_params(bounds="columns")
    X_out, _ = attack.fit_resample(X, CODES)
    poison, sources = attack.poison_mask_, attack.sample_indices_
    assert_same(rows_of(X_out, np.flatnonzero(~poison)), X)
    assert_same(rows_of(X_out, ROWS[:0]), rows_of(X, ROWS[:0]))
    if isinstance(X, pd.DataFrame):
        assert_array_equal(X_out.index[poison], INDEX[sources[poison]])
    if isinstance(attack, GradientPoisoningAttack):  # the same numbers without a dtype to keep to
        numbers = np.asarray(X).astype(float).reshape(N, -1)
        free, _ = attack.fit_resample(numbers, CODES)
        made = np.asarray(X_out).astype(float).reshape(len(free), -1)
        assert np.abs(made - free).max() <= 0.5
        assert (free != numbers[sources])[poison].any()


def test_values_beyond_the_dtype_are_clipped_to_it():
    attack = GradientPoisoningAttack(bounds=None, step_size=30, max_iter=2, rate=7, random_state=0)
    X_out, _ = attack.fit_resample(IMAGES, CODES)
    free, _ = attack.fit_resample(IMAGES.reshape(N, -1).astype(float), CODES)
    assert free.min() < -1 and free.max() > 256
    assert_array_equal(X_out.reshape(-1, 4), np.clip(np.rint(free), 0, 255))


def test_what_evades_is_told_of_the_rows_that_come_back():
    X = numeric_table()
    attack = AdaptivePoisoningAttack(LabelFlipAttack(), DETECTOR, rate=7, random_state=0)
    X_out, y_out = attack.fit_resample(X, CODES)
    flagged = DETECTOR.fit_predict(X_out.to_numpy(dtype=float), y_out)[attack.poison_mask_] == -1
    assert attack.evaded_ == pytest.approx(1 - flagged.mean())


REFUSED = {
    "a sparse matrix": (lambda: sparse_rows("csr_array"), "is a sparse matrix"),
    "strings": (lambda: table()[["small", "name"]], "dtype (str|object).* in column 'name'"),
    "categories": (lambda: table()[["kind"]], "dtype category in column 'kind'"),
    "dates": (lambda: table()[["day"]], "in column 'day'"),
    "gaps": (lambda: table()[["small", "gap"]], "missing.* first in row 0, column 'gap'"),
    "nullable gaps": (lambda: table()[["count"]], "6 missing.* in row 0, column 'count'"),
    "infinity": (lambda: np.where(ROWS == 3, np.inf, ROWS)[:, None], "row 3, column 0"),
    "masked": (lambda: np.ma.masked_equal(np.c_[ROWS, ROWS], 5), "row 5, column 0"),
    "texts": (lambda: table()["name"].tolist(), "has dtype <U3"),
    "objects": (lambda: np.array([["a", 1]] * N, dtype=object), "could not convert"),
    "ragged": (lambda: [[1] * (1 + i % 2) for i in ROWS], "rows of different shapes"),
    "polars strings": (lambda: polars_table()[["count", "name"]], "in column 'name'"),
    "polars gaps": (lambda: polars_table()[["gap"]], "5 missing.* in row 0, column 'gap'"),
}


@pytest.mark.parametrize("rows", REFUSED)
@every_maker
def test_what_are_no_numbers_is_refused_with_what_is_accepted(attack, rows):
    make, message = REFUSED[rows]
    message = f"{type(attack).__name__} works on numbers: an array, .*{message}"
    with pytest.raises((ValueError, TypeError), match=message):
        attack.fit_resample(make(), CODES)
