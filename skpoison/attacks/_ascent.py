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


# After so many steps without a new best the rows go back to the best place and the step shrinks;
# after a new best it grows. The numbers were found on the image cells of the benchmark.
PATIENCE = 2
SHRINKAGE = 0.25
GROWTH = 1.5
SMALLEST_STEP = 0.1  # of the first step


def climb(objective, points, box, path, *, step_size, max_iter, tol):
    """Move the training rows `points` together to a higher objective.

    Each row steps by `step_size` along its own normalised gradient.

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
        Length of the first step.
    max_iter : int
        Number of steps.
    tol : float
        A gain below it ends the ascent.
    """
    best, best_value = objective.state(points), objective.value
    best_direction = None
    step, failures = step_size, 0
    for _ in range(max_iter):
        if failures == PATIENCE:
            objective.restore(points, best)
            failures = 0
            direction = best_direction
            step *= SHRINKAGE
            if step < SMALLEST_STEP * step_size:
                break
        else:
            direction = ascent_direction(objective, points, box)
            if failures == 0:
                best_direction = direction
        if not direction.any():
            if failures == 0:
                break
            failures = PATIENCE
            continue
        moved = objective.rows[points] + step * direction
        objective.move(points, np.clip(moved, box.low, box.high, out=moved))
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


def ascent_direction(objective, points, box):
    """Step of length 1 in the box's units for each row, zero where the objective is flat."""
    X = objective.rows[points]
    slope = objective.gradient(points) * box.unit
    blocked = ((X <= box.low) & (slope < 0)) | ((X >= box.high) & (slope > 0))
    slope[blocked] = 0.0
    length = np.sqrt(np.einsum("ij,ij->i", slope, slope))[:, None]
    slope /= np.where(length > 0, length, 1.0)
    return slope * box.unit
