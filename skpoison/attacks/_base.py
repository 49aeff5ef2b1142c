"""The contract that every poisoning attack keeps."""

from abc import abstractmethod
from numbers import Integral

import numpy as np
from imblearn.base import BaseSampler
from scipy import sparse
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, RealNotInt, StrOptions
from sklearn.utils.validation import (
    _check_feature_names,
    check_array,
    check_consistent_length,
    column_or_1d,
)


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

    def __init__(self, *, rate=0.3, injection="append", random_state=None):
        self.rate = rate
        self.injection = injection
        self.random_state = random_state

    def fit_resample(self, X, y, X_val=None, y_val=None):
        """Poison a training set.

        Parameters
        ----------
        X : {array-like, dataframe, sparse matrix} of shape (n_samples, n_features)
            The clean training rows. Sparse input is accepted by the attacks that only copy rows.

        y : array-like of shape (n_samples,)
            Their labels.

        X_val : array-like of shape (n_samples_val, n_features), default=None
            The attacker's own rows, clean and disjoint from `X`: the attack is judged on them and
            may start from them. Without them the attacker makes do with `X`.

        y_val : array-like of shape (n_samples_val,), default=None
            The labels of `X_val`, all of which occur in `y`.

        Returns
        -------
        X_resampled : {ndarray, dataframe, sparse matrix} of shape (n_samples_new, n_features)
            The clean rows in their order, untouched, then the poison rows.

        y_resampled : ndarray or Series of shape (n_samples_new,)
            Their labels.

        Raises
        ------
        ValueError
            If the data hold NaN or inf, one class only, or fewer rows than the poison is to be
            made of; if `X_val` does not fit `X`, or comes without `y_val`.
        """
        return super().fit_resample(X, y, X_val=X_val, y_val=y_val)

    @abstractmethod
    def _make_poison(self, X, y, n_poison, X_val, y_val, random_state):
        """Make the poison rows.

        Parameters
        ----------
        X : {ndarray, CSR matrix} of shape (n_samples, n_features)
            The clean rows.

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
        X_poison : {ndarray, sparse matrix} of shape (n_poison, n_features)
            The poison rows.

        y_poison : ndarray of shape (n_poison,)
            Their labels as indices into `classes_`.

        sources : ndarray of shape (n_poison,)
            The row of `X` each was made from, -1 where it was made from `X_val`.
        """

    def _check_X_y(self, X, y):
        accept_sparse = "csr" if self.__sklearn_tags__().input_tags.sparse else False
        return super()._check_X_y(X, y, accept_sparse=accept_sparse)

    def _fit_resample(self, X, y, X_val=None, y_val=None):
        self.classes_, codes = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(
                f"{type(self).__name__} needs rows of at least two classes in y, "
                f"got one class only: {self.classes_[0]!r}."
            )
        n_samples = X.shape[0]
        is_count = isinstance(self.rate, Integral)
        n_poison = int(self.rate) if is_count else int(np.floor(self.rate * n_samples + 0.5))
        if self.injection == "replace" and n_poison >= n_samples:
            raise ValueError(
                f"rate={self.rate!r} asks for {n_poison} poison rows, but injection='replace' can "
                f"replace at most {n_samples - 1} of {n_samples} rows."
            )
        X_val, val_codes = self._check_attacker_rows(X, X_val, y_val)

        kept = np.arange(n_samples)
        if n_poison == 0:
            self.poison_mask_ = np.zeros(n_samples, dtype=bool)
            self.sample_indices_ = kept
            return X.copy(), y.copy()
        random_state = check_random_state(self.random_state)
        X_poison, poison_codes, sources = self._make_poison(
            X, codes, n_poison, X_val, val_codes, random_state
        )
        if self.injection == "replace":
            kept = np.setdiff1d(kept, _rows_to_replace(sources, n_samples, random_state))

        self.poison_mask_ = np.repeat([False, True], [len(kept), n_poison])
        self.sample_indices_ = np.concatenate([kept, sources])
        y_poison = self.classes_[poison_codes].astype(y.dtype, copy=False)
        return _stack(X[kept], X_poison), np.concatenate([y[kept], y_poison])

    def _check_attacker_rows(self, X, X_val, y_val):
        if X_val is None and y_val is None:
            return None, None
        if X_val is None or y_val is None:
            missing = "y_val" if y_val is None else "X_val"
            raise ValueError(f"X_val and y_val go together: {missing} is missing.")
        _check_feature_names(self, X_val, reset=False)
        X_val = check_array(
            X_val,
            accept_sparse="csr" if sparse.issparse(X) else False,
            dtype=X.dtype,
            input_name="X_val",
        )
        if X_val.shape[1] != X.shape[1]:
            raise ValueError(f"X_val has {X_val.shape[1]} features, but X has {X.shape[1]}.")
        y_val = column_or_1d(y_val)
        check_consistent_length(X_val, y_val)
        unknown = np.setdiff1d(y_val, self.classes_)
        if len(unknown):
            raise ValueError(f"y_val holds labels that y does not: {unknown.tolist()}.")
        return X_val, np.searchsorted(self.classes_, y_val)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.sampler_tags.sample_indices = True
        return tags


def _rows_to_replace(sources, n_samples, random_state):
    """Clean rows that make room: the sources themselves, then random rows for what is missing."""
    rows = np.unique(sources[sources >= 0])
    others = np.setdiff1d(np.arange(n_samples), rows)
    extra = random_state.choice(others, size=len(sources) - len(rows), replace=False)
    return np.concatenate([rows, extra])


def _stack(X_clean, X_poison):
    """The poison below the clean rows, in the clean rows' format and dtype."""
    if np.issubdtype(X_clean.dtype, np.integer) and not sparse.issparse(X_poison):
        X_poison = np.rint(X_poison)
    X_poison = X_poison.astype(X_clean.dtype, copy=False)
    if sparse.issparse(X_clean):
        return sparse.vstack([X_clean, X_poison], format=X_clean.format)
    return np.concatenate([X_clean, X_poison])
