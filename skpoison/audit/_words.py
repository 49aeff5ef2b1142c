"""Texts as excerpts around the words that tell."""

import re

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.naive_bayes import MultinomialNB

EXCERPT_LENGTH = 320
LEAD = 40  # characters in front of the first telling word
TEXT_LENGTH = 5_000  # what of a text is looked at
REFERENCE_ROWS = 5_000  # texts that say which words tell
N_WORDS = 5
PRIOR = 0.1  # weight of the frequencies in all texts against those in the texts of a label
WORD = re.compile(CountVectorizer().token_pattern)


def text_excerpts(texts, labels, likelier, positions):
    """Pieces of the texts around the words that speak for the likelier label.

    A word tells as much as its log-probability under the likelier label, in a multinomial naive
    Bayes model of the texts whose prior are the frequencies in all of them, exceeds that under the
    given one; of a row whose label suits it best, as much as that in all texts does.

    Parameters
    ----------
    texts : list of str
        All texts.

    labels, likelier : ndarray of shape (n_samples,)
        Label of each text, and the one that suits it best.

    positions : ndarray of int of shape (n_shown,)
        The texts to show.

    Returns
    -------
    shown : dict of int to list of (str, bool)
        Under the position of each text: its pieces, and whether each is a telling word.
    """
    reference = np.linspace(0, len(texts) - 1, min(len(texts), REFERENCE_ROWS)).astype(int)
    reference = np.union1d(reference, positions)
    read = {row: str(texts[row])[:TEXT_LENGTH] for row in reference.tolist()}
    vectorizer = CountVectorizer(min_df=2 if len(reference) > 20 else 1, max_features=10_000)
    try:
        counts = vectorizer.fit_transform(read.values())
    except ValueError:  # no word in any text
        return {row: _pieces(read[row], {}) for row in positions.tolist()}
    words = vectorizer.get_feature_names_out()
    names = labels.astype(str)
    totals = np.asarray(counts.sum(axis=0), dtype=float).ravel()
    model = MultinomialNB(alpha=PRIOR * totals / len(np.unique(names[reference])))
    model.fit(counts, names[reference])
    given = np.searchsorted(model.classes_, names[positions])
    other = _places(model.classes_, likelier[positions].astype(str))
    background = np.log(totals / totals.sum())
    shown = {}
    for row, label, better in zip(positions.tolist(), given, other, strict=True):
        at_best = background if better in (-1, label) else model.feature_log_prob_[better]
        evidence = at_best - model.feature_log_prob_[label]
        present = counts[np.searchsorted(reference, row)].indices
        best = present[np.argsort(-evidence[present], kind="stable")[:N_WORDS]]
        best = best[evidence[best] > max(np.log(2), 0.4 * evidence[best].max(initial=0))]
        shown[row] = _pieces(read[row], dict(zip(words[best], evidence[best], strict=True)))
    return shown


def _places(classes, names):
    """Where names stand among sorted classes; -1 for those that are none of them."""
    places = np.searchsorted(classes, names).clip(max=len(classes) - 1)
    return np.where(classes[places] == names, places, -1)


def _pieces(text, weights):
    """The stretch of a text with most weight, cut at its telling words."""
    hits = [match for match in WORD.finditer(text) if match.group().lower() in weights]
    first = 0
    if hits and len(text) > EXCERPT_LENGTH:
        starts = np.array([hit.start() for hit in hits])
        weight = np.array([weights[hit.group().lower()] for hit in hits])
        held = np.concatenate([[0], weight.cumsum()])
        ends = np.searchsorted(starts, starts + EXCERPT_LENGTH - 2 * LEAD)
        best = (held[ends] - held[:-1]).argmax()
        first = min(max(starts[best] - LEAD, 0), len(text) - EXCERPT_LENGTH)
    last = first + EXCERPT_LENGTH
    pieces, here = [], first
    for hit in hits:
        if hit.start() >= here and hit.end() <= last:
            pieces += [(text[here : hit.start()], False), (hit.group(), True)]
            here = hit.end()
    pieces.append((text[here:last] + ("…" if last < len(text) else ""), False))
    if first:
        pieces[0] = ("…" + pieces[0][0], False)
    return [piece for piece in pieces if piece[0]]
