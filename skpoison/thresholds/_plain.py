"""A threshold through the suspicions, whatever they are: by a mixture, as published, or a share."""

import numpy as np
from scipy.optimize import brentq
from sklearn.mixture import GaussianMixture
from sklearn.utils import column_or_1d

from skpoison.thresholds._cut import is_constant


def mixture_threshold(suspicion, random_state=None):
    """Cut between the two components of a Gaussian mixture.

    A mixture of two Gaussians is fitted to the suspicions by EM; the component with the larger
    mean is taken for the poison, and the cut stands where, between the two means, both are
    equally probable, as in [1]_. A mixture always finds two components: also where there is no
    poison at all, it cuts something off.

    Parameters
    ----------
    suspicion : array-like of shape (n_samples,)
        The larger, the more suspicious. Finite.

    random_state : int, RandomState instance or None, default=None
        Seed of the mixture's start.

    Returns
    -------
    threshold : float
        Rows with a larger suspicion are poison. The largest suspicion, so that no row is, where
        fewer than two different values are given.

    References
    ----------
    .. [1] F. Razmi, L. Xiong, "Classification Auto-Encoder based Detector against Diverse Data
       Poisoning Attacks", arXiv:2108.04206, 2021.

    Examples
    --------
    >>> from skpoison.thresholds import mixture_threshold
    >>> round(mixture_threshold([0.0, 0.1, 0.2, 0.8, 0.9, 1.0], random_state=0), 2)
    0.5
    """
    suspicion = column_or_1d(np.asarray(suspicion, dtype=np.float64))
    low, high = suspicion.min(), suspicion.max()
    if is_constant(suspicion):
        return float(high)
    scaled = (suspicion - low) / (high - low)
    mixture = GaussianMixture(2, random_state=random_state).fit(scaled[:, np.newaxis])
    poison = mixture.means_.ravel().argmax()

    def odds(value):
        return mixture.predict_proba([[value]])[0, poison] - 0.5

    between = np.sort(mixture.means_.ravel())
    if odds(between[0]) < 0 < odds(between[1]):
        cut = brentq(odds, *between)
    else:  # one component is the likelier at both means: nothing but the middle is left
        cut = between.mean()
    return float(low + (high - low) * cut)


def quantile_threshold(suspicion, contamination):
    """Cut that leaves a given share of the rows above it.

    Parameters
    ----------
    suspicion : array-like of shape (n_samples,)
        The larger, the more suspicious.

    contamination : float
        Share of rows to flag, in (0, 0.5].

    Returns
    -------
    threshold : float
        Rows with a larger suspicion are poison.

    Examples
    --------
    >>> from skpoison.thresholds import quantile_threshold
    >>> quantile_threshold([1.0, 2.0, 3.0, 4.0, 5.0], 0.2)
    4.2
    """
    return float(np.percentile(suspicion, 100 * (1 - contamination)))
