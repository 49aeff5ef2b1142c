"""What detectors make of the rows that they are given."""

import warnings

import numpy as np
from scipy import sparse
from sklearn.utils.validation import (
    _check_feature_names,
    _check_n_features,
    check_array,
    validate_data,
)

from skpoison.detectors._encoding import (
    as_frame,
    check_some_value,
    kind_of,
    make_encoder,
)
from skpoison.utils._containers import check_container, check_not_empty
from skpoison.utils._magnitudes import MAX_SINGLE, check_frame, with_room_to_square

OTHER_UNITS = 0.1  # share of rows, and of a row's columns, far from the range of the fit


class AnyRowsMixin:
    """Makes arrays of numbers of tables, texts, sparse matrices and images.

    A classifier of the user's own gets rows as they are.
    """

    def _validate_rows(self, X, *, reset):
        X = check_container(X)
        shape = getattr(X, "shape", ())
        check_not_empty(X, type(self).__name__)
        as_they_are = self._takes_any_rows()
        if reset:
            self._array_shape = tuple(shape[1:])
            self._kind = kind_of(X)
            encodes = not as_they_are and not self._is_precomputed()
            self._encoder = make_encoder(self._kind) if encodes else None
        elif len(shape) > 1 and shape == self._array_shape:
            raise ValueError(
                f"X has the shape of one row, {shape}: one image needs the shape {(1, *shape)}."
            )
        if self._kind == "text":
            if kind_of(X) != "text":
                raise ValueError(f"X must hold texts, as in fit, got {type(X).__name__}.")
            if reset and len(X) < 2 and not as_they_are:
                raise ValueError("X must hold two texts or more, got 1 sample.")
        elif as_they_are or self._kind == "table":
            if not shape and self._kind != "table":
                X = np.asarray(X)
            if len(shape) == 2:
                _check_feature_names(self, X, reset=reset)
                _check_n_features(self, X, reset=reset)
            if not as_they_are:
                if len(shape) > 2:
                    raise ValueError(f"X must have two dimensions, as in fit, got shape {shape}.")
                X = as_frame(X)
                _check_n_features(self, X, reset=reset)
                check_frame(X, MAX_SINGLE)  # the encoder works in single precision
                if reset:
                    check_some_value(X)
                    names = [f"column {number}" for number in range(X.shape[1])]
                else:
                    names = self._encoder.feature_names_in_
                X = X.set_axis(names, axis=1)  # its own may be numbers, or there twice
        else:
            X = self._validate_numbers(X, reset)
        if self._encoder is None:
            return X
        X = self._encoder.fit_transform(X) if reset else self._encoder.transform(X)
        X = check_array(X, dtype=[np.float64, np.float32])
        return with_room_to_square(X)

    def _validate_numbers(self, X, reset):
        if len(getattr(X, "shape", ())) > 2:
            X = np.asarray(X).reshape(len(X), -1)
        if not sparse.issparse(X):
            _check_numeric(X)
        may_have_gaps = self._kind == "gaps" or self._is_precomputed()
        with np.errstate(invalid="ignore", over="ignore"):  # sums of half precision
            X = validate_data(
                self,
                X,
                reset=reset,
                dtype=[np.float64, np.float32],
                accept_sparse="csr" if self._kind == "sparse" else False,
                ensure_all_finite="allow-nan" if may_have_gaps else True,
            )
        if self._kind not in ("numbers", "sparse") or self._is_precomputed():
            return X
        X = with_room_to_square(X, getattr(self, "feature_names_in_", None))
        if self._kind == "sparse":
            return X
        if reset:
            self._ranges = X.min(axis=0), X.max(axis=0)
        else:
            self._warn_of_other_units(X)
        return X

    def _warn_of_other_units(self, X):
        """Warn of rows that lie far from the range of the fit in many columns."""
        low, high = self._ranges
        width = high - low
        varying = np.flatnonzero(width > 0)
        if not len(varying):
            return
        seen, low, high, width = X[:, varying], low[varying], high[varying], width[varying]
        outside = (seen > high + width) | (seen < low - width)
        if np.mean(outside.mean(axis=1) > OTHER_UNITS) <= OTHER_UNITS:
            return
        worst = int(outside.mean(axis=0).argmax())
        name = getattr(self, "feature_names_in_", range(X.shape[1]))[varying[worst]]
        warnings.warn(
            f"X may be in other units than in fit: {np.count_nonzero(outside.any(axis=0))} of "
            f"{X.shape[1]} columns go far beyond their range there, such as column {name!r}, "
            f"{seen[:, worst].min():.4g} to {seen[:, worst].max():.4g} against "
            f"{low[worst]:.4g} to {high[worst]:.4g}.",
            UserWarning,
            stacklevel=5,
        )

    def _takes_any_rows(self):
        """Whether rows are handed to a classifier of the user's own as they are."""
        return False

    def _is_precomputed(self):
        """Whether `X` holds predictions or distances in place of rows."""
        return False

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        for kind in ("sparse", "categorical", "string", "allow_nan", "three_d_array"):
            setattr(tags.input_tags, kind, True)
        return tags


def _check_numeric(X):
    if hasattr(X, "columns"):
        X = as_frame(X)
    try:
        values = np.asarray(X)
    except ValueError as error:
        raise ValueError(f"X has rows of different shapes: {error}") from error
    if values.dtype.kind in "OSU":
        try:
            values.astype(np.float64)
        except (TypeError, ValueError) as error:
            raise type(error)(f"X must hold numbers: {error}") from error
