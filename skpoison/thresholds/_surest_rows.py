"""How often the labels of the surest rows contradict what is predicted of them."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import binomtest

SUREST = 0.1  # of the rows of a predicted class
MIN_ROWS = 30  # of the surest ones; a class that has fewer says nothing


@dataclass(frozen=True)
class Contradiction:
    """Share of labels that contradict their surest predictions, and its interval."""

    share: float
    interval: tuple


def least_contradicted(probability, y, level):
    """Find the predicted class whose surest rows are contradicted by their labels least often.

    Whatever was learnt from labels of which a share is wrong at random, no row can be found whose
    label agrees with its class more often than the others do. Where rows exist that are of their
    class without doubt, the surest ones tell that share [1]_.

    Parameters
    ----------
    probability : ndarray of shape (n_samples, n_classes)
        Out-of-sample class probabilities.

    y : ndarray of shape (n_samples,)
        Label codes.

    level : float
        Of the interval.

    Returns
    -------
    contradiction : Contradiction or None
        None where every class is too small.

    References
    ----------
    .. [1] T. Liu, D. Tao, "Classification with Noisy Labels by Importance Reweighting", IEEE
       Transactions on Pattern Analysis and Machine Intelligence 38, 2016, section 5 (anchor rows).
    """
    predicted, best = probability.argmax(axis=1), None
    for label in range(probability.shape[1]):
        rows = np.flatnonzero(predicted == label)
        n_surest = int(SUREST * len(rows))
        if n_surest < MIN_ROWS:
            continue
        surest = rows[np.argsort(-probability[rows, label], kind="stable")[:n_surest]]
        test = binomtest(int(np.count_nonzero(y[surest] != label)), n_surest)
        if best is None or test.statistic < best.statistic:
            best = test
    if best is None:
        return None
    return Contradiction(best.statistic, tuple(best.proportion_ci(level)))


def without_noise(probability, share):
    """True-class probabilities of probabilities that hold a share of labels wrong at random.

    Parameters
    ----------
    probability : ndarray of shape (n_samples, n_classes)
        Probabilities of the labels seen.

    share : float
        Of wrong labels, any other label being as likely.

    Returns
    -------
    true : ndarray of shape (n_samples, n_classes)
        Not below a hundredth of `probability`, so that all rows keep their order.
    """
    other = share / (probability.shape[1] - 1)
    return np.maximum((probability - other) / (1 - share - other), probability / 100)
