"""Rows for learners that hand them on to another estimator."""

from sklearn.utils import get_tags
from sklearn.utils.validation import _check_feature_names, _check_n_features, validate_data

from skpoison.detectors._encoding import as_frame, kind_of
from skpoison.utils._containers import check_container, check_not_empty, is_frame
from skpoison.utils._magnitudes import check_frame, with_room_to_square


def check_rows(learner, X, inner, *, reset):
    """Check rows as far as they must be for `learner` to take some of them.

    Parameters
    ----------
    learner : estimator
        Remembers or compares the columns.

    X : {array-like, sparse matrix, dataframe, sequence of str} of shape (n_samples, ...)
        Rows.

    inner : estimator
        What the rows are handed to: it says whether numbers may be missing.

    reset : bool
        Whether this is the training set.

    Returns
    -------
    X : ndarray, CSR matrix, dataframe, sequence of str
        Tables and texts as they came.
    """
    X = check_container(X)
    check_not_empty(X, type(learner).__name__)
    if is_frame(X):
        check_frame(as_frame(X))
        _check_feature_names(learner, X, reset=reset)
        _check_n_features(learner, X, reset=reset)
        return X
    if kind_of(X) == "text":
        return X
    X = validate_data(
        learner,
        X,
        reset=reset,
        dtype=None,
        accept_sparse="csr",
        allow_nd=True,
        ensure_all_finite="allow-nan" if get_tags(inner).input_tags.allow_nan else True,
    )
    if X.dtype.kind in "mM":
        raise ValueError("X must hold numbers or texts, got dates: make numbers of them.")
    return with_room_to_square(X)


def copy_input_tags(tags, inner):
    """Say of a learner that it takes the rows that another estimator takes."""
    tags.input_tags = get_tags(inner).input_tags
    return tags
