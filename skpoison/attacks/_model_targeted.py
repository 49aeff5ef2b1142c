"""Model-targeted poisoning: the victim is led to a model of the attacker's choice."""

from numbers import Real

import numpy as np
from scipy.optimize import minimize_scalar
from sklearn.linear_model import LogisticRegression
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from threadpoolctl import threadpool_limits

from skpoison._typing import Bounds, Estimator, Injection, RandomState
from skpoison.attacks._ascent import make_box
from skpoison.attacks._base import BasePoisoningAttack
from skpoison.attacks._linear_model import LinearVictim, decoys

# Places on an edge of the reachable decision values at which the difference of losses is looked at.
PLACES = np.linspace(0.0, 1.0, 9)


class ModelTargetedAttack(BasePoisoningAttack):
    """Lead a linear victim to a given model, with a bound on the poison this takes.

    The attack of [1]_, online convex optimisation. The victim is trained on clean and poison rows;
    of all rows within the bounds and all labels the one is added on which the victim's loss exceeds
    that of the target model the most; and again. On the way each victim proves how many rows no
    attack can do without.

    Parameters
    ----------
    estimator : SVC, LinearSVC, LogisticRegression, RidgeClassifier or SGDClassifier, default=None
        The victim, unfitted and linear. None stands for
        ``LogisticRegression(max_iter=1000)``. With more than two classes it is trained as one
        problem for each class against the rest.

    target_model : classifier, default=None
        A fitted linear classifier of the same labels and columns, to which the victim shall be
        led. None: of victims trained with more and more rows under wrong labels the first with at
        least `target_error` [2]_.

    target_error : float, default=0.3
        Without `target_model`: share of the attacker's rows that the target shall get wrong. Where
        none gets so many wrong, the worst is the target.

    bounds : {"data", "columns"} or tuple (low, high), default="data"
        Where poison rows may be, as in :class:`GradientPoisoningAttack`.

    rate : float or int, default=0.3
        How much poison: a float in [0, 1] is a share of the clean rows, an int a number of rows.

    injection : {"append", "replace"}, default="append"
        "append" adds the poison to the clean rows; "replace" takes one clean row out for each.

    random_state : int, RandomState instance or None, default=None
        Seed of the rows that make room with ``injection="replace"``.

    Attributes
    ----------
    lower_bound_ : float
        No set of fewer poison rows within the bounds leads the victim to the target exactly
        (theorem 2 of [1]_). Infinite where it cannot be led there at all.

    loss_gap_path_ : ndarray of shape (n_poison + 1,)
        By how much the victim's loss exceeds the target's on the worst row, before each addition
        and at the end. At 0 the target is reached, up to rows outside the bounds.

    target_weights_ : ndarray of shape (n_problems, n_features)
        The target model's weights.

    target_intercepts_ : ndarray of shape (n_problems,)
        Its intercepts.

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
    GradientPoisoningAttack : Raises the victim's loss, with no model in mind.

    Notes
    -----
    A row's two decision values, the victim's and the target's, lie in a polygon with two edges for
    each column. The difference of losses is convex in the first and concave in the second, so that
    its maximum lies on the outline, which is walked; the worst row is found whatever the loss.
    The victim converges to any target it can be led to where the norm weighs against the mean loss
    (SGDClassifier), as in [1]_. Where it weighs against the sum, each row counts as much however
    many there are, and a victim with a hinge may circle at a distance from the target.

    With more than two classes the best of these rows is added, and the bound takes the sum of the
    problems' maxima, which is valid but looser.

    `sample_indices_` names the training row nearest in label: the first of its class.

    References
    ----------
    .. [1] F. Suya, S. Mahloujifar, A. Suri, D. Evans, Y. Tian, "Model-Targeted Poisoning Attacks
       with Provable Convergence", ICML 2021.
    .. [2] P. W. Koh, J. Steinhardt, P. Liang, "Stronger Data Poisoning Attacks Break Data
       Sanitization Defenses", Machine Learning 111, 2022.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.preprocessing import minmax_scale
    >>> from skpoison.attacks import ModelTargetedAttack
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> attack = ModelTargetedAttack(rate=20)
    >>> X_poisoned, y_poisoned = attack.fit_resample(minmax_scale(X)[:100], y[:100])
    >>> gap = attack.loss_gap_path_
    >>> bool(gap[-1] < gap[0] / 2), bool(attack.lower_bound_ > 1)
    (True, True)
    """

    short_names = {"model-targeted": {}}

    _parameter_constraints = {
        **BasePoisoningAttack._parameter_constraints,
        "estimator": [HasMethods(["fit", "predict"]), None],
        "target_model": [HasMethods(["predict"]), None],
        "target_error": [Interval(Real, 0, 1, closed="both")],
        "bounds": [StrOptions({"data", "columns"}), tuple, list],
    }

    def __init__(
        self,
        estimator: Estimator | None = None,
        *,
        target_model: Estimator | None = None,
        target_error: float = 0.3,
        bounds: Bounds = "data",
        rate: float = 0.3,
        injection: Injection = "append",
        random_state: RandomState = None,
    ):
        super().__init__(rate=rate, injection=injection, random_state=random_state)
        self.estimator = estimator
        self.target_model = target_model
        self.target_error = target_error
        self.bounds = bounds

    def _make_poison(self, X, y, n_poison, X_val, y_val, random_state):
        n_classes = len(self.classes_)
        estimator = self.estimator
        if estimator is None:
            estimator = LogisticRegression(max_iter=1000)
        victim = LinearVictim(estimator, n_classes)
        goal = (X, y) if X_val is None else (X_val, y_val)
        box = make_box(self.bounds, X if X_val is None else np.concatenate([X, X_val]))
        X_all, y_all = X.astype(np.float64), y
        with threadpool_limits(1):
            target = self._target(victim, X_all, y, *goal)
            self.lower_bound_, gaps = 0.0, []
            for _ in range(n_poison + 1):
                model = victim.fit(X_all, y_all)
                row, label, gap, largest = worst_row(victim, model, target, box)
                gaps.append(gap)
                self._tighten(victim, model, target, X, y, largest)
                X_all, y_all = np.vstack([X_all, row]), np.append(y_all, label)
        self.loss_gap_path_ = np.array(gaps)
        self.target_weights_, self.target_intercepts_ = target
        labels = y_all[len(X) : -1]
        first = np.array([np.argmax(y == code) for code in range(n_classes)])
        return X_all[len(X) : -1].astype(X.dtype), labels, first[labels]

    def _target(self, victim, X, y, X_val, y_val):
        if self.target_model is not None:
            return victim.read(self.target_model, self.classes_, X.shape[1])
        worst, largest = None, -1.0
        for model, error in decoys(victim, X, y, X_val, y_val):
            if error > largest:
                worst, largest = model, error
            if error >= self.target_error:
                break
        return worst

    def _tighten(self, victim, model, target, X, y, largest):
        """Raise the bound by what this model proves."""
        clean = victim.regularization(len(X))
        per_row = clean / len(X) if victim.description.mean_loss else 0.0
        excess = victim.norm(target) - victim.norm(model)
        loss = victim.row_losses(target, X, y).sum() - victim.row_losses(model, X, y).sum()
        needed, worth = loss + clean * excess, largest - per_row * excess
        if needed > 1e-9 * max(1.0, abs(loss)):
            self.lower_bound_ = max(self.lower_bound_, needed / worth if worth > 0 else np.inf)


def worst_row(victim, model, target, box):
    """The row and label on which the model's loss exceeds the target's the most.

    Parameters
    ----------
    victim : LinearVictim
    model, target : LinearModel
    box : Box

    Returns
    -------
    row : ndarray of shape (n_features,)
    label : int
        Code.
    gap : float
        The difference of losses there.
    largest : float
        What no row within the box exceeds.
    """
    best, largest = None, -np.inf
    signs = victim.signs(np.arange(victim.n_classes))
    for label in range(victim.n_classes):
        total, rows = 0.0, []
        for problem in range(len(model.weights)):
            row, value = _worst_of_problem(
                victim.loss,
                *((m.weights[problem], m.intercepts[problem]) for m in (model, target)),
                signs[label, problem],
                box,
            )
            total += value
            rows.append(row)
        rows, codes = np.array(rows), np.full(len(rows), label)
        gaps = victim.row_losses(model, rows, codes) - victim.row_losses(target, rows, codes)
        if best is None or gaps.max() > best[2]:
            best = rows[gaps.argmax()], label, gaps.max()
        largest = max(largest, total)
    return *best, largest


def _worst_of_problem(loss, model, target, sign, box):
    """The row within the box on which one binary model's loss exceeds another's the most."""
    (weights, intercept), (goal_weights, goal_intercept) = model, target
    width = (box.high - box.low).astype(np.float64)
    # edges of the polygon of both decision values, all turned to point upwards, by their angle
    edges = np.stack([weights, goal_weights], axis=1) * width[:, np.newaxis]
    down = (edges[:, 1] < 0) | ((edges[:, 1] == 0) & (edges[:, 0] < 0))
    edges[down] *= -1
    order = np.argsort(np.arctan2(edges[:, 1], edges[:, 0]), kind="stable")
    lowest = np.where(down, box.high, box.low).astype(np.float64)
    corner = np.array([weights @ lowest + intercept, goal_weights @ lowest + goal_intercept])

    def difference(values):
        return loss(values[..., 0], sign) - loss(values[..., 1], sign)

    best = None
    for walk in (order, order[::-1]):
        steps = edges[walk]
        corners = corner + np.vstack([np.zeros(2), np.cumsum(steps, axis=0)[:-1]])
        found = difference(corners[:, None] + PLACES[:, None] * steps[:, None])
        edge, place = np.unravel_index(found.argmax(), found.shape)
        value, share = found[edge, place], PLACES[place]
        finer = minimize_scalar(
            lambda s, edge=edge, corners=corners, steps=steps: (
                -difference(corners[edge] + s * steps[edge])
            ),
            bounds=(max(0.0, share - PLACES[1]), min(1.0, share + PLACES[1])),
            method="bounded",
            options={"xatol": 1e-10},
        )
        if -finer.fun > value:
            value, share = -finer.fun, finer.x
        if best is None or value > best[1]:
            row = lowest.copy()
            toward = np.where(down, box.low, box.high)
            row[walk[:edge]] = toward[walk[:edge]]
            row[walk[edge]] += share * (toward[walk[edge]] - row[walk[edge]])
            best = row, value
    return best
