"""Texts whose words follow each other as by chance."""

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2, norm

from skpoison.thresholds._noise_likelihood import profile_interval

WORD = re.compile(r"\w+|[^\w\s]")
WORDS_READ = 150  # of a text
FEWEST_WORDS = 5
FEWEST_TEXTS = 5  # flagged together
N_SHUFFLES = 8
LEAST_ORDER = 3.0  # median gain of order, in deviations by chance
UNUSUAL = 0.001  # share of texts in order whose scores may be anything
SHARES = np.concatenate([[0.0], np.geomspace(1e-3, 0.5, 60)])
ACCEPTED, LEVEL = 0.99, 0.9  # of the test, and of the interval


@dataclass(frozen=True)
class WordOrder:
    """Which texts are in no order, their share and its 90 % interval."""

    flagged: NDArray
    score: NDArray
    share: float = 0.0
    interval: tuple[float, float] = (0.0, 0.0)


def judge_word_order(texts, random_state):
    """Tell texts whose words are in no order from the others.

    The order of a text is measured by its pairs of adjacent words: how many other texts have each,
    on a logarithmic scale, in the mean, against shuffles of the same words. Of a text in no order
    the gain is normally distributed about 0, with the deviation of its shuffles; that of texts in
    order about the median one, up to one text in a thousand. The share in no order is the one of
    largest likelihood, accepted by the likelihood ratio test at level .01.

    Parameters
    ----------
    texts : list of str
        All texts.

    random_state : RandomState
        Of the shuffles.

    Returns
    -------
    order : WordOrder
        A larger score means less order; NaN of texts that have too few words.
    """
    gain, error = gains_of_order(texts, random_state)
    score = np.full(len(texts), np.nan)
    nothing = WordOrder(np.zeros(len(texts), dtype=bool), score)
    usable = np.flatnonzero(np.isfinite(gain))
    if len(usable) < FEWEST_TEXTS or np.median(gain[usable] / error[usable]) < LEAST_ORDER:
        return nothing
    gain, error = gain[usable], error[usable]
    usual = np.median(gain)
    # of those below: phrases make a long tail above
    spread = np.median(usual - gain[gain < usual]) / norm.ppf(0.75)
    ordered = (1 - UNUSUAL) * norm.pdf(gain, usual, np.hypot(spread, error))
    ratio = norm.pdf(gain, 0, error) / (ordered + UNUSUAL / np.ptp(gain))
    likelihood = np.log1p(np.outer(SHARES, ratio - 1)).sum(axis=1)
    share = SHARES[likelihood.argmax()]
    low, high = profile_interval(SHARES, likelihood, LEVEL)
    score[usable] = np.log(np.maximum(ratio, 1e-300))
    flagged = nothing.flagged.copy()
    flagged[usable] = share * ratio > 1 - share
    if likelihood.max() < 0.5 * chi2.ppf(ACCEPTED, 1) or flagged.sum() < FEWEST_TEXTS:
        return WordOrder(nothing.flagged, score, interval=(0.0, high))
    seen = len(usable) / len(texts)
    return WordOrder(flagged, score, share * seen, (low * seen, high * seen))


def gains_of_order(texts, random_state):
    """By how much the pairs of words of each text are commoner than those of its shuffles.

    Parameters
    ----------
    texts : list of str
        All texts.

    random_state : RandomState
        Of the shuffles.

    Returns
    -------
    gain : ndarray of shape (n_samples,)
        NaN where there are too few words, or none of their pairs is in another text.

    error : ndarray of shape (n_samples,)
        Its standard deviation if the order is one of chance.
    """
    codes = {}
    words = [
        [codes.setdefault(word, len(codes)) for word in WORD.findall(text.lower())[:WORDS_READ]]
        for text in texts
    ]
    n_words = np.array([len(own) for own in words])
    tokens = np.array([word for own in words for word in own], dtype=np.int64)
    place = np.repeat(np.arange(len(texts)), n_words)
    pairs, of_pair = np.unique(_pairs(tokens, place, len(codes)), return_inverse=True)
    first = place[1:][place[1:] == place[:-1]]
    own = np.unique(first * len(pairs) + of_pair)
    n_texts = np.bincount(own % max(len(pairs), 1), minlength=len(pairs))

    def order(tokens):
        """Sum over the pairs of each text, of the logarithm of the other texts that have them."""
        found = _pairs(tokens, place, len(codes))
        at = np.searchsorted(pairs, found).clip(max=len(pairs) - 1)
        known = pairs[at] == found
        key = first * len(pairs) + at
        is_own = own[np.searchsorted(own, key).clip(max=len(own) - 1)] == key
        value = np.log1p(np.where(known, n_texts[at] - is_own, 0))
        return np.bincount(first, value, minlength=len(texts))

    gain, error = np.full((2, len(texts)), np.nan)
    if not len(pairs):
        return gain, error
    found = order(tokens)
    by_chance = np.stack(
        [
            order(tokens[np.lexsort((random_state.uniform(size=len(tokens)), place))])
            for _ in range(N_SHUFFLES)
        ]
    )
    usable = (n_words >= FEWEST_WORDS) & ((found > 0) | (by_chance > 0).any(axis=0))
    if not usable.any():
        return gain, error
    found, by_chance, n_words = found[usable], by_chance[:, usable], n_words[usable]
    variance = by_chance.var(axis=0, ddof=1) / n_words
    variance = (variance + variance.mean()) / 2  # eight shuffles say little of one text
    gain[usable] = (found - by_chance.mean(axis=0)) / n_words
    error[usable] = np.sqrt(np.maximum(variance, 1e-12) / n_words)
    return gain, error


def _pairs(tokens, place, n_codes):
    """A number for each pair of adjacent words of one text."""
    return (tokens[:-1] * n_codes + tokens[1:])[place[1:] == place[:-1]]
