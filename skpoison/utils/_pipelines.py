"""Pipelines of any library, taken apart."""

from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline


def last_step_and_rows(estimator, X):
    """Take the last step of a fitted pipeline, and rows as it sees them.

    Parameters
    ----------
    estimator : estimator
        A fitted pipeline of scikit-learn, imbalanced-learn or this library, or any estimator;
        possibly in a FrozenEstimator.

    X : array-like of shape (n_samples, ...)
        Rows as the pipeline gets them.

    Returns
    -------
    estimator : estimator
        The last step; what is no pipeline, as it came.

    rows : array-like of shape (n_samples, ...)
        The rows transformed by the steps in front. Samplers leave them alone.
    """
    if isinstance(estimator, FrozenEstimator):
        estimator = estimator.estimator
    if not isinstance(estimator, Pipeline):
        return estimator, X
    *front, (_, last) = estimator.steps
    for _, step in front:
        if hasattr(step, "transform"):  # no sampler, "passthrough" or None
            X = step.transform(X)
    return last, X
