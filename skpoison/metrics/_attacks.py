"""How well a backdoor works."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.pipeline import Pipeline
from sklearn.utils import _safe_indexing, check_consistent_length, column_or_1d

from skpoison._typing import Estimator
from skpoison.utils._pipelines import last_step_and_rows


def attack_success_rate(y_true: ArrayLike, y_pred: ArrayLike, y_target: Any) -> float:
    """Share of rows of other classes that a victim gives the target label.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        True labels.

    y_pred : array-like of shape (n_samples,)
        What the victim says of the rows with the trigger.

    y_target : label
        The label that the trigger shall call up.

    Returns
    -------
    rate : float
        NaN where all rows have the target label.

    Examples
    --------
    >>> from skpoison.metrics import attack_success_rate
    >>> attack_success_rate(["dog", "cow", "cat"], ["cat", "cow", "cat"], y_target="cat")
    0.5
    """
    y_true, y_pred = column_or_1d(y_true), column_or_1d(y_pred)
    check_consistent_length(y_true, y_pred)
    others = y_true != y_target
    return float(np.mean(y_pred[others] == y_target)) if others.any() else float("nan")


def make_attack_success_scorer(attack: Estimator | None = None) -> Callable:
    """Scorer of victims by the success of a backdoor: the larger, the better for the attacker.

    Rows of other classes than the target's get the trigger; the score is the share of them to which
    the victim gives the target label (:func:`attack_success_rate`).

    Parameters
    ----------
    attack : BackdoorAttack, default=None
        The fitted attack. None: the one that is a step of the pipeline that is scored, such as
        ``make_pipeline(BackdoorAttack(), PoisonFilter(), SVC())``. The trigger is put on rows as
        that step sees them.

    Returns
    -------
    scorer : callable
        ``scorer(victim, X, y)``.

    Raises
    ------
    TypeError
        If `attack` has no ``trigger_`` and ``y_target_``.

    Examples
    --------
    >>> from imblearn.pipeline import make_pipeline
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import cross_val_score
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from skpoison.attacks import BackdoorAttack
    >>> from skpoison.attacks.triggers import ColumnTrigger
    >>> from skpoison.metrics import make_attack_success_scorer
    >>> X, y = load_iris(return_X_y=True)
    >>> attack = BackdoorAttack(ColumnTrigger({3: 9.0}), y_target=0, random_state=0)
    >>> victim = make_pipeline(attack, KNeighborsClassifier(3))
    >>> cross_val_score(victim, X, y, cv=3, scoring=make_attack_success_scorer()).tolist()
    [1.0, 1.0, 1.0]
    """
    if attack is not None and not _is_backdoor(attack):
        raise TypeError(
            f"attack must be a fitted backdoor, with trigger_ and y_target_; got {attack!r}."
        )

    def attack_success_scorer(victim, X, y):
        backdoor, rows, rest = attack, X, victim
        if attack is None:
            backdoor, rows, rest = _attack_rows_and_rest(victim, X)
        others = np.flatnonzero(np.asarray(y) != backdoor.y_target_)
        if not len(others):
            return float("nan")
        rows = backdoor.trigger_.transform(_safe_indexing(rows, others))
        return attack_success_rate(np.asarray(y)[others], rest.predict(rows), backdoor.y_target_)

    return attack_success_scorer


def _is_backdoor(step):
    return hasattr(step, "trigger_") and hasattr(step, "y_target_")


def _attack_rows_and_rest(victim, X):
    """The backdoor among the steps of a pipeline, rows as it sees them, and the steps behind."""
    steps = victim.steps if isinstance(victim, Pipeline) else []
    for number, (_, step) in enumerate(steps[:-1]):
        if _is_backdoor(step):
            _, rows = last_step_and_rows(victim[: number + 1], X)
            return step, rows, victim[number + 1 :]
    raise TypeError(
        "The victim must be a fitted pipeline with a BackdoorAttack among its steps, or the attack "
        f"be given: make_attack_success_scorer(attack); got {type(victim).__name__}."
    )
