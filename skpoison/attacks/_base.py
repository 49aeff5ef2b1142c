"""The contract that every poisoning attack keeps."""

from abc import abstractmethod
from numbers import Integral
from typing import Self

import numpy as np
import pandas as pd
from imblearn.base import BaseSampler
from numpy.typing import ArrayLike
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, RealNotInt, StrOptions
from sklearn.utils.validation import (
    _check_feature_names,
    _check_n_features,
    _num_samples,
    check_consistent_length,
)

from skpoison._typing import Injection, RandomState, Rows
from skpoison.attacks._numbers import as_stored, columns_by_dtype, read_numbers, write_numbers
from skpoison.utils._containers import (
    check_container,
    check_same_container,
    container_of,
    holds_bare_numbers,
    join,
    row_shape,
    take,
)
from skpoison.utils._labels import label_values


class BasePoisoningAttack(BaseSampler):
    """Base class of the poisoning attacks.

    A subclass writes ``_make_poison`` and, in ``short_names``, the names under which the command
    line and experiment files know it, each with the constructor's keywords it stands for.
    Everything that attacks have in common is done here: validation, the number of poison rows,
    label coding, where the poison goes, and containers and dtypes given back as they came.

    Parameters
    ----------
    rate : float or int, default=0.3
        How much poison. A float in [0, 1] is a share of the clean rows (0.3: 30 poison rows on
        100 clean ones), an int a number of rows.

    injection : {"append", "replace"}, default="append"
        "append" adds the poison to the clean rows; "replace" takes one clean row out for every
        poison row (the row it was made from, where it was made from one), so that the number of
        rows stays the same.

    random_state : int, RandomState instance or None, default=None
        Seed of everything that is drawn.

    Attributes
    ----------
    poison_mask_ : ndarray of shape (n_samples_new,), dtype=bool
        True for the poison rows of the result: they follow the clean rows.

    sample_indices_ : ndarray of shape (n_samples_new,), dtype=int
        For each row of the result, the row of `X` it is or was made from; -1 where a poison row
        was made from a row of `X_val`.

    classes_ : ndarray of shape (n_classes,)
        The labels seen in `y`, sorted.
    """

    sampling_strategy = "auto"
    _sampling_type = "bypass"
    short_names = {}

    _parameter_constraints = {
        "rate": [
            Interval(RealNotInt, 0, 1, closed="both"),
            Interval(Integral, 0, None, closed="left"),
        ],
        "injection": [StrOptions({"append", "replace"})],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        *,
        rate: float = 0.3,
        injection: Injection = "append",
        random_state: RandomState = None,
    ):
        self.rate = rate
        self.injection = injection
        self.random_state = random_state

    def fit(self, X: Rows, y: ArrayLike) -> Self:
        """Check the input, and learn nothing: use `fit_resample`.

        Parameters
        ----------
        X, y
            As in `fit_resample`.

        Returns
        -------
        self : object
            The attack.
        """
        self._validate_params()
        self._check(X, y)
        return self

    def fit_resample(
        self, X: Rows, y: ArrayLike, X_val: Rows = None, y_val: ArrayLike | None = None
    ) -> tuple:
        """Poison a training set.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...), list, DataFrame or sparse matrix
            The clean training rows, which are never changed. Attacks that only copy rows (random
            label flips and mixtures of them) look at nothing but their number: n-dimensional
            arrays of any dtype, lists of texts or objects, pandas and polars DataFrames and
            Series of any columns, missing values included, and SciPy sparse matrices. All other
            attacks need finite numbers: n-dimensional arrays, lists of rows, and DataFrames of
            numeric or boolean columns. The tags of an attack say which it is.

        y : array-like of shape (n_samples,) or one-hot matrix of shape (n_samples, n_classes)
            Their labels, of any type that can be sorted: a list, an array, a pandas or polars
            Series.

        X_val : as X, of shape (n_samples_val, ...), default=None
            The attacker's own rows, clean and disjoint from `X`: the attack is judged on them and
            may start from them. Without them the attacker makes do with `X`.

        y_val : array-like of shape (n_samples_val,), default=None
            The labels of `X_val`, all of which occur in `y`.

        Returns
        -------
        X_resampled : as X, of shape (n_samples_new, ...)
            The clean rows in their order, untouched, then the poison rows, in the container and
            the dtypes of `X`. Made values of integer columns are rounded, and clipped to what the
            dtype can hold. In pandas, poison rows carry the index label of the row that they were
            made from.

        y_resampled : as y, of shape (n_samples_new,)
            Their labels.

        Raises
        ------
        ValueError, TypeError
            If `y` misses labels, or holds anything but one label per row, or one class only; if
            there are fewer rows than the poison is to be made of; if the attack needs numbers and
            `X` holds something else; if `X_val` does not fit `X`, or comes without `y_val`.
        """
        self._validate_params()
        return self._fit_resample(X, y, X_val, y_val)

    @property
    def _needs_numbers(self):
        """Whether the attack looks at rows, so that they must be numbers."""
        return True

    @abstractmethod
    def _make_poison(self, X, y, n_poison, X_val, y_val, random_state):
        """Make the poison rows.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_features), float32 or float64
            The clean rows, flattened, not to be written to. Where `_needs_numbers` is False,
            their positions stand for them, (n_samples, 1).

        y : ndarray of shape (n_samples,)
            Their labels as indices into `classes_`.

        n_poison : int
            How many poison rows to make, at least 1.

        X_val, y_val : as X and y, or None
            The attacker's rows.

        random_state : RandomState instance
            The only source of randomness.

        Returns
        -------
        X_poison : ndarray of shape (n_poison, n_features) or None
            The poison rows. None: they are copies of the rows that they were made from.

        y_poison : ndarray of shape (n_poison,)
            Their labels as indices into `classes_`.

        sources : ndarray of shape (n_poison,)
            The row of `X` each was made from; ``n_samples + i`` for row i of `X_val`.
        """

    def _change_copies(self, copies):
        """Change copies of rows, in the container of `X`, where `_make_poison` made no rows."""
        return copies

    def _fit_resample(self, X, y, X_val, y_val):
        X, rows, target = self._check(X, y)
        n_samples = len(target)
        n_poison = self._count_poison(n_samples)
        X_val, val_rows, val_target = self._check_attacker_rows(X, rows, X_val, y_val)

        kept, poison_target, sources, made = np.arange(n_samples), [], [], None
        if n_poison:
            random_state = check_random_state(self.random_state)
            made, poison_target, sources = self._make_poison(
                rows, target, n_poison, val_rows, val_target, random_state
            )
            if self.injection == "replace":
                kept = np.setdiff1d(kept, _rows_to_replace(sources, n_samples, random_state))

        self.poison_mask_ = np.repeat([False, True], [len(kept), n_poison])
        self._sources = np.concatenate([kept, sources]).astype(int)
        self.sample_indices_ = np.where(self._sources < n_samples, self._sources, -1)
        y = check_container(y, "y")
        y_out = self._write_target(y, kept, poison_target)
        if container_of(y) == "pandas":
            y_out.index = _index(y, y_val, X_val).take(self._sources)
        pool = X if self._sources.max() < n_samples else join(X, X_val)
        if not n_poison:
            return take(X, kept), y_out
        copies = take(pool, self._sources[self.poison_mask_])
        if made is None:
            made = self._change_copies(copies)
        else:
            made = write_numbers(as_stored(made, self._dtypes), copies)
        return join(take(X, kept), made), y_out

    def _check(self, X, y):
        """The rows as they came and as numbers, and the label codes."""
        X, target = check_container(X), self._read_target(y)
        check_consistent_length(X, target)
        self._check_shape(X)
        self.sampling_strategy_ = self.sampling_strategy
        if not self._needs_numbers:
            return X, _positions(target), target
        numbers = read_numbers(X, type(self).__name__)
        self._dtypes = columns_by_dtype(X)
        return X, numbers, target

    def _read_target(self, y):
        """Labels as indices into `classes_`, which are learnt here."""
        labels = label_values(y)
        self.classes_, self._first_rows, codes = np.unique(
            labels, return_index=True, return_inverse=True
        )
        if len(self.classes_) < 2:
            raise ValueError(
                f"{type(self).__name__} needs rows of at least two classes in y, got "
                f"{'one class only: ' + repr(self.classes_[0]) if len(labels) else 'no rows'}."
            )
        return codes

    def _read_attacker_target(self, y_val):
        """Labels of the attacker's rows as indices into `classes_`."""
        labels = label_values(y_val, "y_val")
        unknown = np.setdiff1d(labels, self.classes_)
        if len(unknown):
            raise ValueError(f"y_val holds labels that y does not: {unknown.tolist()}.")
        return np.searchsorted(self.classes_, labels)

    def _write_target(self, y, kept, poison_target):
        """The kept labels of `y`, then those of the poison, in the container of `y`."""
        return take(y, np.concatenate([kept, self._first_rows[poison_target]]).astype(int))

    def _check_shape(self, X):
        """Refuse rows that are bare numbers or hold nothing; remember the columns of tables."""
        shape, n_samples = row_shape(X), _num_samples(X)
        self._row_shape = shape
        if holds_bare_numbers(X):
            raise ValueError(
                "X holds one number a sample: expected rows. Reshape your data, with "
                "X.reshape(-1, 1) if it has a single feature."
            )
        if 0 in shape:
            raise ValueError(
                f"Found array with 0 feature(s) (shape={(n_samples, *shape)}) while a minimum of 1 "
                f"is required by {type(self).__name__}."
            )
        for name in ("n_features_in_", "feature_names_in_"):
            vars(self).pop(name, None)
        if len(shape) == 1:
            _check_feature_names(self, X, reset=True)
            _check_n_features(self, X, reset=True)

    def _count_poison(self, n_samples):
        is_count = isinstance(self.rate, Integral)
        n_poison = int(self.rate) if is_count else int(np.floor(self.rate * n_samples + 0.5))
        if self.injection == "replace" and n_poison >= n_samples:
            raise ValueError(
                f"rate={self.rate!r} asks for {n_poison} poison rows, but injection='replace' can "
                f"replace at most {n_samples - 1} of {n_samples} rows."
            )
        return n_poison

    def _check_attacker_rows(self, X, rows, X_val, y_val):
        """The attacker's rows as they came and as numbers, and their target."""
        if X_val is None and y_val is None:
            return None, None, None
        if X_val is None or y_val is None:
            missing = "y_val" if y_val is None else "X_val"
            raise ValueError(f"X_val and y_val go together: {missing} is missing.")
        X_val = check_container(X_val, "X_val")
        check_same_container(X_val, X)
        target = self._read_attacker_target(y_val)
        check_consistent_length(X_val, target)
        if not self._needs_numbers:
            return X_val, _positions(target), target
        val_rows = read_numbers(X_val, type(self).__name__, "X_val")
        return X_val, val_rows.astype(rows.dtype, copy=False), target

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.sampler_tags.sample_indices = True
        copies_only = not self._needs_numbers
        tags.input_tags.three_d_array = True
        tags.input_tags.sparse = copies_only
        tags.input_tags.categorical = copies_only
        tags.input_tags.string = copies_only
        tags.input_tags.allow_nan = copies_only
        return tags


def _positions(rows):
    """What stands for rows that nobody looks at."""
    return np.arange(len(rows))[:, np.newaxis]


def _rows_to_replace(sources, n_samples, random_state):
    """Clean rows that make room: the sources themselves, then random rows for what is missing."""
    rows = np.unique(sources[sources < n_samples])
    others = np.setdiff1d(np.arange(n_samples), rows)
    extra = random_state.choice(others, size=len(sources) - len(rows), replace=False)
    return np.concatenate([rows, extra])


def _index(y, y_val, X_val):
    """Index labels of the rows of y, then of the attacker's rows; positions where they have none.

    y is a pandas Series or DataFrame.
    """
    if X_val is None:
        return y.index
    has_index = container_of(y_val) == "pandas"
    return y.index.append(y_val.index if has_index else pd.RangeIndex(len(y_val)))
