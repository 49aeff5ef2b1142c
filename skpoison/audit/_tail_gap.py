"""Rows beyond a gap in the tail of all."""

import numpy as np
from scipy.stats import f as f_distribution

FEWEST_ROWS = 3
LARGEST_SHARE = 1 / 3  # of the rows; more may well be a class of their own
TAIL, FEWEST_OF_TAIL = 0.1, 20  # share and number of the rows below the gap that tell its chance
LEVEL = 0.005
LEAST_RATIO = 1.25  # of the distances on both sides of the gap
SMALLEST = 1e-3  # distance, in units of the median one
MOST_TIES = 0.5  # share of equal distances below the gap: those of few values are no tail


def rows_beyond_gap(distances):
    """Tell how many of the largest distances lie beyond a gap that chance does not make.

    In a tail that falls by a power, k times the logarithm of the ratio of the k-th to the next
    largest value is exponentially distributed, and the mean of the next values' logarithms above
    their smallest one estimates its scale (Hill): their ratio follows an F distribution. Lighter
    tails have smaller gaps. P-values are corrected for the gaps looked at, with weights of 1 / k.

    Parameters
    ----------
    distances : ndarray of shape (n_samples,)
        Positive numbers.

    Returns
    -------
    n_rows : int
        0 where there is no such gap.

    References
    ----------
    .. [1] B. M. Hill, "A simple general approach to inference about the tail of a distribution",
       Annals of Statistics 3(5), 1975.
    """
    median = np.median(distances)
    if median <= 0:
        return 0
    value = np.log(np.maximum(np.sort(distances)[::-1] / median, SMALLEST))
    n_tail = max(int(TAIL * len(value)), FEWEST_OF_TAIL)
    numbers = np.arange(FEWEST_ROWS, max(int(LARGEST_SHARE * len(value)), FEWEST_ROWS) + 1)
    numbers = numbers[numbers + n_tail < len(value)]
    if not len(numbers):
        return 0
    gaps = value[numbers - 1] - value[numbers]
    sums = np.append(0, np.cumsum(value))
    scales = (sums[numbers + n_tail] - sums[numbers]) / n_tail - value[numbers + n_tail]
    statistic = numbers * gaps / np.maximum(scales, 1e-12)
    p_value = f_distribution.sf(statistic, 2, 2 * n_tail) * numbers * (1 / numbers).sum()
    steps = np.append(0, np.cumsum(value[:-1] > value[1:]))
    has_ties = steps[numbers + n_tail] - steps[numbers] < (1 - MOST_TIES) * n_tail
    p_value[has_ties | (gaps < np.log(LEAST_RATIO))] = 1.0
    best = int(p_value.argmin())
    return int(numbers[best]) if p_value[best] < LEVEL else 0
