"""The search for a trigger: something that decides the label against all else about the rows."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import chi2, gaussian_kde, hypergeom
from sklearn.kernel_approximation import Nystroem
from sklearn.metrics.pairwise import euclidean_distances

from skpoison.detectors._ridge_scores import LeaveOneOutRidge
from skpoison.detectors._shortcut_search import search_shortcuts
from skpoison.detectors._standardizer import Standardizer
from skpoison.detectors._trigger_candidates import Candidate, find_candidates

LEVEL, LEVEL_OF_CHANCE = 0.01, 0.01  # the second is that of a first look, not corrected
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


@dataclass
class Trigger:
    """What was found.

    Attributes
    ----------
    candidate : Candidate
        Its name, rows and label.

    unlike_label : float
        Share of its rows that look like other classes without it; NaN where that was not asked.

    told_by_rest : float
        Where labels are right, AUC of a model that tells by the rest of the image which images of
        the label have it; NaN elsewhere.

    p_value : float
        Of a share of a half or less; where labels are right, of its going with one by chance.
    """

    candidate: Candidate
    unlike_label: float
    told_by_rest: float
    p_value: float

    @property
    def score(self):
        """How sure it is, from 0 to 1."""
        if np.isnan(self.told_by_rest):
            return self.unlike_label
        return min(1.0, 2 * (1 - self.told_by_rest))


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
    found : list of Trigger
        Those against all else, the surest first, then those on images with right labels.

    least : float or None
        The smallest p-value; None where there was no candidate.
    """
    of_one_label = find_candidates(context)
    for candidate in of_one_label:
        candidate.code = int(np.bincount(context.codes[candidate.rows]).argmax())
    found, p_values = [], []
    candidates = _beyond_chance(context, of_one_label)
    for candidate, margins in _ask_models(context, candidates[:MOST_ASKED]) if candidates else ():
        share, p_value = share_of_others(*margins)
        p_value = min(1.0, p_value * len(candidates))
        p_values.append(p_value)
        if p_value < LEVEL and share > MOST_HONEST:
            found.append(Trigger(candidate, share, np.nan, p_value))
    found.sort(key=lambda trigger: (trigger.p_value, -len(trigger.candidate.rows)))
    for candidate, told, p_value in search_shortcuts(context, of_one_label):
        if not any(_overlap(candidate.rows, one.candidate.rows) > SAME_ROWS for one in found):
            found.append(Trigger(candidate, np.nan, told, p_value))
            p_values.append(p_value)
    return found, min([*p_values, 1.0]) if candidates or p_values else None


def _beyond_chance(context, candidates):
    """Those that go with one label, those first whose rows look least like it."""
    sizes = np.bincount(context.codes)
    kept = []
    for candidate in candidates:
        own, n_rows = np.bincount(context.codes[candidate.rows]).max(), len(candidate.rows)
        of_label = sizes[candidate.code]
        if hypergeom.sf(own - 1, context.n_rows, of_label, n_rows) < LEVEL_OF_CHANCE:
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


def _ask_models(context, candidates):
    """Margins by which the label wins, by models of the rows without each candidate.

    Those of its rows shown without it, of rows that carry the label, and of the others. The
    features of the models are made once, and so are those of the changed rows.
    """
    random_state = context.random_state()
    drawn = random_state.permutation(context.n_rows)[:ROWS_OF_MODEL]
    scale = Standardizer(context.rows[drawn])
    n_classes, scaled = len(context.classes), scale(context.rows[drawn])
    first = LeaveOneOutRidge("rbf", COMPONENTS_OF_MODEL, n_classes, context.seed)
    each = np.arange(len(drawn))
    first.fit_predict(scaled, context.codes[drawn], each, np.ones(len(drawn)))
    mapping = Nystroem(
        gamma=first.gamma_,
        n_components=min(COMPONENTS_OF_MODEL, len(drawn)),
        random_state=context.seed,
    )
    features = mapping.fit_transform(scaled)
    asked = []
    for candidate in candidates:
        rows = candidate.rows[context.codes[candidate.rows] == candidate.code]
        asked.append(random_state.permutation(rows)[:ROWS_OF_TRIGGER])
    changed = [c.without(rows) for c, rows in zip(candidates, asked, strict=True)]
    changed = context.encode(_joined(changed), np.concatenate(asked))
    changed = mapping.transform(scale(changed))
    ends = np.cumsum([len(rows) for rows in asked])
    for candidate, rows, end in zip(candidates, asked, ends, strict=True):
        learnt = ~np.isin(drawn, candidate.rows)
        classes, codes = np.unique(context.codes[drawn[learnt]], return_inverse=True)
        place = np.flatnonzero(classes == candidate.code)
        if len(classes) < 2 or not len(place):
            continue
        model = LeaveOneOutRidge("linear", COMPONENTS_OF_MODEL, len(classes), context.seed)
        each = np.arange(len(codes))
        scores = model.fit_predict(features[learnt], codes, each, np.ones(len(codes)))
        margin = _margin(scores, place[0])
        own = codes == place[0]
        without = _margin(model.predict(changed[end - len(rows) : end]), place[0])
        yield candidate, (without, margin[own], margin[~own])


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


def _joined(parts):
    """Changed rows of all candidates, in the container that they came in."""
    if isinstance(parts[0], list):
        return [row for part in parts for row in part]
    return pd.concat(parts) if hasattr(parts[0], "iloc") else np.concatenate(parts)


def _margin(scores, code):
    others = np.delete(scores, code, axis=1)
    return scores[:, code] - others.max(axis=1)


def _overlap(first, second):
    together = len(np.intersect1d(first, second, assume_unique=True))
    return together / (len(first) + len(second) - together)
