"""What suspicions say about the poison in a set, and the two cuts that need no model."""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit
from scipy.stats import binomtest


@dataclass(frozen=True)
class Cut:
    """What the suspicions of a set of rows say about the poison in it.

    Attributes
    ----------
    threshold : float
        Rows with a larger suspicion are poison. The largest suspicion where nothing was found.

    contamination : float
        Estimated share of poison rows; 0 where nothing was found.

    interval : tuple of float
        90 % interval of that share.

    grid : ndarray of shape (n_points,), default=None
        Suspicions, increasing.

    log_odds : ndarray of shape (n_points,), default=None
        Log-odds of poison at those suspicions, not decreasing. None: rows above the threshold
        are poison for certain.
    """

    threshold: float
    contamination: float
    interval: tuple
    grid: np.ndarray = None
    log_odds: np.ndarray = None

    def probability(self, suspicion):
        """Probability of being poison.

        Parameters
        ----------
        suspicion : ndarray of shape (n_samples,)
            Suspicions of rows.

        Returns
        -------
        probability : ndarray of shape (n_samples,)
            0 for all rows where nothing was found.
        """
        if self.log_odds is None:
            return (suspicion > self.threshold).astype(np.float64)
        return expit(np.interp(suspicion, self.grid, self.log_odds))


def share_cut(suspicion, threshold):
    """Cut at a given threshold; the share of poison is that of the rows above it.

    Parameters
    ----------
    suspicion : array-like of shape (n_samples,)
        The larger, the more suspicious.

    threshold : float
        Rows with a larger suspicion are poison.

    Returns
    -------
    cut : Cut
        Its interval is Wilson's.

    Examples
    --------
    >>> from skpoison.thresholds import share_cut
    >>> share_cut([1.0, 2.0, 3.0, 4.0], 3.5).contamination
    0.25
    """
    n_above = int(np.sum(np.asarray(suspicion) > threshold))
    share = binomtest(n_above, len(suspicion))
    low, high = share.proportion_ci(0.9, method="wilson")
    return Cut(float(threshold), n_above / len(suspicion), (float(low), float(high)))


def no_cut(suspicion, upper):
    """Cut above all suspicions: no poison was found.

    Parameters
    ----------
    suspicion : array-like of shape (n_samples,)
        The larger, the more suspicious.

    upper : float
        Largest share of poison that cannot be excluded.

    Returns
    -------
    cut : Cut
        Its probabilities are 0.

    Examples
    --------
    >>> from skpoison.thresholds import no_cut
    >>> no_cut([1.0, 2.0], upper=0.1).interval
    (0.0, 0.1)
    """
    return Cut(
        threshold=float(np.max(suspicion)),
        contamination=0.0,
        interval=(0.0, upper),
        grid=np.array([np.min(suspicion)]),
        log_odds=np.array([-np.inf]),
    )


def is_constant(suspicion):
    """Whether all suspicions are equal, up to rounding: nothing to cut between."""
    low, high = suspicion.min(), suspicion.max()
    return not high - low > 1e-12 * max(abs(low), abs(high))
