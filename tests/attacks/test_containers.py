"""Containers and labels come back from the attacks as they went in.

The oracle of flips: flipping the row numbers with the same seed says which rows are copied; the
result must be these rows, taken from the container by its own means.
"""

from copy import deepcopy

import numpy as np
import pandas as pd
import pytest
from imblearn.pipeline import make_pipeline
from numpy.testing import assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from skpoison.attacks import LabelFlipAttack
from tests.attacks.rows import (
    CODES,
    FLIPS,
    IMAGES,
    MAKERS,
    NUMBERS,
    ROWS,
    N,
    assert_same,
    memmap,
    named,
    polars_frame,
    polars_table,
    read_only,
    rows_of,
    sparse_rows,
    table,
)

pytestmark = pytest.mark.filterwarnings("ignore:.*did not move", "ignore:.*did not settle")

CONTAINERS = {
    "table": lambda _: table(),
    "sparse table": lambda _: pd.DataFrame.sparse.from_spmatrix(sparse_rows("csr_matrix")),
    "Series of texts": lambda _: table()["name"],
    "polars": lambda _: polars_table(),
    "polars Series": lambda _: polars_table()["name"],
    "texts": lambda _: [f"text {i}" for i in ROWS],
    "rows of a list": lambda _: NUMBERS.tolist(),
    "records of a list": lambda _: [{"row": i} for i in ROWS],
    "lists of tokens": lambda _: [["to"] * (1 + i % 3) for i in ROWS],
    "images": lambda _: IMAGES,
    "colour images": lambda _: np.stack([IMAGES] * 3, axis=-1),
    "big-endian": lambda _: NUMBERS.astype(">f4"),
    "read-only": lambda _: read_only(NUMBERS),
    "memmap": lambda folder: memmap(NUMBERS, folder),
    "objects": lambda _: np.array([[f"t{i}", i, None] for i in ROWS], dtype=object),
    "strings": lambda _: np.array([[f"t{i}", "x" * i] for i in ROWS]),
    "gaps": lambda _: np.where(NUMBERS > 1, np.nan, NUMBERS),
    "structured": lambda _: np.array([(i, "t") for i in ROWS], dtype=[("a", int), ("b", "U3")]),
    **{
        f"sparse {form}": lambda _, form=form: sparse_rows(form)
        for form in ("csr_array", "csr_matrix", "csc_array", "coo_array", "coo_matrix", "lil_array")
    },
}
every_container = pytest.mark.parametrize("container", CONTAINERS)


@every_container
@pytest.mark.parametrize(
    "attack",
    [*FLIPS, clone(FLIPS[0]).set_params(injection="replace")],
    ids=["append", "mixed", "replace"],
)
def test_flips_take_the_rows_that_they_take_of_row_numbers(attack, container, tmp_path):
    numbers, labels = attack.fit_resample(ROWS[:, None], CODES)
    X = CONTAINERS[container](tmp_path)
    before = rows_of(deepcopy(X), ROWS)
    X_out, y_out = attack.fit_resample(X, CODES)
    assert_same(X_out, rows_of(X, numbers[:, 0]))
    assert_array_equal(y_out, labels)
    assert_same(rows_of(X, ROWS), before)


@every_container
def test_attackers_rows_may_be_in_every_container(container, tmp_path):
    attack = FLIPS[0]
    mine, theirs = ROWS[:15], ROWS[15:]
    numbers, labels = attack.fit_resample(
        mine[:, None], CODES[mine], X_val=theirs[:, None], y_val=CODES[theirs]
    )
    X = CONTAINERS[container](tmp_path)
    X_out, y_out = attack.fit_resample(
        rows_of(X, mine), CODES[mine], X_val=rows_of(X, theirs), y_val=CODES[theirs]
    )
    assert (numbers[attack.poison_mask_] >= 15).all()
    assert_same(X_out, rows_of(X, numbers[:, 0]))
    assert_array_equal(y_out, labels)


def test_sparse_rows_are_never_made_dense():
    y = np.repeat(np.arange(77), 2)
    X = sparse.csr_array((np.ones(154), (np.arange(154), np.arange(154) * 10**6)))  # dense: 190 GB
    attack = LabelFlipAttack(rate=20, random_state=0)
    X_out, _ = attack.fit_resample(X, y)
    assert_array_equal(X_out.nonzero()[1] // 10**6, attack.sample_indices_)


def test_texts_of_a_pipeline():
    texts = [f"{word} {word}ness" for word in np.take(["good", "bad"], CODES % 2)]
    pipeline = make_pipeline(
        LabelFlipAttack(rate=6, random_state=0), TfidfVectorizer(), LogisticRegression()
    )
    assert pipeline.fit(texts, CODES % 2).predict(["good"]) == [0]


LABELS = {
    "list of numbers": lambda y: y.tolist(),
    "list of texts": lambda y: [["a", "bb", "dddd"][code] for code in y],
    "strings": lambda y: np.array(["a", "bb", "dddd"])[y],
    "objects": lambda y: np.array(["a", "bb", "dddd"], dtype=object)[y],
    "big-endian": lambda y: y.astype(">i2"),
    "one column": lambda y: y[:, None],
    "float Series": lambda y: pd.Series(y / 1.0, name="kind"),
    "nullable": lambda y: pd.Series(y, dtype="Int64"),
    "boolean": lambda y: pd.Series(y > 0, dtype="boolean"),
    "category": lambda y: pd.Series(pd.Categorical.from_codes(y, ["a", "b", "c"], ordered=True)),
    "string": lambda y: pd.Series(np.array(["a", "b", "c"])[y], dtype="string"),
    "arrow": lambda y: pd.Series(y, dtype="int8[pyarrow]"),
    "DataFrame": lambda y: pd.DataFrame({"kind": y}),
    "polars": lambda y: polars_frame(kind=(np.array(["a", "b", "c"])[y], None))["kind"],
    "polars categories": lambda y: polars_frame(kind=(y, pytest.importorskip("polars").UInt8))[
        "kind"
    ],
    "one-hot": lambda y: np.eye(3, dtype=int)[y],
    "one-hot list": lambda y: np.eye(3, dtype=int)[y].tolist(),
    "one-hot booleans": lambda y: pd.DataFrame(np.eye(3, dtype=bool)[y], columns=["a", "b", "c"]),
    "one-hot, a class without rows": lambda y: np.eye(4)[y + 1],
    "sparse one-hot": lambda y: sparse.csr_array(np.eye(3, dtype=int)[y]),
}


@pytest.mark.parametrize(
    ("attack", "container"),
    [(FLIPS[0], container) for container in LABELS]
    + [(attack, label) for attack in FLIPS[1:] + MAKERS for label in ("one-hot", "string")],
    ids=lambda value: value if isinstance(value, str) else named(value),
)
def test_labels_come_back_as_they_went_in(attack, container):
    make = LABELS[container]
    codes = CODES > 0 if container == "boolean" else CODES
    X_plain, codes_out = attack.fit_resample(NUMBERS, codes.astype(int))
    sources = attack.sample_indices_
    y, expected = make(codes.astype(int)), make(codes_out)
    if isinstance(y, (pd.Series, pd.DataFrame)):
        y.index = pd.Index([f"row {i}" for i in ROWS], name="key")
        expected.index = y.index[sources]
    X_out, y_out = attack.fit_resample(NUMBERS, y)
    assert_same(y_out, expected)
    assert_array_equal(X_out, X_plain)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (
            np.linspace(0, 1, N),
            "one-hot rows; got values of the kind 'continuous', such as 0.0 .*ResidualDetector",
        ),
        (np.eye(3, dtype=int)[CODES] | [1, 0, 0], "multi-label matrix: row 1 carries 2 labels"),
        (np.eye(3, dtype=int)[CODES] * [1, 0, 1], "row 1 carries 0 labels"),
        (np.tile(CODES, (3, 1)).T, r"got an array of shape \(24, 3\)"),
        (["a", None] * 12, r"no label \(None or NaN\) in 12 of 24 rows: 1, 3, 5, 7, 9, \.\.\."),
        (["a", np.nan, "b"] * 8, "in 8 of 24 rows: 1, 4, 7"),
        (np.where(ROWS == 5, np.nan, CODES), "in 1 of 24 rows: 5"),
        (pd.Series(CODES, dtype="Int64").mask(ROWS < 2), "in 2 of 24 rows: 0, 1"),
        (["a", 1] * 12, "labels of different types: int, str"),
        (CODES + 0j, "complex"),
    ],
)
@pytest.mark.parametrize("attack", FLIPS + MAKERS, ids=named)
def test_what_is_no_label_is_refused(attack, y, message):
    with pytest.raises(ValueError, match=f"y .*{message}"):
        attack.fit_resample(NUMBERS, y)


def test_missing_labels_of_polars_and_of_the_attacker_are_refused():
    with pytest.raises(ValueError, match=r"y_val has no label.*: 23"):
        FLIPS[0].fit_resample(NUMBERS, CODES, X_val=NUMBERS, y_val=[*CODES[:-1].tolist(), None])
    y = polars_frame(kind=([None, *["a", "b"] * 11, None], None))["kind"]
    with pytest.raises(ValueError, match="rows: 0, 23"):
        FLIPS[0].fit_resample(NUMBERS, y)


@pytest.mark.parametrize(
    ("X", "X_val", "message"),
    [
        (table(), table()[["name"]], r"X_val has the columns \['name'\]"),
        (table(), table().iloc[:, ::-1], "X_val has the columns .*'small', 'thing'"),
        (table(), table().astype({"small": int}), "'small' of X_val has dtype int64"),
        (table(), NUMBERS, "X is a DataFrame, X_val a ndarray"),
        (IMAGES, IMAGES[:, :1], r"rows of shape \(1, 2\), but those of X have \(2, 2\)"),
        (IMAGES, IMAGES / 255, "dtype float64, whose values the dtype of X, uint8"),
        (sparse_rows("csr_array"), NUMBERS, "X is a csr_array"),
    ],
)
def test_attackers_rows_of_another_kind_are_refused(X, X_val, message):
    with pytest.raises(ValueError, match=message):
        LabelFlipAttack().fit_resample(X, CODES, X_val=X_val, y_val=CODES)


@pytest.mark.parametrize("X", [{"a": ROWS}, "text", None, 3.0, iter(ROWS)])
def test_what_has_no_rows_is_refused(X):
    with pytest.raises(TypeError, match="X must be an array, a list, a pandas or polars"):
        LabelFlipAttack().fit_resample(X, CODES)
