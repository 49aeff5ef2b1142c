"""The search for a trigger: something that decides the label against all else about the rows."""

import numpy as np
from scipy.stats import chi2, gaussian_kde, hypergeom
from sklearn.metrics.pairwise import euclidean_distances

from skpoison.detectors._ridge_scores import LeaveOneOutRidge
from skpoison.detectors._standardizer import Standardizer
from skpoison.detectors._trigger_candidates import find_candidates

LEVEL, LEVEL_OF_CHANCE = 0.001, 0.01
MOST_ASKED = 20  # candidates for which a model is fitted
MOST_COMPARED = 200  # candidates, of which many may be one
LEAST_CONTRADICTED = 5  # rows whose neighbours have other labels
ROWS_OF_MODEL, COMPONENTS_OF_MODEL = 3000, 300
ROWS_OF_TRIGGER = 300
MOST_HONEST = 0.5  # share of rows with an honest sign that may look like another class without it
LEAST_FACTOR = 8.0  # by which half of the rows are likelier of other classes: no doubtful ones, or
HIGHEST_RANK = 0.65  # where classes overlap, mean share of other rows that look less like the label
SAME_ROWS = 0.8  # overlap of the rows of two candidates that are one
LEAST_DENSITY = 1e-3
N_NEIGHBORS, FEWEST_NEIGHBORS, ROWS_OF_SEARCH = 10, 3, 50


def search_triggers(context):
    """Search for triggers.

    Parameters
    ----------
    context : object
        Rows and what is known of them: ``data.X``, ``data.kind``, ``codes``, ``classes``,
        ``n_rows``, ``rows`` as numbers, their ``components``, ``nearest``, ``encode``,
        ``random_state``, ``seed``.

    Returns
    -------
    found : list of (Candidate, float, float)
        Triggers, the share of their rows that look like other classes without them, and the
        p-value of a share of a half or less, the surest first.

    least : float or None
        The smallest p-value; None where there was no candidate.
    """
    candidates = _beyond_chance(context, *find_candidates(context))
    found, least = [], 1.0 if candidates else None
    for candidate in candidates[:MOST_ASKED]:
        share, p_value = _ask_model(context, candidate)
        p_value = min(1.0, p_value * len(candidates))
        least = min(least, p_value)
        if p_value < LEVEL and share > MOST_HONEST:
            found.append((candidate, share, p_value))
    return sorted(found, key=lambda line: (line[2], -len(line[0].rows))), least


def _beyond_chance(context, candidates, n_seen):
    """Those that go with one label, those first whose rows look least like it."""
    sizes = np.bincount(context.codes)
    level = LEVEL_OF_CHANCE / max(n_seen * len(sizes), 1)
    kept = []
    for candidate in candidates:
        counts = np.bincount(context.codes[candidate.rows])
        candidate.code, n_rows = int(counts.argmax()), len(candidate.rows)
        of_label = sizes[candidate.code]
        if hypergeom.sf(counts.max() - 1, context.n_rows, of_label, n_rows) < level:
            number, share = _contradicted(context, candidate)
            if number >= LEAST_CONTRADICTED:
                kept.append((share - 1 / np.sqrt(n_rows), candidate))
    kept = [candidate for _, candidate in sorted(kept, key=lambda pair: -pair[0])]
    distinct = []
    for candidate in kept[:MOST_COMPARED]:
        if not any(_overlap(candidate.rows, other.rows) > SAME_ROWS for other in distinct):
            distinct.append(candidate)
    return distinct


def _contradicted(context, candidate):
    """Number and share of rows whose nearest rows without the candidate have other labels.

    Where nearly all neighbours have it too, they are searched among rows that do not.
    """
    rows = candidate.rows[:ROWS_OF_TRIGGER]
    others = context.nearest(rows, N_NEIGHBORS)
    has_it = np.zeros(context.n_rows, dtype=bool)
    has_it[candidate.rows] = True
    usable = ~has_it[others]
    alone = np.flatnonzero(usable.sum(axis=1) < FEWEST_NEIGHBORS)[:ROWS_OF_SEARCH]
    if len(alone):
        without = context.random_state().permutation(np.flatnonzero(~has_it))[:ROWS_OF_MODEL]
        distances = euclidean_distances(
            context.components[rows[alone]], context.components[without]
        )
        found = np.argpartition(distances, FEWEST_NEIGHBORS, axis=1)[:, :FEWEST_NEIGHBORS]
        others[alone, :FEWEST_NEIGHBORS], usable[alone] = without[found], False
        usable[alone, :FEWEST_NEIGHBORS] = True
    other = (context.codes[others] != candidate.code) & usable
    contradicted = other.sum(axis=1) > usable.sum(axis=1) / 2
    return np.count_nonzero(contradicted), contradicted.mean()


def _ask_model(context, candidate):
    """Share of the rows that look like another class without it, and the p-value of a half."""
    random_state = context.random_state()
    without = np.setdiff1d(np.arange(context.n_rows), candidate.rows)
    learnt = random_state.permutation(without)[:ROWS_OF_MODEL]
    asked = candidate.rows[context.codes[candidate.rows] == candidate.code]
    asked = random_state.permutation(asked)[:ROWS_OF_TRIGGER]
    classes, codes = np.unique(context.codes[learnt], return_inverse=True)
    place = np.flatnonzero(classes == candidate.code)
    if len(classes) < 2 or not len(place):
        return 0.0, 1.0
    scale = Standardizer(context.rows[learnt])
    model = LeaveOneOutRidge("rbf", COMPONENTS_OF_MODEL, len(classes), context.seed)
    alone = np.arange(len(learnt))
    scores = model.fit_predict(scale(context.rows[learnt]), codes, alone, np.ones(len(learnt)))
    changed = context.encode(candidate.without(asked), asked)
    margin = _margin(scores, place[0])
    return share_of_others(
        _margin(model.predict(scale(changed)), place[0]),
        margin[codes == place[0]],
        margin[codes != place[0]],
    )


def share_of_others(margins, of_label, of_others):
    """Share of rows whose margins are those of other classes, and how well a half explains them.

    Parameters
    ----------
    margins : ndarray of shape (n_rows,)
        By how much the label beats the others, of the rows that are asked about.

    of_label, of_others : ndarray
        The same of rows that carry the label and of rows that carry others.

    Returns
    -------
    share : float
        The one of largest likelihood.

    p_value : float
        Of the likelihood ratio test of a share of a half or less.
    """
    if min(len(of_label), len(of_others)) < 5 or not len(margins):
        return 0.0, 1.0
    if min(np.ptp(of_label), np.ptp(of_others)) <= 0:
        return 0.0, 1.0
    own = gaussian_kde(of_label)(margins) + LEAST_DENSITY
    other = gaussian_kde(of_others)(margins) + LEAST_DENSITY
    shares = np.linspace(0, 1, 101)
    likelihood = np.log(np.outer(shares, other) + np.outer(1 - shares, own)).sum(axis=1)
    best = int(likelihood.argmax())
    rank = np.searchsorted(np.sort(of_others), margins).mean() / len(of_others)
    are_doubtful = np.median(other / own) < LEAST_FACTOR and rank > HIGHEST_RANK
    if shares[best] <= MOST_HONEST or are_doubtful:
        return float(shares[best]), 1.0
    half = likelihood[int(MOST_HONEST * (len(shares) - 1))]
    return float(shares[best]), float(chi2.sf(2 * (likelihood[best] - half), 1) / 2)


def _margin(scores, code):
    others = np.delete(scores, code, axis=1)
    return scores[:, code] - others.max(axis=1)


def _overlap(first, second):
    together = len(np.intersect1d(first, second, assume_unique=True))
    return together / (len(first) + len(second) - together)
