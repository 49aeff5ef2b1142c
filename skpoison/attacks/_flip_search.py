"""Which labels to flip: the attacker's choice in place of a random one."""

import numpy as np
from threadpoolctl import threadpool_limits

from skpoison.attacks._engine import PoisoningObjective
from skpoison.victims import describe_victim

# Weights of the clean and the shuffled victim's margins beside the support vectors, as published.
TILT_WEIGHT = 0.1


class FlipSearch:
    """Candidate flips that all stand in one victim's training set, at a cost of zero until chosen.

    Parameters
    ----------
    estimator : classifier
        The victim, unfitted.
    classes : ndarray of shape (n_classes,)
        The labels behind the codes.
    clean, pool, goal : (X, y)
        Clean rows, rows that may be flipped, and rows on which the victim's loss is measured, with
        label codes.
    allowed : ndarray of shape (n_pool, n_classes), dtype=bool
        The labels that each row of the pool may be given.
    n_flips : int
        How many rows are to be flipped.
    in_place : bool
        Whether a flipped row leaves the clean rows; the pool is the clean rows then.
    sign : {1, -1}
        1: the higher the loss the better; -1: the lower.

    Attributes
    ----------
    rows, labels : ndarray of shape (n_candidates,)
        Row of the pool and new label of each candidate.
    """

    def __init__(
        self, estimator, classes, clean, pool, allowed, goal, n_flips, *, in_place=False, sign=1
    ):
        self.victim = describe_victim(estimator)
        (X, self.y), self.goal, self.n_flips, self.sign = clean, goal, n_flips, sign
        self.in_place = in_place
        self.n_clean = len(self.y)
        self.rows, self.labels = np.argwhere(allowed).T
        self.X_all = np.concatenate([X, pool[0][self.rows]])
        n_final = self.n_clean + (0 if in_place else n_flips)
        cost = self.victim.row_costs(classes[self.y])
        if self.victim.mean_loss:
            cost = cost * self.n_clean / n_final
        cost_of_class = np.zeros(len(classes))
        cost_of_class[self.y] = cost
        self.full_cost = cost_of_class[np.concatenate([self.y, self.labels])]

    def cost(self, chosen):
        """Costs of all rows when these candidates are in the training set."""
        cost = self.full_cost.copy()
        cost[self.n_clean :] = 0.0
        cost[self.n_clean + np.asarray(chosen, dtype=int)] = self.full_cost[self.n_clean :][chosen]
        if self.in_place:
            cost[self.rows[chosen]] = 0.0
        return cost

    def objective(self, y=None, chosen=()):
        """The victim trained on the clean rows, under the labels `y`, and the chosen flips."""
        y = self.y if y is None else y
        return PoisoningObjective(
            self.victim,
            self.X_all,
            np.concatenate([y, self.labels]),
            self.cost(list(chosen)),
            *self.goal,
            sign=self.sign,
        )

    def of_candidates(self, by_row):
        """What a value of every training row says of each candidate.

        In place, the value of the row under its true label is taken away.
        """
        values = by_row[self.n_clean :]
        return values - by_row[self.rows] if self.in_place else values

    def best(self, gains):
        """The candidates with the largest sum of gains, one a row at most: (n_flips,)."""
        order = np.argsort(-gains, kind="stable")
        _, first = np.unique(self.rows[order], return_index=True)
        return order[np.sort(first)[: self.n_flips]]


def greedy(search, n_tried):
    """Choose one flip after the other.

    The derivative of the objective by the cost of each candidate ranks them; the first are
    switched on one after the other, the victim is trained again from where it was, and the worst
    one for the victim stays.

    Parameters
    ----------
    search : FlipSearch
    n_tried : int
        Candidates that are tried for each flip.

    Returns
    -------
    chosen : ndarray of shape (n_flips,)
        Candidates.
    value : float
        The objective with them in the training set.
    """
    chosen = []
    still_open = np.ones(len(search.rows), dtype=bool)
    with threadpool_limits(1):
        objective = search.objective()
        while len(chosen) < search.n_flips:
            gains = search.of_candidates(objective.cost_slope() * search.full_cost)
            gains = np.where(still_open, gains, -np.inf)
            tried = np.argsort(-gains, kind="stable")[: min(n_tried, still_open.sum())]
            start, values = (search.cost(chosen), objective.solutions), []
            for candidate in tried if len(tried) > 1 else []:
                objective.set_cost(search.cost([*chosen, candidate]), start)
                values.append(objective.value)
            chosen.append(tried[int(np.argmax(values))] if values else tried[0])
            objective.set_cost(search.cost(chosen), start)
            still_open &= search.rows != search.rows[chosen[-1]]
    return np.array(chosen), objective.value


def alfa(search, max_iter):
    """Choose flips and train the victim by turns, as published.

    A flip gains what the clean victim loses on it less what the poisoned victim loses on it; the
    poisoned victim's losses are zero at first.

    Parameters
    ----------
    search : FlipSearch
    max_iter : int
        Most turns; they end earlier when the same flips come back.

    Returns
    -------
    chosen, value
        As `greedy` gives them, of the turn with the highest objective.
    """
    loss = search.victim.machine.loss
    with threadpool_limits(1):
        objective = search.objective()
        clean = objective.by_row(loss)
        poisoned, best, seen = np.zeros_like(clean), None, set()
        for _ in range(max_iter):
            chosen = search.best(search.of_candidates(clean - poisoned))
            if frozenset(chosen) in seen:
                break
            seen.add(frozenset(chosen))
            objective = search.objective(chosen=chosen)
            if best is None or objective.value > best[1]:
                best = chosen, objective.value
            poisoned = objective.by_row(loss)
    return best


def tilt(search, n_repeats, random_state):
    """Choose rows far on the right side of the clean victim and of one with shuffled labels.

    Parameters
    ----------
    search : FlipSearch
    n_repeats : int
        Shuffled victims.
    random_state : RandomState instance

    Returns
    -------
    chosen, value
        As `greedy` gives them, of the repeat with the highest objective.
    """
    machine, n_clean, best = search.victim.machine, search.n_clean, None

    def wrong_side(objective):
        """How far each candidate's new label is on the wrong side, from 0 to 1."""
        margin = objective.by_row(lambda decision, y: -y * decision)[n_clean:]
        return (margin - margin.min()) / max(np.ptp(margin), np.finfo(float).tiny)

    with threadpool_limits(1):
        objective = search.objective()
        clean = wrong_side(objective)
        support = objective.by_row(lambda f, y: np.abs(machine.coefficient(f, -y, 1.0)))[n_clean:]
        for _ in range(n_repeats):
            shuffled = wrong_side(search.objective(y=random_state.permutation(search.y)))
            chosen = search.best(TILT_WEIGHT * (clean + shuffled) - support)
            value = search.objective(chosen=chosen).value
            if best is None or value > best[1]:
                best = chosen, value
    return best
