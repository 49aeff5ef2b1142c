"""A linear learner's verdict on labels, be there a group that only non-linear learners follow.

Gradient poison of many sets is such a group: no line puts it where its labels are, and where the
linear learner has seen it, it may pass for classes that overlap. But labels of rows that overlap,
and labels that are wrong at random, cannot be learnt by anyone.
"""

from typing import NamedTuple

import numpy as np

from skpoison.thresholds import LabelNoiseThreshold, SecondComponentThreshold

TEMPERATURE = 5.0  # prior of the linear learner's alone
TEMPERATURE_SCALE = 0.5
HELD = 0.001  # scale of a prior that the data do not move
# These are tried by benchmarks/calibrate.py groups.
MOST_CONTRADICTED = 0.75  # of what chance contradicts: the classes of more may not be linear
MUCH_FEWER = 0.5  # of that by the other learner: they are not
LEAST_LEARNT = 0.045  # of all rows, in a group, by the other learner; of overlap at most 0.03
MOST_OF_CLASS = 0.5  # more of a class than this is what the class is
LEAST_ROWS = 1000  # of fewer, learners do not know enough to tell a group from overlap


class LinearVerdict(NamedTuple):
    """What a linear learner says of the labels.

    Attributes
    ----------
    costs : ndarray of shape (n_samples, n_classes)
        Its negative out-of-sample decisions.

    rule : LabelNoiseThreshold
        Fitted to the costs, with its temperature held to the prior where there is a group.

    contradicted : float
        Share of the labels that it contradicts, fitted to all rows.

    is_linear : bool
        Whether the classes are linear enough for its word on wrong labels to count.

    has_group : bool
        Whether a group was found, and left out of the fit.
    """

    costs: np.ndarray
    rule: LabelNoiseThreshold
    contradicted: float
    is_linear: bool
    has_group: bool


def judge_linearly(linear, other, X, y, groups):
    """Fit a linear learner, without the group where there is one, and estimate the label noise.

    Parameters
    ----------
    linear, other : LeaveOneOutRidge
        The learner, and a non-linear one, fitted only where the linear learner's contradictions
        are many or have a second component.

    X : ndarray of shape (n_samples, n_features)
        Standardised rows.

    y, groups : ndarray of shape (n_samples,)
        Label codes, and near-duplicates, which are left out together.

    Returns
    -------
    verdict : LinearVerdict
    """
    everywhere = np.ones(len(y))
    decision = linear.fit_predict(X, y, groups, everywhere)
    contradicted = contradiction(decision, y)
    share = (contradicted > 0).mean()
    is_linear, outside = True, None
    if share < MOST_CONTRADICTED * (1 - np.bincount(y).max() / len(y)):
        outside = _outside_group(contradicted, other, X, y, groups)
    else:
        by_other = contradiction(other.fit_predict(X, y, groups, everywhere), y) > 0
        is_linear = bool(by_other.mean() >= MUCH_FEWER * share)
    if outside is not None:
        decision = linear.fit_predict(X, y, groups, outside)
        rule = LabelNoiseThreshold(TEMPERATURE, HELD, noise="uniform").fit(-decision, y)
        if rule.contamination_ > 0:
            return LinearVerdict(-decision, rule, share, is_linear, True)
        decision = linear.fit_predict(X, y, groups, everywhere)
    rule = LabelNoiseThreshold(TEMPERATURE, TEMPERATURE_SCALE, noise="uniform")
    return LinearVerdict(-decision, rule.fit(-decision, y), share, is_linear, False)


def _outside_group(contradicted, other, X, y, groups):
    """Probability of each row to lie outside the group, or None where there is none."""
    if len(y) < LEAST_ROWS:
        return None
    component = SecondComponentThreshold().fit(contradicted)
    if component.contamination_ == 0:
        return None
    in_group = contradicted > component.threshold_
    share_of_class = np.bincount(y, in_group) / np.maximum(np.bincount(y), 1)
    if share_of_class.max() > MOST_OF_CLASS:
        return None
    decision = other.fit_predict(X, y, groups, np.ones(len(y)))
    if (in_group & (contradiction(decision, y) < 0)).mean() < LEAST_LEARNT:
        return None
    return 1 - component.poison_probability(contradicted)


def contradiction(decision, y):
    """How much more speaks for the best other label than for the label seen."""
    rows = np.arange(len(y))
    others = decision.copy()
    others[rows, y] = -np.inf
    return others.max(axis=1) - decision[rows, y]
