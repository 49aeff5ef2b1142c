"""Tables, texts and sparse matrices as the numbers that detectors look at."""

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline

N_COMPONENTS = 300  # of sparse matrices: more columns than these are never made dense


def kind_of(X):
    """Tell what rows are: "numbers", "gaps", "sparse", "table" or "text".

    A DataFrame is a table where it holds anything but numbers, or misses some, and so is an array
    of rows that are not all numbers; an array of numbers may have gaps; texts are a list, an array
    or a Series of strings.
    """
    if sparse.issparse(X):
        return "sparse"
    if hasattr(X, "columns") and hasattr(X, "dtypes"):
        if any(isinstance(dtype, pd.SparseDtype) for dtype in X.dtypes):
            return "sparse"
        return "numbers" if _is_complete_and_numeric(X) else "table"
    if hasattr(X, "__len__") and len(X) and all(isinstance(row, str) for row in _items(X)):
        return "text"
    if isinstance(X, (list, tuple)) or getattr(X, "ndim", 0) == 2:
        return _kind_of_array(X)
    return "numbers"


def _items(X):
    if getattr(X, "ndim", 1) != 1:
        return [None]
    return X if not isinstance(X, (str, dict)) else [None]


def _kind_of_array(X):
    try:
        X = np.asarray(X)
        if X.ndim == 2 and X.dtype.kind in "OUS":
            X = X.astype(np.float64)
    except (TypeError, ValueError):  # texts among them, or rows of different lengths
        is_table = getattr(X, "ndim", 0) == 2 and all(np.isscalar(v) or v is None for v in X[0])
        return "table" if is_table else "numbers"
    has_gaps = X.ndim == 2 and X.dtype.kind == "f" and np.isnan(X).any()
    return "gaps" if has_gaps else "numbers"


def as_frame(X):
    """A table as a DataFrame of pandas; columns of an array get names and dtypes."""
    if hasattr(X, "columns"):
        return X if hasattr(X, "iloc") else X.to_pandas()
    frame = pd.DataFrame(X).infer_objects()
    return frame.set_axis([f"column {number}" for number in range(frame.shape[1])], axis=1)


def check_some_value(frame):
    """Raise a ValueError if a table of pandas is empty."""
    if frame.isna().to_numpy().all():
        raise ValueError(f"X holds no value: all of its {frame.shape[1]} columns are empty.")


def _is_complete_and_numeric(frame):
    if not hasattr(frame, "iloc"):
        frame = frame.to_pandas()  # polars
    kinds = {getattr(dtype, "kind", "O") for dtype in frame.dtypes}
    return kinds <= set("iufb") and not frame.isna().to_numpy().any()


def make_encoder(kind):
    """An unfitted transformer that makes numbers of rows of this kind; None for numbers."""
    if kind == "table":
        return make_pipeline(
            ColumnsAsNumbers(), SimpleImputer(add_indicator=True, keep_empty_features=True)
        )
    if kind == "gaps":
        return SimpleImputer(add_indicator=True, keep_empty_features=True)
    if kind == "text":
        return make_pipeline(TfidfVectorizer(sublinear_tf=True, min_df=2), LeadingComponents())
    return LeadingComponents() if kind == "sparse" else None


class ColumnsAsNumbers(TransformerMixin, BaseEstimator):
    """Columns of a DataFrame as numbers in single precision: what skrub's TableVectorizer gives.

    It takes one column after another, milliseconds each. Columns of numbers are taken at once
    here, and it gets the others.
    """

    def fit(self, X, y=None):
        """Fit to a DataFrame."""
        self.fit_transform(X)
        return self

    def fit_transform(self, X, y=None):
        """Fit to a DataFrame, and give its rows of numbers."""
        self.feature_names_in_ = np.asarray(X.columns, dtype=object)
        self.is_number_ = np.array([getattr(dtype, "kind", "O") in "iuf" for dtype in X.dtypes])
        numbers = _in_single_precision(X.loc[:, self.is_number_])
        self.is_kept_ = ~np.isnan(numbers).all(axis=0)
        places = np.flatnonzero(self.is_number_)[self.is_kept_]
        self.vectorizer_, others = None, np.empty((len(X), 0), dtype=np.float32)
        if not self.is_number_.all():
            from skrub import StringEncoder, TableVectorizer  # takes a second

            self.vectorizer_ = TableVectorizer(high_cardinality=StringEncoder(random_state=0))
            others = self.vectorizer_.fit_transform(X.loc[:, ~self.is_number_])
            sources = map(self.vectorizer_.output_to_input_.get, self.vectorizer_.all_outputs_)
            places = np.r_[places, X.columns.get_indexer([*sources])]
        self.order_ = np.argsort(places, kind="stable")
        return self._joined(numbers, others)

    def transform(self, X):
        """Give rows of numbers."""
        numbers = _in_single_precision(X.loc[:, self.is_number_])
        if self.vectorizer_ is None:
            return self._joined(numbers, np.empty((len(X), 0), dtype=np.float32))
        return self._joined(numbers, self.vectorizer_.transform(X.loc[:, ~self.is_number_]))

    def _joined(self, numbers, others):
        """All of them in the order of the table's columns, each in one piece of memory."""
        others = np.asarray(others, dtype=np.float32)
        joined = np.hstack([numbers[:, self.is_kept_], others])[:, self.order_]
        return np.asfortranarray(joined)


def _in_single_precision(frame):
    """Columns of numbers as an array; in others NaN stands for what is no number."""
    if any(getattr(dtype, "kind", "O") not in "iufb" for dtype in frame.dtypes):
        frame = frame.apply(pd.to_numeric, errors="coerce")
    return frame.to_numpy(dtype=np.float32, na_value=np.nan)


class LeadingComponents(TransformerMixin, BaseEstimator):
    """Leading singular vectors of a sparse matrix; one of few columns is made dense as it is."""

    def fit(self, X, y=None):
        """Fit to a sparse matrix."""
        n_components = min(N_COMPONENTS, *X.shape)
        self.svd_ = None
        if X.shape[1] > N_COMPONENTS:
            self.svd_ = TruncatedSVD(n_components, random_state=0).fit(X)
        return self

    def transform(self, X):
        """Give rows of numbers."""
        if self.svd_ is not None:
            return self.svd_.transform(X)
        return X.toarray() if sparse.issparse(X) else X
