"""Which labels to flip: the attacker's choice in place of a random one."""

import numpy as np
from sklearn.svm import SVC
from threadpoolctl import threadpool_limits

from skpoison.attacks._engine import PoisoningObjective
from skpoison.victims import describe_victim

# For each flip, so many candidates, the first by the derivative, are tried exactly. 8 flip weaker
# labels at a third of the cost; all of 200 flip slightly stronger ones at six times the cost.
TRIED = 32


def choose_flips(estimator, classes, X, y, pool, new_labels, n_flips, X_val, y_val):
    """Choose rows to add under new labels so that the victim's loss grows the most.

    ALFA of [1]_ solves a relaxation by turns; this is greedy and exact. All candidates stand in
    the training set of one support vector machine with a cost of zero. The derivative of the
    attacker's objective with respect to their costs ranks them; the first few are switched on
    one after the other, the victim is trained again from where it was, and the worst one for
    the victim stays.

    Parameters
    ----------
    estimator : SVC
        The victim, unfitted.
    classes : ndarray of shape (n_classes,)
        The labels behind the codes.
    X, y : ndarray of shape (n_samples, n_features) and (n_samples,)
        Clean rows and label codes.
    pool : ndarray of shape (n_pool, n_features)
        Rows that may be added, each once.
    new_labels : ndarray of shape (n_candidates, 2)
        Candidates: a row of the pool, and the code of the label it would carry.
    n_flips : int
        How many to choose.
    X_val, y_val : ndarray
        What the victim's hinge loss is measured on.

    Returns
    -------
    chosen : ndarray of shape (n_flips,)
        Rows of `new_labels`.

    References
    ----------
    .. [1] H. Xiao, H. Xiao, C. Eckert, "Adversarial Label Flips Attack on Support Vector
       Machines", ECAI 2012.
    """
    if not isinstance(estimator, SVC):
        raise ValueError(f"estimator={estimator!r} is no victim of strategy='adversarial'; SVC is.")
    victim = describe_victim(estimator)
    rows, labels = new_labels.T
    y_all = np.concatenate([y, labels])
    full_cost = victim.row_costs(classes[y_all])
    cost = np.where(np.arange(len(y_all)) < len(y), full_cost, 0.0)
    open_candidates = np.ones(len(labels), dtype=bool)
    chosen = []
    with threadpool_limits(1):
        objective = PoisoningObjective(
            victim, np.concatenate([X, pool[rows]]), y_all, cost, X_val, y_val
        )
        while len(chosen) < n_flips:
            gains = objective.cost_slope()[len(y) :] * full_cost[len(y) :]
            gains = np.where(open_candidates, gains, -np.inf)
            tried = np.argsort(-gains, kind="stable")[: min(TRIED, open_candidates.sum())]
            start, values = (cost, objective.solutions), []
            for candidate in tried:
                objective.set_cost(_with(cost, len(y) + candidate, full_cost), start)
                values.append(objective.value)
            best = tried[int(np.argmax(values))]
            cost = _with(cost, len(y) + best, full_cost)
            objective.set_cost(cost, start)
            open_candidates &= rows != rows[best]
            chosen.append(best)
    return np.array(chosen)


def _with(cost, row, full_cost):
    """The costs with one more row switched on."""
    cost = cost.copy()
    cost[row] = full_cost[row]
    return cost
