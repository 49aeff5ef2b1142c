"""The types that public signatures share."""

from collections.abc import Sequence
from os import PathLike
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator

# Arrays, lists, frames and sparse matrices have no type in common.
Rows = Any

Estimator = BaseEstimator
RandomState = int | np.random.RandomState | None
FilePath = str | PathLike[str]

BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int_]

Injection = Literal["append", "replace"]
Bounds = Literal["columns", "data"] | Sequence[ArrayLike]
# The rules of `skpoison.thresholds` are estimators.
Contamination = Literal["auto"] | float | BaseEstimator
