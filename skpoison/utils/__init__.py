"""Finding the library's estimators."""

from skpoison.utils._discovery import all_estimators, make_estimator, short_names

__all__ = ["all_estimators", "make_estimator", "short_names"]
