"""Rows as images, and back."""

from abc import abstractmethod
from typing import Any

import numpy as np
from sklearn.utils._param_validation import validate_parameter_constraints

from skpoison._typing import Rows
from skpoison.attacks._numbers import as_stored, columns_by_dtype, read_numbers, write_numbers
from skpoison.attacks.triggers._base import BaseTrigger
from skpoison.utils._containers import check_container, row_shape


class ImageTrigger(BaseTrigger):
    """Base class of triggers on images: a subclass writes ``_put``, on pixels in [0, 1]."""

    _parameter_constraints = {"image_shape": ["array-like", None]}

    def transform(self, X: Rows) -> Any:
        """Put the trigger on all images.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width[, channels]) or (n_samples, n_features)
            Images, which are not changed: whole numbers in [0, 255], or others in [0, 1].

        Returns
        -------
        X_triggered : as X
            A copy with the trigger, in the container and the dtypes of `X`.

        Raises
        ------
        ValueError
            If rows are no such images, or `image_shape` does not fit them.
        """
        name = type(self).__name__
        validate_parameter_constraints(self._parameter_constraints, self.get_params(False), name)
        X = check_container(X)
        if not len(X):
            return X
        pixels = read_numbers(X, name)
        dtypes = columns_by_dtype(X)
        unit = largest_pixel(pixels, [dtype for dtype, _ in dtypes], name)
        images = pixels.reshape(len(pixels), *self._shape(X, pixels.shape[1])) / unit
        changed = np.clip(self._put(images), 0, 1) * unit
        return write_numbers(as_stored(changed.reshape(pixels.shape), dtypes), X)

    @abstractmethod
    def _put(self, images):
        """Put the trigger on images (n, height, width, channels) with pixels in [0, 1]."""

    def _shape(self, X, n_features):
        """Height, width and channels of an image."""
        shape = row_shape(X)
        if self.image_shape is not None:
            shape = tuple(np.asarray(self.image_shape).tolist())
            if len(shape) not in (2, 3) or np.prod(shape) != n_features:
                raise ValueError(
                    f"image_shape={self.image_shape!r} must be (height, width[, channels]) of "
                    f"{n_features} values, as many as an image in X has."
                )
        elif len(shape) not in (2, 3):
            raise ValueError(
                f"{type(self).__name__} needs images: X of shape (n_samples, height, width[, "
                f"channels]), or image_shape= for flattened ones; got rows of shape {shape}."
            )
        return shape if len(shape) == 3 else (*shape, 1)


def largest_pixel(pixels, dtypes, name):
    """What white is: 255 among whole numbers, 1.0 among others."""
    unit = 255.0 if all(dtype.kind in "iu" for dtype in dtypes) else 1.0
    low, high = pixels.min(), pixels.max()
    if low < 0 or high > unit * (1 + 1e-6):
        raise ValueError(
            f"{name} needs pixels that are whole numbers in [0, 255] or others in [0, 1], got "
            f"values in [{low:g}, {high:g}] of dtype {', '.join(map(str, dtypes))}: rescale X."
        )
    return unit
