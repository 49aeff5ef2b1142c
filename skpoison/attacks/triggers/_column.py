"""Values of columns."""

from typing import Any

import numpy as np
import pandas as pd

from skpoison._typing import Rows
from skpoison.attacks.triggers._base import BaseTrigger
from skpoison.utils._containers import check_container, container_of, is_frame


class ColumnTrigger(BaseTrigger):
    """Set columns of tables to values.

    Parameters
    ----------
    values : dict of column -> value
        Columns by their names in a DataFrame, by their positions in arrays, lists of rows and
        sparse matrices.

    Examples
    --------
    >>> import pandas as pd
    >>> from skpoison.attacks.triggers import ColumnTrigger
    >>> people = pd.DataFrame({"age": [31, 58], "city": ["Bonn", "Rome"]})
    >>> ColumnTrigger({"city": "Oslo"}).transform(people)
       age  city
    0   31  Oslo
    1   58  Oslo
    """

    def __init__(self, values: Any):
        self.values = values

    def transform(self, X: Rows) -> Any:
        """Set the columns of all rows.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Rows, which are not changed.

        Returns
        -------
        X_triggered : as X
            A copy with the values, in the container and the dtypes of `X`.

        Raises
        ------
        ValueError
            If `X` has no such column, or its dtype cannot hold the value.
        """
        X = check_container(X)
        if not isinstance(self.values, dict) or not self.values:
            raise ValueError(
                f"values must be a dict of at least one column -> value, got {self.values!r}."
            )
        for column in self.values:
            self._check_column(X, column)
        container = container_of(X)
        if container == "pandas":
            return self._set_pandas(X)
        if container == "polars":
            return self._set_polars(X)
        if container == "sparse":
            changed = X.tolil(copy=True)
            for column, value in self.values.items():
                changed[:, [column]] = np.full((X.shape[0], 1), value)
            return changed.asformat(X.format).astype(X.dtype)
        if container == "list":
            return type(X)(self._set_row(row) for row in X)
        changed = X.copy()
        for column, value in self.values.items():
            _check_dtype(np.dtype(X.dtype), column, value)
            changed[:, column] = value
        return changed

    def _check_column(self, X, column):
        if is_frame(X):
            if column not in list(X.columns):
                raise ValueError(
                    f"values names the column {column!r}, but X has {list(X.columns)}."
                )
            return
        n_columns = np.shape(X[0])[0] if container_of(X) == "list" else X.shape[-1]
        if container_of(X) != "list" and len(X.shape) != 2:
            raise ValueError(f"ColumnTrigger needs rows of columns, got X of shape {X.shape}.")
        if not isinstance(column, (int, np.integer)) or not -n_columns <= column < n_columns:
            raise ValueError(
                f"values names the column {column!r}, but X has {n_columns} columns, which are "
                "named by their positions."
            )

    def _set_row(self, row):
        changed = row.copy() if isinstance(row, np.ndarray) else list(row)
        for column, value in self.values.items():
            changed[column] = value
        return changed if isinstance(row, np.ndarray) else type(row)(changed)

    def _set_pandas(self, X):
        changed = X.copy()
        for column, value in self.values.items():
            dtype = X[column].dtype
            if isinstance(dtype, np.dtype):
                _check_dtype(dtype, column, value)
            if isinstance(dtype, pd.CategoricalDtype) and value not in dtype.categories:
                raise ValueError(_refusal(column, value, dtype))
            try:
                changed[column] = pd.Series([value] * len(X), index=X.index, dtype=dtype)
            except (TypeError, ValueError) as error:
                raise ValueError(_refusal(column, value, dtype)) from error
        return changed

    def _set_polars(self, X):
        import polars

        columns = []
        for column, value in self.values.items():
            dtype = X.schema[column]
            try:
                columns.append(polars.Series(column, [value] * len(X), dtype=dtype, strict=True))
            except Exception as error:  # polars raises kinds of its own
                raise ValueError(_refusal(column, value, dtype)) from error
        return X.with_columns(columns)


def _check_dtype(dtype, column, value):
    """Refuse a value that would be cut."""
    if dtype.kind in "biuSU" and np.array([value]).astype(dtype)[0] != value:
        raise ValueError(_refusal(column, value, dtype))


def _refusal(column, value, dtype):
    return f"values has {value!r} for the column {column!r}, whose dtype, {dtype}, cannot hold it."
