"""Poison that sphere and slab defences let pass: influence, KKT and min-max attacks."""

from collections.abc import Sequence
from numbers import Integral, Real
from typing import Literal

import numpy as np
from sklearn.svm import SVC
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from threadpoolctl import threadpool_limits

from skpoison._typing import Bounds, Estimator, Injection, RandomState
from skpoison.attacks._ascent import make_box
from skpoison.attacks._base import BasePoisoningAttack
from skpoison.attacks._engine import PoisoningObjective
from skpoison.attacks._feasible import FeasibleSet
from skpoison.attacks._linear_model import LinearVictim, decoys
from skpoison.victims import describe_victim
from skpoison.victims._svc import SVCMachine

DEFENCES = ("sphere", "slab")
# Rounds in which rows of two classes are fitted to each other, and steps to the row of most loss.
N_ALTERNATIONS = 50
N_ASCENTS = 20


class ConstrainedPoisoningAttack(BasePoisoningAttack):
    """Poison that sphere and slab defences let pass.

    The attacks of [1]_ and [2]_ on learners behind a sanitising defence. Poison rows stay where the
    defences let most clean rows of their label pass, and within bounds, so that each can raise the
    loss only so far; within these limits they do the most harm.

    Parameters
    ----------
    estimator : SVC, LinearSVC, SGDClassifier, LogisticRegression or RidgeClassifier, default=None
        The victim, unfitted; linear for "kkt" and "min-max", with the hinge loss and two classes
        for "kkt". None stands for ``SVC(kernel="linear")``.

    method : {"influence", "kkt", "min-max"}, default="influence"
        "influence": rows under wrong labels climb the gradient of the retrained victim's loss on
        the attacker's rows and are projected back after each step. "kkt": copies of one row of each
        class that make a bad model, trained with flipped labels, fulfil the victim's optimality
        conditions as nearly as can be; of several such models the one whose poison does the most
        harm. "min-max": one row after the other, the one on which the victim, trained on all before
        it, has the highest loss.

    defences : tuple of {"sphere", "slab"}, default=("sphere", "slab")
        What poison has to pass. "sphere": the distance from the mean of its class; "slab": the same
        along the lines to the other means.

    quantile : float, default=0.95
        Poison is no farther out than this share of the clean rows of its class.

    bounds : {"data", "columns"}, None or tuple (low, high), default="data"
        Where poison rows may be beside that, as in :class:`GradientPoisoningAttack`.

    step_size : float, default=0.25
        "influence": length of a row's first step, in units of the width of the bounds.

    max_iter : int, default=50
        "influence": steps.

    rate : float or int, default=0.3
        How much poison: a float in [0, 1] is a share of the clean rows, an int a number of rows.

    injection : {"append", "replace"}, default="append"
        "append" adds the poison to the clean rows; "replace" takes one clean row out for each.

    random_state : int, RandomState instance or None, default=None
        Seed of the starting rows.

    Attributes
    ----------
    radii_ : ndarray of shape (n_classes,)
        How far from the mean of its class a row may be; infinite without the sphere.

    widths_ : ndarray of shape (n_classes,)
        The same along the lines to the other means; infinite without the slab.

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
    AdaptivePoisoningAttack : Passes any detector, as a black box.
    skpoison.detectors.CentroidDetector : The sphere.
    skpoison.detectors.SlabDetector : The slab, with ``center="mean"``.

    Notes
    -----
    The attacker knows the clean means, not those that his poison moves; a defender who takes
    medians is moved less. Without `X_val` the loss on the clean rows is raised.

    References
    ----------
    .. [1] P. W. Koh, J. Steinhardt, P. Liang, "Stronger Data Poisoning Attacks Break Data
       Sanitization Defenses", Machine Learning 111, 2022.
    .. [2] J. Steinhardt, P. W. Koh, P. Liang, "Certified Defenses for Data Poisoning Attacks",
       NeurIPS 2017.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.preprocessing import scale
    >>> from skpoison.attacks import ConstrainedPoisoningAttack
    >>> from skpoison.detectors import CentroidDetector
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> X, y = scale(X)[:200], y[:200]
    >>> attack = ConstrainedPoisoningAttack(method="kkt", rate=0.1)
    >>> X_poisoned, y_poisoned = attack.fit_resample(X, y)
    >>> sphere = CentroidDetector(contamination=0.05).fit(X, y)
    >>> poison = attack.poison_mask_
    >>> bool((sphere.predict(X_poisoned[poison], y_poisoned[poison]) == 1).all())
    True
    """

    short_names = {
        "influence": {},
        "kkt": {"method": "kkt"},
        "min-max": {"method": "min-max"},
    }

    _parameter_constraints = {
        **BasePoisoningAttack._parameter_constraints,
        "estimator": [HasMethods(["fit", "predict"]), None],
        "method": [StrOptions({"influence", "kkt", "min-max"})],
        "defences": [tuple, list],
        "quantile": [Interval(Real, 0, 1, closed="right")],
        "bounds": [StrOptions({"data", "columns"}), tuple, list, None],
        "step_size": [Interval(Real, 0, None, closed="neither")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(
        self,
        estimator: Estimator | None = None,
        *,
        method: Literal["influence", "kkt", "min-max"] = "influence",
        defences: Sequence[str] = DEFENCES,
        quantile: float = 0.95,
        bounds: Bounds = "data",
        step_size: float = 0.25,
        max_iter: int = 50,
        rate: float = 0.3,
        injection: Injection = "append",
        random_state: RandomState = None,
    ):
        super().__init__(rate=rate, injection=injection, random_state=random_state)
        self.estimator = estimator
        self.method = method
        self.defences = defences
        self.quantile = quantile
        self.bounds = bounds
        self.step_size = step_size
        self.max_iter = max_iter

    def _make_poison(self, X, y, n_poison, X_val, y_val, random_state):
        unknown = [defence for defence in self.defences if defence not in DEFENCES]
        if unknown:
            raise ValueError(f"defences={self.defences!r} must hold 'sphere', 'slab' or both.")
        estimator = SVC(kernel="linear") if self.estimator is None else self.estimator
        clean = X.astype(np.float64), y
        goal = clean if X_val is None else (X_val.astype(np.float64), y_val)
        box = make_box(self.bounds, np.concatenate([clean[0], goal[0]]))
        feasible = FeasibleSet(*clean, len(self.classes_), self.defences, self.quantile, box)
        self.radii_, self.widths_ = feasible.radii, feasible.widths
        with threadpool_limits(1):
            if self.method == "influence":
                return self._climb(estimator, clean, goal, feasible, n_poison, random_state)
            victim = LinearVictim(estimator, len(self.classes_))
            make = fulfil_conditions if self.method == "kkt" else raise_loss
            made, labels = make(victim, clean, goal, feasible, n_poison)
        first = np.array([np.argmax(y == code) for code in range(len(self.classes_))])
        return made, labels, first[labels]

    def _climb(self, estimator, clean, goal, feasible, n_poison, random_state):
        """Rows that start from others' rows and climb the victim's loss."""
        X, y = clean
        victim, n_classes = describe_victim(estimator), len(self.classes_)
        sources = random_state.choice(len(X), size=n_poison, replace=n_poison > len(X))
        labels = (y[sources] + random_state.randint(1, n_classes, size=n_poison)) % n_classes
        y_all = np.append(y, labels)

        def project(rows):
            for code in np.unique(labels):
                rows[labels == code] = feasible.project(rows[labels == code], code)
            return rows

        moving = np.arange(len(X), len(X) + n_poison)
        objective = PoisoningObjective(
            victim,
            np.concatenate([X, project(X[sources])]),
            y_all,
            victim.row_costs(self.classes_[y_all]),
            *goal,
        )
        unit, step = feasible.box.unit, self.step_size
        best, best_value = objective.state(moving), objective.value
        for _ in range(self.max_iter):
            slope = objective.gradient(moving) * unit
            length = np.linalg.norm(slope, axis=1, keepdims=True)
            slope /= np.where(length > 0, length, 1.0)
            objective.move(moving, project(objective.rows[moving] + step * unit * slope))
            if objective.value > best_value:
                best, best_value = objective.state(moving), objective.value
            else:
                objective.restore(moving, best)
                step *= 0.5
        return best[0], labels, sources


def raise_loss(victim, clean, goal, feasible, n_poison):
    """One row after the other, where the victim's loss is highest.

    Parameters
    ----------
    victim : LinearVictim
    clean, goal : (X, y)
        The attacker's rows are not read.
    feasible : FeasibleSet
    n_poison : int

    Returns
    -------
    made : ndarray of shape (n_poison, n_features)
    labels : ndarray of shape (n_poison,)
    """
    X, y = clean
    reach = np.linalg.norm(np.ptp(X, axis=0)) or 1.0
    for _ in range(n_poison):
        model = victim.fit(X, y)
        rows = []
        for code in range(victim.n_classes):
            row, sign = feasible.centers[[code]], victim.signs([code])
            for _ in range(N_ASCENTS):
                pull = victim.description.machine.coefficient(model.decision(row), sign, 1.0)
                # a row that is well classified has no slope: it moves as all others of its label
                slope = -(np.where(pull.any(), pull, sign) @ model.weights)
                slope /= np.linalg.norm(slope) or 1.0
                row = feasible.project(row + reach * slope, code)
            rows.append(row[0])
        losses = victim.row_losses(model, np.array(rows), np.arange(victim.n_classes))
        X, y = np.vstack([X, rows[losses.argmax()]]), np.append(y, losses.argmax())
    return X[len(clean[0]) :], y[len(clean[1]) :]


def fulfil_conditions(victim, clean, goal, feasible, n_poison):
    """Copies of one row a class that make a decoy fulfil the victim's optimality conditions.

    With the hinge loss a row of sign s adds -s x to the gradient. For counts p and q of the two
    signs, the intercept's condition says p - q, the weights' p x_p - q x_q; given one row the best
    other one is a projection.

    Parameters and results as in `raise_loss`.

    Raises
    ------
    ValueError
        If the loss is not the hinge or there are more than two classes.
    """
    if victim.description.machine is not SVCMachine or victim.n_classes > 2:
        raise ValueError(
            f"method='kkt' needs a victim with the hinge loss and two classes, got "
            f"estimator={victim.estimator!r} and {victim.n_classes} classes."
        )
    (X, y), best = clean, None
    factor = victim.regularization(len(X) + n_poison)
    for model, _ in decoys(victim, *clean, *goal):
        sign = victim.signs(y)[:, 0]
        active = sign * model.decision(X)[:, 0] < 1.0
        wanted = factor * model.weights[0] - sign[active] @ X[active]
        surplus = factor * victim.intercept_share * model.intercepts[0] - sign[active].sum()
        n_positive = int(np.clip(round((n_poison + surplus) / 2), 0, n_poison))
        counts = np.array([n_poison - n_positive, n_positive])
        rows = feasible.centers[:2].copy()
        for _ in range(N_ALTERNATIONS):
            for code, own_sign in ((1, 1.0), (0, -1.0)):
                if counts[code]:
                    rest = wanted + own_sign * counts[1 - code] * rows[1 - code]
                    target = own_sign * rest / counts[code]
                    rows[code] = feasible.project(target[np.newaxis], code)[0]
        labels = np.repeat([0, 1], counts)
        poisoned = victim.fit(np.concatenate([X, rows[labels]]), np.append(y, labels))
        harm = victim.row_losses(poisoned, *goal).mean()
        if best is None or harm > best[0]:
            best = harm, rows[labels], labels
    return best[1:]
