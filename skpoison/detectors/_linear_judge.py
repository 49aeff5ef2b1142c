"""A linear learner's verdict on labels, be there a group that only non-linear learners follow.

Gradient poison of many sets is such a group: no line puts it where its labels are, and where the
linear learner has seen it, it may pass for classes that overlap. But labels of rows that overlap,
and labels that are wrong at random, cannot be learnt by anyone.
"""

import numpy as np

from skpoison.thresholds import LabelNoiseThreshold, SecondComponentThreshold

TEMPERATURE = 5.0  # prior of the linear learner's alone
TEMPERATURE_SCALE = 0.5
HELD = 0.001  # scale of a prior that the data do not move
# These two are tried by benchmarks/calibrate_estimators.py groups.
LEAST_LEARNT = 0.25  # of the group's labels, by the other learner
MOST_OF_CLASS = 0.5  # more of a class than this is what the class is


def judge_linearly(linear, other, X, y, groups):
    """Fit a linear learner, without the group where there is one, and estimate the label noise.

    Parameters
    ----------
    linear, other : LeaveOneOutRidge
        The learner, and a non-linear one, fitted only where the linear learner's contradictions
        have a second component.

    X : ndarray of shape (n_samples, n_features)
        Standardised rows.

    y, groups : ndarray of shape (n_samples,)
        Label codes, and near-duplicates, which are left out together.

    Returns
    -------
    costs : ndarray of shape (n_samples, n_classes)
        Negative out-of-sample decisions of the linear learner.

    rule : LabelNoiseThreshold
        Fitted to the costs, with its temperature held to the prior where there is a group.

    found : bool
        Whether there is a group.
    """
    everywhere = np.ones(len(y))
    decision = linear.fit_predict(X, y, groups, everywhere)
    contradiction = _contradiction(decision, y)
    component = SecondComponentThreshold().fit(contradiction)
    found = component.contamination_ > 0
    if found:
        in_group = contradiction > component.threshold_
        share_of_class = np.bincount(y, in_group) / np.maximum(np.bincount(y), 1)
        found = share_of_class.max() <= MOST_OF_CLASS
    if found:
        learnt = _contradiction(other.fit_predict(X, y, groups, everywhere), y) < 0
        found = learnt[in_group].mean() >= LEAST_LEARNT
    if found:
        outside = 1 - component.poison_probability(contradiction)
        decision = linear.fit_predict(X, y, groups, outside)
    scale = HELD if found else TEMPERATURE_SCALE
    rule = LabelNoiseThreshold(TEMPERATURE, scale, noise="uniform")
    return -decision, rule.fit(-decision, y), bool(found)


def _contradiction(decision, y):
    """How much more speaks for the best other label than for the label seen."""
    rows = np.arange(len(y))
    others = decision.copy()
    others[rows, y] = -np.inf
    return others.max(axis=1) - decision[rows, y]
