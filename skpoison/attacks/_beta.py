"""Beta poisoning: rows where one class is dense, under another class's label."""

from numbers import Integral, Real

import numpy as np
from numpy.typing import ArrayLike
from sklearn.metrics.pairwise import euclidean_distances
from sklearn.utils._param_validation import Interval, StrOptions

from skpoison._typing import Bounds, Injection, RandomState
from skpoison.attacks._ascent import make_box
from skpoison.attacks._base import BasePoisoningAttack
from skpoison.attacks._goal import label_code


class BetaPoisoningAttack(BasePoisoningAttack):
    """Put rows where one class is dense, under the label of another.

    The attack of [1]_. Each poison row is a combination of a few rows (prototypes) of one class,
    with coefficients beta that sum up to one, and climbs the kernel density estimate of that class;
    its label is that of another class. No victim is trained, so that an attack costs as much as
    some distances, and any victim for which the two classes overlap there suffers.

    Parameters
    ----------
    rate : float or int, default=0.3
        How much poison: a float in [0, 1] is a share of the clean rows, an int a number of rows.

    n_prototypes : int, default=15
        Rows that a poison row is combined of; all of a class that has fewer.

    y_source : label, default=None
        The class whose rows shall be misclassified: all poison rows lie in it. None: each poison
        row draws its class.

    bounds : {"data", "columns"}, None or tuple (low, high), default="data"
        Where poison rows may be, as in :class:`GradientPoisoningAttack`.

    step_size : float, default=0.1
        Length of the first step of the coefficients. Steps that do not raise the density are
        halved.

    max_iter : int, default=100
        Steps.

    injection : {"append", "replace"}, default="append"
        "append" adds the poison to the clean rows; "replace" takes one clean row out for each.

    random_state : int, RandomState instance or None, default=None
        Seed of classes, prototypes and first coefficients.

    Attributes
    ----------
    density_ : ndarray of shape (n_poison,)
        The density estimate of its class at each poison row, from 0 to 1.

    poison_mask_ : ndarray of shape (n_samples_new,), dtype=bool
        True for the poison rows of the result.

    sample_indices_ : ndarray of shape (n_samples_new,), dtype=int
        The row of `X` each row of the result is or was made from; -1 for rows of `X_val`.

    classes_ : ndarray of shape (n_classes,)
        The labels seen in `y`.

    n_features_in_ : int
        Number of columns, where `X` is two-dimensional.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, where `X` has names that are all strings.

    See Also
    --------
    GradientPoisoningAttack : Trains the victim at every step.

    Notes
    -----
    The density is that of the published code: the mean of ``exp(-||x - x_i|| / h)`` over the rows
    of the class, of `X_val` where there is one, with h the mean distance between them.
    `sample_indices_` names the first prototype.

    References
    ----------
    .. [1] A. E. Cinà, S. Vascon, A. Demontis, B. Biggio, F. Roli, M. Pelillo, "The Hammer and the
       Nut: Is Bilevel Optimization Really Needed to Poison Linear Classifiers?", IJCNN 2021.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skpoison.attacks import BetaPoisoningAttack
    >>> X, y = load_digits(return_X_y=True)
    >>> X, y = X[(y == 3) | (y == 8)] / 16, y[(y == 3) | (y == 8)]
    >>> attack = BetaPoisoningAttack(rate=40, y_source=3, random_state=0)
    >>> X_poisoned, y_poisoned = attack.fit_resample(X[:100], y[:100])
    >>> set(y_poisoned[attack.poison_mask_].tolist())
    {8}
    >>> bool(attack.density_.min() > 0.4)
    True
    """

    short_names = {"beta": {}}

    _parameter_constraints = {
        **BasePoisoningAttack._parameter_constraints,
        "n_prototypes": [Interval(Integral, 1, None, closed="left")],
        "bounds": [StrOptions({"data", "columns"}), tuple, list, None],
        "step_size": [Interval(Real, 0, None, closed="neither")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(
        self,
        *,
        rate: float = 0.3,
        n_prototypes: int = 15,
        y_source: ArrayLike | None = None,
        bounds: Bounds = "data",
        step_size: float = 0.1,
        max_iter: int = 100,
        injection: Injection = "append",
        random_state: RandomState = None,
    ):
        super().__init__(rate=rate, injection=injection, random_state=random_state)
        self.n_prototypes = n_prototypes
        self.y_source = y_source
        self.bounds = bounds
        self.step_size = step_size
        self.max_iter = max_iter

    def _make_poison(self, X, y, n_poison, X_val, y_val, random_state):
        rows, labels, offset = (X, y, 0) if X_val is None else (X_val, y_val, len(X))
        n_classes = len(self.classes_)
        target = (
            None if self.y_source is None else label_code(self.y_source, self.classes_, "y_source")
        )
        if target is not None and target not in labels:
            raise ValueError(f"y_source={self.y_source!r} is the label of no row of X_val.")
        box = make_box(self.bounds, np.concatenate([X, rows]))
        present = np.unique(labels) if target is None else np.array([target])
        inside = random_state.choice(present, size=n_poison)
        y_poison = (inside + random_state.randint(1, n_classes, size=n_poison)) % n_classes
        made, sources = np.empty((n_poison, X.shape[1])), np.empty(n_poison, dtype=int)
        self.density_ = np.empty(n_poison)
        for code in np.unique(inside):
            own, poison = np.flatnonzero(labels == code), np.flatnonzero(inside == code)
            n_prototypes = min(self.n_prototypes, len(own))
            chosen = np.stack(
                [random_state.choice(own, size=n_prototypes, replace=False) for _ in poison]
            )
            betas = random_state.uniform(size=chosen.shape)
            made[poison], self.density_[poison] = climb_density(
                rows[chosen].astype(np.float64),
                betas / betas.sum(axis=1, keepdims=True),
                rows[own].astype(np.float64),
                box,
                self.step_size,
                self.max_iter,
            )
            sources[poison] = offset + chosen[:, 0]
        return made.astype(X.dtype), y_poison, sources


def climb_density(prototypes, betas, rows, box, step_size, max_iter):
    """Let combinations of prototypes climb the kernel density of some rows.

    Parameters
    ----------
    prototypes : ndarray of shape (n_points, n_prototypes, n_features)
    betas : ndarray of shape (n_points, n_prototypes)
        First coefficients; their sum stays as it is.
    rows : ndarray of shape (n_rows, n_features)
        The rows of which the density is estimated.
    box : Box
        Points are clipped to it.
    step_size : float
    max_iter : int

    Returns
    -------
    points : ndarray of shape (n_points, n_features)
    density : ndarray of shape (n_points,)
    """
    spread = euclidean_distances(rows).mean() or 1.0

    def look(betas):
        """Points, their density and its gradient by the coefficients, along which sums stay."""
        free = np.einsum("pk,pkd->pd", betas, prototypes)
        points = np.clip(free, box.low, box.high)
        distance = euclidean_distances(points, rows)
        kernel = np.exp(-distance / spread) / len(rows)
        pull = kernel / np.maximum(distance, 1e-12 * spread) / spread
        slope = np.where(points == free, pull @ rows - pull.sum(axis=1)[:, None] * points, 0.0)
        slope = np.einsum("pd,pkd->pk", slope, prototypes)
        slope -= slope.mean(axis=1, keepdims=True)
        length = np.linalg.norm(slope, axis=1, keepdims=True)
        return points, kernel.sum(axis=1), slope / np.where(length > 0, length, 1.0)

    points, density, slope = look(betas)
    step = np.full((len(betas), 1), step_size)
    for _ in range(max_iter):
        moved = betas + step * slope
        new_points, new_density, new_slope = look(moved)
        better = new_density > density
        betas, slope = (
            np.where(better[:, None], new, old) for new, old in ((moved, betas), (new_slope, slope))
        )
        points = np.where(better[:, None], new_points, points)
        density = np.where(better, new_density, density)
        step = np.where(better[:, None], step, 0.5 * step)
    return points, density
