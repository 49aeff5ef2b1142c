"""The numbers behind the two pictures of the first screen: scores with the cut, labels confused."""

import numpy as np
import pandas as pd
from matplotlib.ticker import MaxNLocator

from skpoison.utils._readable import readable

N_BINS = 40
N_CLASSES = 12  # of the picture of labels
NAME_LENGTH = 60
WIDTH, HEIGHT = 420, 230
LEFT, RIGHT, TOP, BOTTOM = 46, 8, 22, 36  # margins


def score_picture(score, flagged):
    """Where the bars of the histogram of the scores stand, and the cut.

    Parameters
    ----------
    score : ndarray of shape (n_samples,)
        Anomaly scores; NaN where a row has none.

    flagged : ndarray of shape (n_samples,), dtype=bool
        The rows flagged.

    Returns
    -------
    picture : dict or None
        Bars, ticks and the cut in units of the drawing; None without scores that differ.
    """
    is_known = ~np.isnan(score)
    score, flagged = score[is_known], flagged[is_known]
    finite = score[np.isfinite(score)]
    if not len(finite) or finite.min() == finite.max():
        return None
    cut, is_clear = _cut(score, flagged)
    low = np.quantile(finite, 0.001, method="lower")
    high = np.quantile(finite, 0.999, method="higher")
    edges = _edges(low, high, cut)
    inside = score.clip(edges[0], edges[-1])
    counts = [np.histogram(inside[part], edges)[0] for part in (~flagged, flagged)]
    top = max(counts[0].max(), counts[1].max(), 1)

    def x_of(value):
        span = WIDTH - LEFT - RIGHT
        return round(LEFT + span * (value - edges[0]) / (edges[-1] - edges[0]), 1)

    def height_of(count):
        return round((HEIGHT - TOP - BOTTOM) * np.log1p(count) / np.log1p(top), 1)

    ground, width = HEIGHT - BOTTOM, (WIDTH - LEFT - RIGHT) / (len(edges) - 1) - 1
    bars = []
    for place, pair in enumerate(zip(*counts, strict=True)):
        parts = [part for part in (0, 1) if pair[part]]
        for order, part in enumerate(parts):
            height = height_of(pair[part])
            bars.append(
                {
                    "x": round(x_of(edges[place]) + order * width / len(parts), 1),
                    "y": round(ground - height, 1),
                    "width": round(width / len(parts), 1),
                    "height": height,
                    "name": ("kept", "flagged")[part],
                }
            )
    ticks = [count for count in 10 ** np.arange(7) if count <= top]
    marks = MaxNLocator(5).tick_values(edges[0], edges[-1])
    marks = marks[(marks >= edges[0]) & (marks <= edges[-1])]
    return {
        "width": WIDTH,
        "height": HEIGHT,
        "ground": ground,
        "left": LEFT,
        "right": WIDTH - RIGHT,
        "top": TOP,
        "bars": bars,
        "counts": [{"y": ground - height_of(count), "text": f"{count:,}"} for count in ticks],
        "scores": [{"x": x_of(mark), "text": f"{mark:.3g}"} for mark in marks],
        "cut": {"x": x_of(cut), "text": f"{cut:.3g}", "is_clear": is_clear}
        if np.isfinite(cut)
        else None,
        "n_flagged": int(flagged.sum()),
        "n_kept": int((~flagged).sum()),
        "is_clipped": bool((score < edges[0]).any() or (score > edges[-1]).any()),
    }


def _edges(low, high, cut):
    """Evenly spaced edges of bins; the cut is one of them."""
    if not np.isfinite(cut):
        return np.linspace(low, high if high > low else low + 1, N_BINS + 1)
    low, high = min(low, cut), max(high, cut)
    step = (high - low) / N_BINS or 1.0
    return cut + step * np.arange(-np.ceil((cut - low) / step), np.ceil((high - cut) / step) + 1)


def _cut(score, flagged):
    """The score from which rows are flagged, and whether all from there on are, and no others."""
    if not flagged.any():
        return np.inf, False
    lowest = score[flagged].min()
    kept = score[~flagged]
    highest = kept.max() if len(kept) else lowest
    if highest >= lowest or not np.isfinite(lowest):
        return lowest, False
    return (lowest + highest) / 2, True


def label_picture(labels, likelier, flagged):
    """How many of the flagged rows are labelled one way and likelier another.

    Parameters
    ----------
    labels, likelier : ndarray of shape (n_samples,)
        Label of each row, and the one that suits it best.

    flagged : ndarray of shape (n_samples,), dtype=bool
        Rows whose label is called wrong.

    Returns
    -------
    picture : dict or None
        `names` of the classes, the twelve most confused where there are more; `counts`, a list
        for each given label with a count for each likelier one; `largest` of them; `n_classes` in
        all. None where no label is called wrong.
    """
    pairs = pd.DataFrame({"given": labels, "likelier": likelier}, dtype=object)[flagged]
    pairs = pairs[(pairs["given"] != pairs["likelier"]) & pairs["likelier"].notna()]
    if pairs.empty:
        return None
    counts = pairs.astype(str).value_counts()
    involved = counts.groupby("given").sum().add(counts.groupby("likelier").sum(), fill_value=0)
    every = pd.unique(pd.Series(labels).dropna())
    order = sorted(every.tolist(), key=_sort_key)
    order = list(dict.fromkeys(str(name) for name in [*order, *involved.index]))
    shown = order
    if len(order) > N_CLASSES:
        most = involved.sort_values(ascending=False, kind="stable").index[:N_CLASSES]
        shown = [name for name in order if name in set(most)]
    table = [[int(counts.get((row, column), 0)) for column in shown] for row in shown]
    return {
        "names": [readable(name, NAME_LENGTH) for name in shown],
        "counts": table,
        "largest": max(map(max, table)),
        "n_classes": len(order),
    }


def _sort_key(name):
    """Numbers by their value, then all else by its text."""
    is_number = isinstance(name, (int, float))
    return (not is_number, name if is_number else 0, str(name))
