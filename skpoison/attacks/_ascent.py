"""Projected gradient ascent of poison rows."""

from typing import NamedTuple

import numpy as np


class Box(NamedTuple):
    """Where poison rows may be, and the units in which they step.

    Steps are measured with each column divided by `unit`; for a box [0, 1] this is the plain
    Euclidean length.
    """

    low: np.ndarray  # (n_features,), -inf where there is no bound
    high: np.ndarray  # (n_features,), inf where there is no bound
    unit: np.ndarray  # (n_features,)


def make_box(bounds, X):
    """The box that `bounds` stands for on rows `X`, whose values it must hold.

    Parameters
    ----------
    bounds : {"data", "columns"}, None or (low, high)
        As :class:`GradientPoisoningAttack` takes it.

    X : ndarray of shape (n_samples, n_features)

    Raises
    ------
    ValueError
        If `bounds` is no pair of finite numbers or rows, or `X` lies outside.
    """
    axis = 0 if isinstance(bounds, str) and bounds == "columns" else None
    low, high = (
        np.broadcast_to(limit(X, axis=axis), X.shape[1]).astype(X.dtype)
        for limit in (np.min, np.max)
    )
    unit = high - low
    if bounds is None:
        return Box(np.full_like(low, -np.inf), np.full_like(high, np.inf), unit)
    if isinstance(bounds, str):
        return Box(low, high, unit)
    if len(bounds) != 2:
        raise ValueError(f"bounds={bounds!r} must be (low, high).")
    try:
        low, high = (np.broadcast_to(np.asarray(b, X.dtype), X.shape[1]) for b in bounds)
    except ValueError as error:
        raise ValueError(
            f"bounds={bounds!r}: low and high must be numbers or arrays of shape ({X.shape[1]},)."
        ) from error
    if not (np.isfinite(low).all() and np.isfinite(high).all() and (low <= high).all()):
        raise ValueError(f"bounds={bounds!r} must be finite, low not above high.")
    if (X < low).any() or (X > high).any():
        raise ValueError(
            f"X (or X_val) has values from {X.min():g} to {X.max():g}, outside bounds={bounds!r}."
        )
    return Box(low, high, high - low)


# Trained classifiers make objectives with kinks: a climber that takes no step down stops at the
# first. Directions are averaged with MOMENTUM, and only after PATIENCE steps without a new best do
# the rows go back to the best place and the step shrinks; after a new best it grows. The numbers
# were found on the image cells of the benchmark; benchmarks/calibrate_estimators.py ascent tries
# others.
MOMENTUM = 0.8
PATIENCE = 5
SHRINKAGE = 0.25
GROWTH = 1.5


def sweep(objective, groups, box, path, *, n_sweeps, tol, **limits):
    """Let each group of training rows climb in turn, `n_sweeps` times or until nothing is gained.

    Groups that could not climb, because none of their rows touched the margin, are given another
    chance when all others have moved. For the arguments see :func:`climb`.
    """
    for _ in range(n_sweeps):
        before, stuck = objective.value, []
        for points in groups:
            value = objective.value
            climb(objective, points, box, path, tol=tol, **limits)
            if objective.value == value:
                stuck.append(points)
        if objective.value - before <= tol:
            break
        for points in stuck:
            climb(objective, points, box, path, tol=tol, **limits)


def climb(objective, points, box, path, *, step_size, max_iter, tol):
    """Move the training rows `points` together to a higher objective.

    Parameters
    ----------
    objective : PoisoningObjective
        Left at the best place seen.
    points : ndarray of int
        The rows that move.
    box : Box
    path : list
        The best objective so far is appended after each step.
    step_size : float
        Length of each row's first step. The ascent ends when steps would have to be shorter than
        this divided by the number of rows.
    max_iter : int
        Most steps.
    tol : float
        A gain below it ends the ascent.
    """
    best, best_value, best_slope = objective.state(points), objective.value, None
    step, failures, heading = step_size, 0, 0.0
    for _ in range(max_iter):
        if failures < PATIENCE:
            slope = _unit_slope(objective, points, box)
            if failures == 0:
                best_slope = slope
        if failures == PATIENCE or not slope.any():
            step *= SHRINKAGE
            if step < step_size / len(points) or not best_slope.any():
                break
            objective.restore(points, best)
            slope, failures, heading = best_slope, 0, 0.0
        heading = MOMENTUM * heading + slope
        X = objective.rows[points]
        moved = X + step * box.unit * _unit_rows(_allowed(heading, X, box))
        objective.move(points, np.clip(moved, box.low, box.high))
        gain = objective.value - best_value
        if gain > 0:
            best, best_value = objective.state(points), objective.value
            failures = 0
            step *= GROWTH
        else:
            failures += 1
        path.append(best_value)
        if 0 < gain < tol:
            break
    if failures:
        objective.restore(points, best)


def _unit_slope(objective, points, box):
    """The gradient of each row in the box's units, at length 1; zero where it is flat."""
    slope = objective.gradient(points) * box.unit
    return _unit_rows(_allowed(slope, objective.rows[points], box))


def _allowed(direction, X, box):
    """The direction without the parts that point out of the box."""
    blocked = ((X <= box.low) & (direction < 0)) | ((X >= box.high) & (direction > 0))
    return np.where(blocked, 0.0, direction)


def _unit_rows(direction):
    length = np.sqrt(np.einsum("ij,ij->i", direction, direction))[:, None]
    return direction / np.where(length > 0, length, 1.0)
