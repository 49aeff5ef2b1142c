"""Linear regressions: how the fitted coefficients follow a training row."""

import numpy as np
from sklearn.linear_model import ElasticNet, Lasso, LinearRegression, Ridge

REGRESSIONS = (LinearRegression, Ridge, Lasso, ElasticNet)


def check_regression(estimator):
    """Refuse a victim whose derivative is not known.

    Raises
    ------
    ValueError
        If it is no linear regression of scikit-learn, or of a setting that is not covered.
    """
    if type(estimator) not in REGRESSIONS:
        names = ", ".join(kind.__name__ for kind in REGRESSIONS)
        raise ValueError(
            f"estimator={estimator!r} cannot be attacked by gradients; the regressions that can "
            f"are {names}."
        )
    if estimator.positive:
        raise ValueError(f"estimator={estimator!r} cannot be attacked with positive=True.")
    alpha = getattr(estimator, "alpha", 0.0)
    if not np.isscalar(alpha):
        raise ValueError(f"estimator={estimator!r} cannot be attacked with alpha={alpha!r}.")


def validation_loss(model, X_val, y_val):
    """Mean squared error of a fitted regression."""
    return np.mean((model.predict(X_val) - y_val) ** 2)


def loss_gradients(model, X, y, rows, X_val, y_val):
    """Derivative of the validation loss of a retrained regression in some training rows.

    The fitted coefficients w and intercept b solve, with the n training rows and the penalties of
    the regression, ``X' (X w + b - y) / n + l2 w + l1 sign(w) = 0`` for the coefficients that are
    not zero, and ``sum(X w + b - y) = 0``. Differentiating both gives how (w, b) follow a row.

    Parameters
    ----------
    model : LinearRegression, Ridge, Lasso or ElasticNet
        Fitted to `X` and `y`.

    X : ndarray of shape (n_samples, n_features)
        All training rows.

    y : ndarray of shape (n_samples,)
        Their targets.

    rows : ndarray of shape (n_rows,)
        Positions of the rows asked for.

    X_val, y_val : ndarray of shape (n_val, n_features) and (n_val,)
        The rows of the loss, the mean squared error.

    Returns
    -------
    in_rows : ndarray of shape (n_rows, n_features)

    in_targets : ndarray of shape (n_rows,)
    """
    n_samples = len(X)
    weights = np.ravel(model.coef_)
    active = np.flatnonzero(weights) if isinstance(model, ElasticNet) else np.arange(len(weights))
    columns = X[:, active]
    system = columns.T @ columns / n_samples
    system[np.diag_indices(len(active))] += _l2(model, n_samples)
    error = model.predict(X_val) - y_val
    slope = 2 / len(X_val) * X_val[:, active].T @ error
    if model.fit_intercept:
        mean = columns.mean(axis=0)[:, np.newaxis]
        system = np.block([[system, mean], [mean.T, np.ones((1, 1))]])
        slope = np.append(slope, 2 * error.mean())
    adjoint = np.linalg.lstsq(system, slope, rcond=None)[0]
    along = np.zeros(len(weights))
    along[active] = adjoint[: len(active)]
    constant = adjoint[-1] if model.fit_intercept else 0.0
    reach = (X[rows] @ along + constant) / n_samples
    residual = (model.predict(X[rows]) - y[rows]) / n_samples
    return -np.outer(reach, weights) - np.outer(residual, along), reach


def _l2(model, n_samples):
    """Factor of the coefficients in the derivative of the penalty, the loss a mean."""
    if isinstance(model, Ridge):
        return model.alpha / n_samples
    if isinstance(model, ElasticNet):
        return model.alpha * (1 - model.l1_ratio)
    return 0.0
