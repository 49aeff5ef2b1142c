"""What the fuzz tests give: rows, labels, estimators and their parameters."""

import numpy as np
import pandas as pd
import polars as pl
from hypothesis import strategies as st
from scipy import sparse
from sklearn.utils._param_validation import Interval, StrOptions, make_constraint

from skpoison.utils import all_estimators
from tests.quick import quick

MOST_ROWS, MOST_COLUMNS = 60, 30
SEEDS = st.integers(0, 99)


def sizes(usual, most):
    """Mostly usual sizes, but from 0 on."""
    return st.one_of(*4 * [st.integers(usual, most)], st.integers(0, most))


# --- rows -------------------------------------------------------------------------------------

VALUES = {
    "normal": lambda rng, shape: rng.normal(size=shape),
    "pixels": lambda rng, shape: rng.uniform(size=shape),
    "bytes": lambda rng, shape: rng.randint(256, size=shape).astype(float),
    "codes": lambda rng, shape: rng.randint(3, size=shape).astype(float),
    "skewed": lambda rng, shape: np.exp(5 * rng.normal(size=shape)),
}


def _set(place, value):
    def change(X):
        X[place] = value
        return X

    return change


QUIRKS = {
    "a gap": _set((0, -1), np.nan),
    "a column of gaps": _set((slice(None), 0), np.nan),
    "infinite": _set((-1, 0), np.inf),
    "1e300": _set((slice(None, None, 2), 0), 1e300),
    "-1e300": _set((0, 0), -1e300),
    "1e20": lambda X: X * 1e20,
    "1e-200": lambda X: X * 1e-200,
    "denormal": lambda X: X * 1e-310,
    "offset": lambda X: X + 1e12,
    "constant column": _set((slice(None), 0), 7.0),
    "all columns constant": lambda X: np.full_like(X, 7.0),
    "duplicate column": lambda X: np.column_stack([X[:, :1], X])[:, : X.shape[1]],
    "duplicate rows": lambda X: X[np.arange(len(X)) // 3],
    "two different rows": lambda X: X[np.arange(len(X)) % 2 * (len(X) > 1)],
    "zeros": lambda X: X * (X > X.mean()),
}


@st.composite
def numbers(draw, n_rows, n_columns):
    """A matrix of numbers with quirks."""
    rng = np.random.RandomState(draw(SEEDS))
    X = VALUES[draw(st.sampled_from(list(VALUES)))](rng, (n_rows, n_columns))
    for quirk in draw(
        st.lists(st.sampled_from(list(QUIRKS)), max_size=draw(st.sampled_from([0, 1, 2])))
    ):
        if X.size:
            with np.errstate(all="ignore"):
                X = QUIRKS[quirk](X)
    return X


def _cast(dtype):
    def cast(X):
        with np.errstate(all="ignore"):
            if np.dtype(dtype).kind in "iu":
                limits = np.iinfo(dtype)
                X = np.clip(np.nan_to_num(X), limits.min / 2, limits.max / 2)
            return X.astype(dtype)

    return cast


def _names(X):
    return [f"c{number}" for number in range(X.shape[1])]


def _frame(X):
    return pd.DataFrame(X, columns=_names(X))


def _read_only(X):
    X.flags.writeable = False
    return X


def _mixed(X):
    frame = _frame(X).assign(kind=[["ham", "eggs", None][i % 3] for i in range(len(X))])
    frame["day"] = pd.date_range("2024-02-20", periods=len(X))
    return frame


def _categories(X):
    return _frame(X).round(0).astype("category")


def _indexed(X):
    return pd.DataFrame(X, index=[f"r{i // 2}" for i in range(len(X))])


def _images(X):
    return np.repeat(X[:, : X.shape[1] // 2 * 2], 3).reshape(len(X), X.shape[1] // 2, 2, 3)


def _texts(X):
    return [f"word{len(X) % 3} seven{i % 7} three{i % 3}" for i in range(len(X))]


ARRAYS = {
    "float64": _cast("f8"),
    "float32": _cast("f4"),
    "float16": _cast("f2"),
    "longdouble": _cast("g"),
    "big-endian": _cast(">f8"),
    "int8": _cast("i1"),
    "uint8": _cast("u1"),
    "int64": _cast("i8"),
    "big-endian int": _cast(">i4"),
    "bool": lambda X: X > 0,
    "object": _cast(object),
    "Fortran": np.asfortranarray,
    "read-only": _read_only,
    "view": lambda X: np.repeat(X, 2, axis=1)[:, ::2],
    "list": lambda X: X.tolist(),
    "frame": _frame,
    "indexed": _indexed,
    "nullable": lambda X: _frame(X).astype("Float64"),
    "nullable int": lambda X: _frame(_cast("i4")(X)).astype("Int64"),
    "arrow": lambda X: _frame(X).astype("double[pyarrow]"),
    "polars": lambda X: pl.DataFrame(X, schema=_names(X)),
    "csr array": sparse.csr_array,
    "csc matrix": sparse.csc_matrix,
    "coo array": sparse.coo_array,
    "lil": sparse.lil_array,
    "images": lambda X: X[:, : X.shape[1] // 2 * 2].reshape(len(X), X.shape[1] // 2, 2),
    "colour images": _images,
}
OTHERS = {
    "mixed": _mixed,
    "mixed polars": lambda X: pl.from_pandas(_mixed(X)),
    "categories": _categories,
    "strings": lambda X: _frame(X).round(1).astype(str),
    "array of strings": lambda X: X.round(1).astype(str),
    "texts": _texts,
    "Series of texts": lambda X: pd.Series(_texts(X), dtype=str),
    "complex": lambda X: X + 1j,
    "dates": lambda X: np.full(X.shape, np.datetime64("2024-02-20")),
    "vector": lambda X: X.ravel()[: len(X)],
    "dok": sparse.dok_array,
    "number": lambda X: 7.0,
    "nothing": lambda X: None,
    "set": lambda X: {1, 2, 3},
    "ragged": lambda X: [[0.0] * (i % 3) for i in range(len(X))],
}


@st.composite
def rows(draw, n_rows):
    """Rows in any container."""
    n_columns = draw(sizes(2, MOST_COLUMNS))
    X = draw(numbers(n_rows, n_columns))
    usual = st.sampled_from(list(ARRAYS))
    name = draw(st.one_of(*5 * [usual], st.sampled_from(list(OTHERS))))
    return (ARRAYS | OTHERS)[name](X)


# --- labels -----------------------------------------------------------------------------------

LABELS = {
    "whole": lambda codes: codes,
    "negative": lambda codes: -3 * codes,
    "unsigned": lambda codes: codes.astype(np.uint8),
    "huge": lambda codes: codes + 2**62,
    "floats": lambda codes: codes.astype(float),
    "texts": lambda codes: np.array([f"name {code}" for code in codes], dtype=str),
    "objects": lambda codes: np.array([f"é{code}" for code in codes], dtype=object),
    "bools": lambda codes: codes > 0,
    "big-endian": lambda codes: codes.astype(">i4"),
}
LABEL_CONTAINERS = {
    "array": np.asarray,
    "list": lambda y: y.tolist(),
    "tuple": lambda y: tuple(y.tolist()),
    "column": lambda y: y.reshape(-1, 1),
    "Series": lambda y: pd.Series(y.astype(y.dtype.newbyteorder("="))),
    "nullable": lambda y: pd.Series(y.tolist()).convert_dtypes(),
    "categorical": lambda y: pd.Series(y.tolist(), dtype="category"),
    "polars": lambda y: pl.Series("y", y.tolist()),
    "one-hot": lambda y: (y[:, np.newaxis] == np.unique(y)).astype(int),
}
WRONG_LABELS = {
    "None": lambda y: [None, *y.tolist()[1:]],
    "NaN": lambda y: [np.nan, *y.tolist()[1:]],
    "NA": lambda y: pd.Series([pd.NA, *y.tolist()[1:]], dtype=object),
    "types": lambda y: ["1", *y.tolist()[1:]],
    "lists": lambda y: [[label] for label in y.tolist()],
    "too few": lambda y: y[1:],
    "continuous": lambda y: np.linspace(0, 1, len(y)),
    "infinite": lambda y: np.full(len(y), np.inf),
    "dates": lambda y: np.full(len(y), np.datetime64("2024-02-20")),
    "several": lambda y: np.ones((len(y), 2), dtype=int),
    "number": lambda y: 1,
    "text": lambda y: "label",
}


@st.composite
def codes(draw, n_rows):
    """Codes of classes: one, few, rare ones, or as many as rows."""
    rng = np.random.RandomState(draw(SEEDS))
    n_classes = draw(st.sampled_from([2, 2, 3, 7, 1, max(n_rows, 1)]))
    kind = draw(st.sampled_from(["even", "random", "rare", "sorted"]))
    numbers = np.arange(n_rows) % n_classes
    if kind == "random":
        numbers = rng.randint(n_classes, size=n_rows)
    if kind == "rare":
        numbers = np.where(np.arange(n_rows) < 2, numbers, 0)
    return np.sort(numbers) if kind == "sorted" else numbers


@st.composite
def labels(draw, n_rows):
    """Labels in any container, now and then wrong ones."""
    y = LABELS[draw(st.sampled_from(list(LABELS)))](draw(codes(n_rows)))
    usual = st.sampled_from(list(LABEL_CONTAINERS))
    name = draw(st.one_of(*6 * [usual], st.sampled_from(list(WRONG_LABELS))))
    return (LABEL_CONTAINERS | WRONG_LABELS)[name](y)


@st.composite
def targets(draw, n_rows):
    """Numbers for a regression, now and then none."""
    y = draw(numbers(n_rows, 1))[:, 0] if n_rows else np.empty(0)
    kept = [*LABEL_CONTAINERS][:-1]
    name = draw(st.sampled_from([*kept, *kept, *WRONG_LABELS]))
    return (LABEL_CONTAINERS | WRONG_LABELS)[name](y)


@st.composite
def sets(draw, target=labels):
    """Rows and their labels."""
    n_rows = draw(sizes(8, MOST_ROWS))
    return draw(rows(n_rows)), draw(target(n_rows))


# --- estimators -------------------------------------------------------------------------------

ANY = st.sampled_from([None, -1, 0, 1, 2, 0.0, 0.5, 1.0, np.nan, np.inf, True, "auto", "x", (), []])


def _at_and_beyond(constraint):
    """Values that a constraint stands for, and such as lie next to them."""
    constraint = make_constraint(constraint)
    if isinstance(constraint, StrOptions):
        return st.sampled_from(sorted(constraint.options))
    if isinstance(constraint, Interval):
        ends = [end for end in (constraint.left, constraint.right) if end is not None]
        ends = [end for end in ends if np.isfinite(end)] or [0]
        if constraint.type.__name__ == "Integral":
            return st.sampled_from([end + step for end in map(int, ends) for step in (-1, 0, 1, 2)])
        return st.sampled_from([end + step for end in ends for step in (-0.1, 0.0, 1e-9, 0.3)])
    return ANY


@st.composite
def estimators(draw, kind, only=lambda estimator: True):
    """An estimator of the library with quick settings, a few of them drawn."""
    found = [estimator for _, estimator in all_estimators(kind) if only(estimator)]
    estimator = draw(st.sampled_from(found))
    constraints = {
        name: options
        for name, options in estimator._parameter_constraints.items()
        if name in estimator._get_param_names() and name != "n_jobs" and isinstance(options, list)
    }
    settings = {}
    for name in draw(
        st.lists(
            st.sampled_from(sorted(constraints)),
            max_size=draw(st.sampled_from([0, 0, 1, 2])),
            unique=True,
        )
    ):
        options = [_at_and_beyond(option) for option in constraints[name]]
        settings[name] = draw(st.one_of(*options, *options, *options, ANY))
    return quick(estimator, **settings)


def has_network(estimator):
    """Whether it trains a network."""
    return "epochs" in estimator._get_param_names()
