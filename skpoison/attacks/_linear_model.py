"""Linear victims by their coefficients: training, losses, and targets made of flipped labels."""

from typing import NamedTuple

import numpy as np
from sklearn.base import clone
from sklearn.svm import LinearSVC

from skpoison.victims import describe_victim


class LinearModel(NamedTuple):
    """Weights (n_problems, n_features) and intercepts (n_problems,), the positive class' side."""

    weights: np.ndarray
    intercepts: np.ndarray

    def decision(self, X):
        """Decision values (n_samples, n_problems)."""
        return X @ self.weights.T + self.intercepts


class LinearVictim:
    """A linear scikit-learn classifier as binary problems, each class against the rest.

    The victim minimises the sum of its losses plus `regularization(n)` times half the squared norm.
    Two classes are one problem. An SVC or LogisticRegression of more classes, trained otherwise by
    scikit-learn, is stood in for by its binary problems.

    Parameters
    ----------
    estimator : classifier
        Unfitted.
    n_classes : int

    Raises
    ------
    ValueError
        If it is not linear, weights classes or has no loss here.
    """

    def __init__(self, estimator, n_classes):
        self.description = describe_victim(estimator)
        if getattr(estimator, "kernel", "linear") != "linear":
            raise ValueError(f"estimator={estimator!r} is not linear; kernel='linear' is.")
        if getattr(estimator, "class_weight", None) is not None:
            raise ValueError(f"estimator={estimator!r} must weight classes alike.")
        self.estimator, self.n_classes = estimator, n_classes
        self.loss = self.description.machine.loss
        penalised = isinstance(estimator, LinearSVC) and estimator.fit_intercept
        self.intercept_share = estimator.intercept_scaling**-2 if penalised else 0.0

    def signs(self, y):
        """Label codes as -1 and +1 of each problem: (n_samples, n_problems)."""
        classes = np.array([1]) if self.n_classes == 2 else np.arange(self.n_classes)
        return np.where(np.asarray(y)[:, np.newaxis] == classes, 1.0, -1.0)

    def fit(self, X, y, sample_weight=None):
        """Train: a LinearModel."""
        weights, intercepts = [], []
        for signs in self.signs(y).T:
            if (signs == signs[0]).all():  # nothing to tell apart
                weights.append(np.zeros(X.shape[1]))
                intercepts.append(signs[0])
                continue
            model = clone(self.estimator)
            try:
                model.fit(X, signs.astype(int), sample_weight=sample_weight)
            except ValueError as error:
                raise ValueError(f"estimator={model!r} cannot be fitted to X: {error}") from error
            weights.append(np.ravel(model.coef_))
            intercepts.append(np.ravel(model.intercept_)[0] if np.size(model.intercept_) else 0.0)
        return LinearModel(np.array(weights, dtype=float), np.array(intercepts, dtype=float))

    def read(self, model, classes, n_features):
        """The LinearModel of a fitted scikit-learn classifier.

        Raises
        ------
        ValueError
            If it is not fitted to these classes and columns.
        """
        coefficients = np.atleast_2d(getattr(model, "coef_", np.empty((0, 0))))
        expected = (1 if len(classes) == 2 else len(classes), n_features)
        known = getattr(model, "classes_", classes)
        if coefficients.shape != expected or not np.array_equal(known, classes):
            raise ValueError(
                f"target_model={model!r} must be fitted to the labels {classes.tolist()} and "
                f"{n_features} columns and have coef_ of shape {expected}; that of this one is "
                f"{coefficients.shape}."
            )
        intercepts = np.broadcast_to(np.ravel(model.intercept_), expected[0])
        return LinearModel(coefficients.astype(float), intercepts.astype(float))

    def row_losses(self, model, X, y):
        """Each row's loss, the sum over the problems: (n_samples,)."""
        return self.loss(model.decision(X), self.signs(y)).sum(axis=1)

    def norm(self, model):
        """Half the squared norm that the victim penalises."""
        intercept = self.intercept_share * np.square(model.intercepts).sum()
        return 0.5 * (np.square(model.weights).sum() + intercept)

    def regularization(self, n_samples):
        """The factor of `norm` beside the sum of the losses."""
        return (n_samples if self.description.mean_loss else 1.0) / self.description.cost

    def predict(self, model, X):
        """Label codes."""
        decision = model.decision(X)
        return (decision[:, 0] > 0).astype(int) if self.n_classes == 2 else decision.argmax(axis=1)


# Shares of the flipped rows with the lowest loss, and how often they count.
SHARES = (0.5, 1.0)
REPEATS = (1, 3)


def decoys(victim, X, y, X_val, y_val):
    """Bad models that are still cheap to reach, after Koh, Steinhardt and Liang, the milder first.

    Each is trained on the clean rows and on repeated attacker's rows under the label of another
    class, those on which the clean victim loses the least under it.

    Yields
    ------
    model : LinearModel
    error : float
        Its share of errors on the attacker's rows.
    """
    clean = victim.fit(X, y)
    decision = clean.decision(X_val)
    if victim.n_classes == 2:
        flipped = 1 - y_val
    else:
        own = np.arange(victim.n_classes) == y_val[:, np.newaxis]
        flipped = np.where(own, -np.inf, decision).argmax(axis=1)
    order = np.argsort(victim.row_losses(clean, X_val, flipped), kind="stable")
    for repeats in REPEATS:
        for share in SHARES:
            rows = order[: max(1, round(share * len(order)))]
            weight = np.repeat([1.0, repeats], [len(X), len(rows)])
            model = victim.fit(
                np.concatenate([X, X_val[rows]]), np.append(y, flipped[rows]), weight
            )
            yield model, np.mean(victim.predict(model, X_val) != y_val)
