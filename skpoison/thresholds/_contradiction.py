"""A cut for labels that are contradicted with confidence, where classes overlap."""

from dataclasses import replace

import numpy as np
from scipy.stats import binomtest
from sklearn.utils import column_or_1d

from skpoison.thresholds._cut import no_cut, share_cut

# Share of the squared margins that overlap may contradict, and the level of the test against it.
TOLERATED, LEVEL = 0.08, 0.05


def contradiction_cut(margins, evidence=None, upper=0.0):
    """Flag all contradicted rows where labels are contradicted with confidence.

    A margin is what a classifier that has not learnt the row says against its label: above 0
    where it contradicts the label. Where classes overlap, it contradicts clean rows near their
    border, where it is unsure; wrong labels it contradicts wherever they lie. So each row weighs as
    much as its squared margin, and a binomial test decides whether the contradicted rows hold
    significantly more than 8 % of all weight. Rows count as many times as their weights are worth:
    n rows of equal size are n, others (sum of weights)^2 / (sum of squared weights).

    Where the test finds nothing, or half of the rows or more are contradicted, as by guessing,
    nothing is flagged. Rows that are flagged need not be poison.

    Parameters
    ----------
    margins : array-like of shape (n_samples,)
        The larger, the more the label is contradicted. Finite.

    evidence : list of array-like of shape (n_samples,), default=None
        Margins to test; one that contradicts is enough. None: `margins` alone.

    upper : float, default=0.0
        A share of poison that something else could not exclude.

    Returns
    -------
    cut : Cut
        The threshold is 0 where labels are contradicted. The interval of the share begins at 0; it
        ends with Wilson's 90 % interval of the contradicted share or with `upper`, whichever is
        larger.

    Examples
    --------
    >>> import numpy as np
    >>> from skpoison.thresholds import contradiction_cut
    >>> margins = np.linspace(-3, 1, 101)  # a quarter contradicted: two classes that overlap
    >>> contradiction_cut(margins).contamination
    0.0
    >>> margins[::5] *= -1
    >>> round(contradiction_cut(margins).contamination, 2)
    0.35
    """
    margins = column_or_1d(np.asarray(margins, dtype=np.float64))
    contradicted = share_cut(margins, 0.0)
    upper = max(upper, contradicted.interval[1])
    evidence = [margins] if evidence is None else evidence
    if contradicted.contamination >= 0.5 or not any(map(contradicts_with_confidence, evidence)):
        return no_cut(margins, upper)
    return replace(contradicted, interval=(0.0, upper))


def contradicts_with_confidence(margins):
    """Test of :func:`contradiction_cut` on one set of margins (n_samples,): a bool."""
    weights = np.square(margins)
    if not weights.any():
        return False
    n_rows = round(weights.sum() ** 2 / np.square(weights).sum())
    n_contradicted = round(n_rows * weights[margins > 0].sum() / weights.sum())
    test = binomtest(n_contradicted, n_rows, TOLERATED, alternative="greater")
    return bool(test.pvalue <= LEVEL)
