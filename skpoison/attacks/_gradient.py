"""Gradient poisoning: rows that climb the victim's loss."""

import warnings
from numbers import Integral, Real
from typing import Literal

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import ArrayLike
from sklearn.svm import SVC
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from threadpoolctl import threadpool_limits

from skpoison._typing import Bounds, Estimator, Injection, RandomState
from skpoison.attacks._ascent import make_box, sweep
from skpoison.attacks._base import BasePoisoningAttack
from skpoison.attacks._engine import PoisoningObjective
from skpoison.attacks._goal import evaluation_rows, label_code, starting_rows
from skpoison.victims import describe_victim


class GradientPoisoningAttack(BasePoisoningAttack):
    """Poison rows that climb the gradient of the victim's loss.

    Each poison row starts as a copy of a real row plus a little noise and moves, within bounds,
    up the gradient of the loss that the victim, trained on clean and poison rows together, has on
    the attacker's rows (`X_val`). How the trained victim follows the poison row is found from its
    optimality conditions [1]_ [2]_, so that one step costs one small linear system. The published
    SVM attacks of [3]_ are ``labels="flip"`` (*optimal*) and ``labels="keep"`` (*semi-optimal*).

    Parameters
    ----------
    estimator : SVC, LinearSVC, SGDClassifier, LogisticRegression, RidgeClassifier or Ridge, \
            default=None
        The victim, unfitted; an :class:`~sklearn.svm.SVC` with a linear, polynomial or RBF
        kernel, or an :class:`~sklearn.linear_model.SGDClassifier` with the loss "hinge",
        "squared_hinge" or "log_loss". None stands for ``SVC(kernel="linear")``. The attacker's
        loss is the victim's own: hinge, squared hinge, logistic or squared. With more than two
        classes a poison row acts on every binary problem that its label takes part in, and the
        loss is their mean: all pairs of classes for an SVC, which is trained so, and each class
        against the rest for the others (a stand-in for a LogisticRegression, which is trained on
        all classes together).

    labels : {"flip", "keep"}, default="flip"
        "flip": the poison rows start from training rows and carry the label of another class.
        "keep": they start from the attacker's rows and carry their true labels.

    rate : float or int, default=0.3
        How much poison: a float in [0, 1] is a share of the clean rows, an int a number of rows.
        Where this is more than there are rows to start from, rows are used again.

    y_target : label, default=None
        None: the victim shall misclassify the attacker's rows. A label: the victim shall give
        this label to the attacker's rows; with ``labels="flip"`` all poison rows carry it.

    bounds : {"data", "columns"}, None or tuple (low, high), default="data"
        Where poison rows may be. "data": between the smallest and the largest value in the data,
        which suits images; "columns": in each column's own range, which suits tables; None:
        anywhere. Low and high are numbers or arrays of shape (n_features,).

    step_size : float, default=0.25
        Length of a row's first step, in units of the width of the bounds (of the data's range
        where there are none). Steps grow while they help and shrink when they do not.

    max_iter : int, default=100
        Most steps of one ascent.

    tol : float, default=1e-6
        An ascent ends when a step gains less than this.

    schedule : {"sequential", "joint"}, default="sequential"
        "sequential": one poison row after the other climbs, with all others in the training set.
        "joint": all rows climb together and the victim is trained once a step.

    n_sweeps : int, default=1
        How often the schedule is gone through; it ends early when a sweep gains nothing.

    n_restarts : int, default=1
        Number of attacks from other starting rows, of which the strongest is kept.

    noise : float, default=1e-3
        The starting rows differ from real ones by up to this much in each column, in the same
        units.

    holdout : float, default=0.5
        Without `X_val`: the share of each class' rows that the attacker evaluates on. The victim
        is then trained on the others only while the poison is made.

    injection : {"append", "replace"}, default="append"
        "append" adds the poison to the clean rows; "replace" takes one clean row out for each.

    n_jobs : int, default=None
        Number of restarts that run at the same time, as in joblib.

    random_state : int, RandomState instance or None, default=None
        Seed of the starting rows, their noise and the held-out part.

    Attributes
    ----------
    objective_path_ : ndarray of shape (n_steps + 1,)
        The attacker's objective at the starting rows and the best one after each step: the mean
        loss on the attacker's rows, or minus the mean loss at `y_target`.

    n_moved_ : int
        How many poison rows left their starting place.

    poison_mask_ : ndarray of shape (n_samples_new,), dtype=bool
        True for the poison rows of the result.

    sample_indices_ : ndarray of shape (n_samples_new,), dtype=int
        The row of `X` each row of the result is or was started from; -1 for rows of `X_val`.

    classes_ : ndarray of shape (n_classes,)
        The labels seen in `y`.

    n_features_in_ : int
        Number of columns, where `X` is two-dimensional.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, where `X` has names that are all strings.

    See Also
    --------
    LabelFlipAttack : The same labels on rows that stay where they are.

    Notes
    -----
    A row that is no support vector has a zero gradient and cannot move; one more chance comes when
    the others have moved, and a warning says how many never did. ``gamma="scale"`` is taken from
    the training rows and the starting rows and then held fixed. Kernel values are computed in the
    precision of `X` (float32 rows take about two thirds of the time of float64 where rows are
    wide); the victim is always trained in float64.

    References
    ----------
    .. [1] B. Biggio, B. Nelson, P. Laskov, "Poisoning Attacks against Support Vector Machines",
       ICML 2012.
    .. [2] A. Demontis et al., "Why Do Adversarial Attacks Transfer? Explaining Transferability of
       Evasion and Poisoning Attacks", USENIX Security 2019, eq. 10.
    .. [3] F. Razmi, L. Xiong, "Classification Auto-Encoder based Detector against Diverse Data
       Poisoning Attacks", arXiv:2108.04206, 2021.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.svm import SVC
    >>> from skpoison.attacks import GradientPoisoningAttack
    >>> X, y = load_digits(return_X_y=True)
    >>> X, y = X[(y == 3) | (y == 8)] / 16, y[(y == 3) | (y == 8)]
    >>> victim = SVC(kernel="linear")
    >>> attack = GradientPoisoningAttack(victim, rate=0.3, bounds=(0, 1), random_state=0)
    >>> X_poisoned, y_poisoned = attack.fit_resample(
    ...     X[:100], y[:100], X_val=X[100:200], y_val=y[100:200]
    ... )
    >>> X_poisoned.shape
    (130, 64)
    >>> clean = victim.fit(X[:100], y[:100]).score(X[200:], y[200:])
    >>> poisoned = victim.fit(X_poisoned, y_poisoned).score(X[200:], y[200:])
    >>> clean > 0.9, poisoned < 0.8
    (True, True)
    """

    short_names = {"optimal": {"labels": "flip"}, "semi-optimal": {"labels": "keep"}}

    _parameter_constraints = {
        **BasePoisoningAttack._parameter_constraints,
        "estimator": [HasMethods(["fit", "predict"]), None],
        "labels": [StrOptions({"flip", "keep"})],
        "bounds": [StrOptions({"data", "columns"}), tuple, list, None],
        "step_size": [Interval(Real, 0, None, closed="neither")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "schedule": [StrOptions({"sequential", "joint"})],
        "n_sweeps": [Interval(Integral, 1, None, closed="left")],
        "n_restarts": [Interval(Integral, 1, None, closed="left")],
        "noise": [Interval(Real, 0, None, closed="left")],
        "holdout": [Interval(Real, 0, 1, closed="neither")],
        "n_jobs": [Integral, None],
    }

    def __init__(
        self,
        estimator: Estimator | None = None,
        *,
        labels: Literal["flip", "keep"] = "flip",
        rate: float = 0.3,
        y_target: ArrayLike | None = None,
        bounds: Bounds = "data",
        step_size: float = 0.25,
        max_iter: int = 100,
        tol: float = 1e-6,
        schedule: Literal["sequential", "joint"] = "sequential",
        n_sweeps: int = 1,
        n_restarts: int = 1,
        noise: float = 1e-3,
        holdout: float = 0.5,
        injection: Injection = "append",
        n_jobs: int | None = None,
        random_state: RandomState = None,
    ):
        super().__init__(rate=rate, injection=injection, random_state=random_state)
        self.estimator = estimator
        self.labels = labels
        self.y_target = y_target
        self.bounds = bounds
        self.step_size = step_size
        self.max_iter = max_iter
        self.tol = tol
        self.schedule = schedule
        self.n_sweeps = n_sweeps
        self.n_restarts = n_restarts
        self.noise = noise
        self.holdout = holdout
        self.n_jobs = n_jobs

    def _make_poison(self, X, y, n_poison, X_val, y_val, random_state):
        victim = describe_victim(SVC(kernel="linear") if self.estimator is None else self.estimator)
        target = None if self.y_target is None else label_code(self.y_target, self.classes_)
        train, X_val, y_val, val_sources = evaluation_rows(
            self, X, y, X_val, y_val, self.holdout, random_state
        )
        box = make_box(self.bounds, np.concatenate([X, X_val]))
        attack = _Attack(self, victim, self.classes_, target, box, X[train], y[train], X_val, y_val)
        seeds = random_state.randint(np.iinfo(np.int32).max, size=self.n_restarts)
        results = Parallel(n_jobs=self.n_jobs)(delayed(attack)(n_poison, seed) for seed in seeds)
        X_poison, y_poison, rows, path, n_moved = max(results, key=lambda result: result[3][-1])

        self.objective_path_ = np.array(path)
        self.n_moved_ = n_moved
        if n_moved < n_poison:
            warnings.warn(
                f"{n_poison - n_moved} of {n_poison} poison rows did not move: they do not touch "
                "the victim's margin, so that their gradient is zero, or no step raised the "
                "objective.",
                UserWarning,
                stacklevel=2,
            )
        sources = train[rows] if self.labels == "flip" else val_sources[rows]
        return X_poison, y_poison, sources


class _Attack:
    """One run of an attack from its own starting rows; picklable, so that runs can be parallel."""

    def __init__(self, settings, victim, classes, target, box, X, y, X_val, y_val):
        self.settings = settings
        self.victim = victim
        self.classes = classes
        self.target = target
        self.box = box
        self.X, self.y = X, y
        self.X_val, self.y_val = X_val, y_val

    def __call__(self, n_poison, seed):
        """Poison rows, their labels, the rows they started from, objective path, rows moved."""
        settings, box = self.settings, self.box
        random_state = np.random.RandomState(seed)
        keep = settings.labels == "keep"
        X_poison, y_poison, rows = starting_rows(
            *((self.X_val, self.y_val) if keep else (self.X, self.y)),
            n_poison,
            keep=keep,
            target=self.target,
            n_classes=len(self.classes),
            noise=settings.noise,
            box=box,
            random_state=random_state,
        )

        y = np.concatenate([self.y, y_poison])
        cost = self.victim.row_costs(self.classes[y])
        targeted = self.target is not None
        y_val = np.full_like(self.y_val, self.target) if targeted else self.y_val
        X_all = np.concatenate([self.X, X_poison])
        moving = np.arange(len(self.X), len(X_all))
        groups = [moving] if settings.schedule == "joint" else moving[:, None]
        with threadpool_limits(1):
            objective = PoisoningObjective(
                self.victim, X_all, y, cost, self.X_val, y_val, sign=-1 if targeted else 1
            )
            path = [objective.value]
            sweep(
                objective,
                groups,
                box,
                path,
                n_sweeps=settings.n_sweeps,
                step_size=settings.step_size,
                max_iter=settings.max_iter,
                tol=settings.tol,
            )
        final = objective.rows[moving]
        n_moved = int((final != X_poison).any(axis=1).sum())
        return final, y_poison, rows, path, n_moved
