"""Adversarial label flips: where they hurt a victim the most."""

from numbers import Integral
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import clone
from sklearn.metrics.pairwise import euclidean_distances
from sklearn.svm import SVC
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions

from skpoison._typing import Estimator, Injection, RandomState
from skpoison.attacks._flip_search import FlipSearch, alfa, greedy, tilt
from skpoison.attacks._flips import BaseFlipAttack
from skpoison.attacks._goal import label_code


class AdversarialFlipAttack(BaseFlipAttack):
    """Flip the labels that hurt a victim the most.

    True rows under wrong labels, from the attacker's rows (`X_val`) where they are given and from
    the training rows otherwise, each at most once. They are chosen so that the loss of the victim,
    trained on clean and flipped rows together, grows on the attacker's rows (on the clean training
    rows, where there are none), or on a few given rows (`target`).

    Parameters
    ----------
    estimator : SVC, LinearSVC, SGDClassifier, LogisticRegression or RidgeClassifier, default=None
        The victim, unfitted, or what stands in for it: flips that harm one classifier harm others.
        None stands for ``SVC(kernel="linear")``. :class:`SearchPoisoningAttack` flips labels
        against any other.

    method : {"greedy", "alfa", "tilt", "nearest"}, default="greedy"
        "greedy": one flip after the other, the one after which the retrained victim has the
        highest loss. "alfa": rows that the clean victim would hate under their new label and the
        poisoned victim fits, a linear programme and a training in turn [1]_. "tilt": rows that are
        far on the right side of the clean victim and of a victim trained on shuffled labels,
        which tilts the one towards the other; the best of `n_repeats` [2]_. "nearest": the rows
        next to the `target`, under the label wanted for it.

    n_tried : int, default=32
        "greedy": for each flip so many candidates, the first by the derivative of the loss by
        their cost (their influence), are tried by retraining. 1 trusts the derivative alone.

    n_repeats : int, default=10
        "tilt": how many shuffled victims; "alfa": most turns.

    target : array-like of shape (n_features,) or (n_targets, n_features), default=None
        The rows that the victim shall misclassify, in place of all the attacker's rows.

    y_target : label, default=None
        A label: the victim shall give it to the target (to the attacker's rows, where there is no
        target). None: it shall give any but the true one, which for a target is what the victim
        says when trained on the clean rows.

    rate : float or int, default=0.3
        How much poison: a float in [0, 1] is a share of the clean rows, an int a number of rows.

    confusion : dict, array-like of shape (n_classes, n_classes) or None, default=None
        Which label may become which, as in :class:`LabelFlipAttack`; weights are not read. None:
        every label any other.

    injection : {"append", "replace"}, default="append"
        "append" adds the flipped rows to the clean ones; "replace" takes one clean row out for
        each: with rows from `X` this is relabelling in place, and the search reckons with it.

    random_state : int, RandomState instance or None, default=None
        Seed of the shuffled labels, and of the rows that make room for those of `X_val`.

    Attributes
    ----------
    objective_ : float
        The victim's mean loss on the attacker's rows or the target with the chosen flips in the
        training set; minus the loss at `y_target`, where there is one. NaN for "nearest", which
        asks no victim.

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
    LabelFlipAttack : Flips at random.
    GradientPoisoningAttack : Moves the rows as well.

    Notes
    -----
    With one cost for all flips the linear programme of [1]_ has its solution at whole flips: the
    best label of each row, and of the rows the first by their gain. Of all its turns the flips
    with the highest loss are kept.

    References
    ----------
    .. [1] H. Xiao, H. Xiao, C. Eckert, "Adversarial Label Flips Attack on Support Vector
       Machines", ECAI 2012.
    .. [2] B. Biggio, B. Nelson, P. Laskov, "Support Vector Machines Under Adversarial Label
       Noise", ACML 2011.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.preprocessing import scale
    >>> from sklearn.svm import SVC
    >>> from skpoison.attacks import AdversarialFlipAttack
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> X = scale(X)
    >>> attack = AdversarialFlipAttack(rate=20)
    >>> X_poisoned, y_poisoned = attack.fit_resample(
    ...     X[:100], y[:100], X_val=X[100:200], y_val=y[100:200]
    ... )
    >>> victim = SVC(kernel="linear")
    >>> clean = victim.fit(X[:100], y[:100]).score(X[200:], y[200:])
    >>> poisoned = victim.fit(X_poisoned, y_poisoned).score(X[200:], y[200:])
    >>> clean > 0.9, poisoned < 0.85
    (True, True)
    """

    short_names = {
        "adversarial-flipping": {},
        "alfa": {"method": "alfa"},
        "tilt-flipping": {"method": "tilt"},
    }

    _parameter_constraints = {
        **BaseFlipAttack._parameter_constraints,
        "estimator": [HasMethods(["fit", "predict"]), None],
        "method": [StrOptions({"greedy", "alfa", "tilt", "nearest"})],
        "n_tried": [Interval(Integral, 1, None, closed="left")],
        "n_repeats": [Interval(Integral, 1, None, closed="left")],
        "target": ["array-like", None],
    }

    def __init__(
        self,
        estimator: Estimator | None = None,
        *,
        method: Literal["alfa", "greedy", "nearest", "tilt"] = "greedy",
        n_tried: int = 32,
        n_repeats: int = 10,
        target: ArrayLike | None = None,
        y_target: ArrayLike | None = None,
        rate: float = 0.3,
        confusion: dict | ArrayLike | None = None,
        injection: Injection = "append",
        random_state: RandomState = None,
    ):
        super().__init__(
            rate=rate, confusion=confusion, injection=injection, random_state=random_state
        )
        self.estimator = estimator
        self.method = method
        self.n_tried = n_tried
        self.n_repeats = n_repeats
        self.target = target
        self.y_target = y_target

    def _choose_flips(self, X, y, n_flips, pool, weights, random_state):
        victim = SVC(kernel="linear") if self.estimator is None else self.estimator
        wanted = None if self.y_target is None else label_code(self.y_target, self.classes_)
        target = self._target_rows(X)
        if self.method == "nearest":
            return self._nearest(n_flips, pool, weights, target, wanted)
        X_goal, y_goal = pool if target is None else (target, None)
        if wanted is not None:
            y_goal = np.full(len(X_goal), wanted)
        elif y_goal is None:
            y_goal = clone(victim).fit(X, y).predict(X_goal)
        in_place = self.injection == "replace" and pool[0] is X
        search = FlipSearch(
            victim,
            self.classes_,
            (X, y),
            pool,
            weights > 0,
            (X_goal, y_goal),
            n_flips,
            in_place=in_place,
            sign=1 if wanted is None else -1,
        )
        if self.method == "greedy":
            chosen, self.objective_ = greedy(search, self.n_tried)
        elif self.method == "alfa":
            chosen, self.objective_ = alfa(search, self.n_repeats)
        else:
            chosen, self.objective_ = tilt(search, self.n_repeats, random_state)
        return search.rows[chosen], search.labels[chosen]

    def _target_rows(self, X):
        if self.target is None:
            return None
        if self.method in ("alfa", "tilt"):
            raise ValueError(
                f"target needs the method 'greedy' or 'nearest', got method={self.method!r}."
            )
        try:
            target = np.asarray(self.target, dtype=X.dtype)
            target = target.reshape(-1, X.shape[1])
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"target must be a row of {X.shape[1]} numbers, or several, got an object of shape "
                f"{np.shape(self.target)}."
            ) from error
        if not (len(target) and np.isfinite(target).all()):
            raise ValueError("target must hold finite numbers.")
        return target

    def _nearest(self, n_flips, pool, weights, target, wanted):
        if target is None or wanted is None:
            raise ValueError("method='nearest' needs target and y_target.")
        open_rows = np.flatnonzero(weights[:, wanted])
        if len(open_rows) < n_flips:
            raise ValueError(
                f"rate={self.rate!r} asks for {n_flips} flipped rows, but only {len(open_rows)} "
                f"can become {self.y_target!r}."
            )
        distance = euclidean_distances(pool[0][open_rows], target).min(axis=1)
        rows = open_rows[np.argsort(distance, kind="stable")[:n_flips]]
        self.objective_ = np.nan
        return rows, np.full(n_flips, wanted)
