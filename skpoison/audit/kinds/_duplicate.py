"""Exact and near-duplicates, above all under different labels and across a split."""

import re

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.stats import median_abs_deviation

from skpoison.audit.kinds._base import BaseKind, count
from skpoison.utils._row_index import row_keys

LEVEL = 0.05  # false alarms expected among all rows
LARGEST_RATIO = 0.5  # among few rows of many columns the distribution of the ratio is another one
CANDIDATES = 0.01  # p-value below which a pair is looked at in all columns
FEWEST_NEIGHBORS = 5
MOST_SHOWN = 1000  # groups in the table
LEAST_CORRELATION = 0.9  # of the pixels of two images that show the same
ROWS_OF_DIMENSION = 1000  # from which the dimension is estimated
WORDS_OF_A_BAG = 3  # in texts of fewer, their order says too much
CLOSENESS_OF_BAGS = 0.9  # below that of equal texts
CHANCE = 0.1  # share of equal pairs that chance may explain before they say nothing


class Duplicates(BaseKind):
    """Rows that are there more than once.

    Texts are equal where their words and signs are, in any case and spacing, and near-duplicates
    where they are three words or more that are equal in any order. Images and numbers are
    near-duplicates where the nearest row is closer than chance allows: with the intrinsic
    dimension m and k neighbours, (distance to the first / distance to the k-th) ** m follows a
    beta distribution with the parameters 1 and k - 1. Among categories that is not so, and equal
    rows alone are listed.

    Equal rows of a table of few different values are no copies: where a random half of the columns
    tells nothing of the other, pairs equal in both are as many as pairs equal in each predict.

    References
    ----------
    .. [1] E. Levina, P. J. Bickel, "Maximum Likelihood Estimation of Intrinsic Dimension", NIPS
       2004 (distances to neighbours).
    """

    name = "duplicate"
    title = "Duplicates"
    tasks = ("classification", "regression", "multilabel")
    cost = "exact ones linear, near ones quadratic in the rows (left out above 100,000)"

    def look(self, context):
        groups = np.unique(self._keys(context), return_inverse=True)[1]
        n_exact = len(groups) - len(np.unique(groups))
        if n_exact and self._is_chance(context, groups):
            return self.finding(
                context,
                False,
                f"{count(n_exact)} equal another one, as chance makes them where columns have few "
                "values: no sign of copies.",
            )
        joined, closeness = self._join_near(context, groups)
        members = np.bincount(joined)[joined]
        if members.max() == 1:
            return self.finding(context, False, "No row is there twice.", score=closeness)
        return self._describe(context, groups, joined, closeness)

    def _keys(self, context):
        X = context.data.X
        if context.data.kind == "text":
            return np.array([" ".join(re.findall(r"\w+|[^\w\s]", text.casefold())) for text in X])
        return row_keys(X.reshape(len(X), -1) if context.data.kind == "images" else X)

    def _is_chance(self, context, groups):
        """Whether so many equal pairs come about where halves of the columns are independent."""
        X = context.data.X
        if context.data.kind not in ("table", "features") or X.shape[1] < 2:
            return False
        columns = context.random_state().permutation(X.shape[1])
        if hasattr(X, "tocsr"):
            X = X.tocsc()
        halves = np.array_split(columns, 2)
        parts = [X.iloc[:, half] if hasattr(X, "iloc") else X[:, half] for half in halves]
        seen = [n_pairs(row_keys(part)) for part in parts]
        all_pairs = len(groups) * (len(groups) - 1) / 2
        return seen[0] * seen[1] / all_pairs > CHANCE * n_pairs(groups)

    def _join_near(self, context, groups):
        """Groups joined with their near-duplicates, and how close each row is to another one."""
        _, sizes = np.unique(groups, return_counts=True)
        closeness = np.where(sizes[groups] > 1, 1.0, 0.0)
        if context.data.kind == "text":
            joined = np.unique(bags_of_words(context.data.X, groups), return_inverse=True)[1]
            is_near = np.bincount(joined)[joined] > sizes[groups]
            return joined, np.where(is_near, np.maximum(closeness, CLOSENESS_OF_BAGS), closeness)
        if context.rows_are_mixed or context.neighbors is None:
            return groups, closeness
        pairs, close = near_pairs(context, groups)
        closeness = np.maximum(closeness, close)
        n_groups = len(sizes)
        links = coo_array((np.ones(len(pairs)), groups[pairs].T), shape=(n_groups, n_groups))
        return connected_components(links, directed=False)[1][groups], closeness

    def _describe(self, context, groups, joined, closeness):
        data = context.data
        conflict = _differs(joined, self._label_codes(context))
        crossing = np.zeros(len(joined), dtype=bool)
        if data.split is not None:
            crossing = _differs(joined, np.unique(data.split, return_inverse=True)[1])
        first = np.zeros(len(joined), dtype=bool)
        first[np.unique(joined, return_index=True)[1]] = True
        in_group = np.bincount(joined)[joined] > 1
        copies = in_group & ~first
        flagged = copies | (in_group & (conflict | crossing))
        exact = np.bincount(groups)[groups] > 1
        other = _another_member(joined)
        index = data.index
        what = "targets" if data.is_regression else "labels"
        reasons = {}
        for row in np.flatnonzero(flagged).tolist():
            reason = f"{'equals' if exact[row] else 'is close to'} row {index[other[row]]}"
            reason += f", under different {what}" if conflict[row] else ""
            reasons[row] = reason + (", across the split" if crossing[row] else "")
        sentence = f"{count(int(copies.sum()))} "
        sentence += "is a copy" if copies.sum() == 1 else "are copies"
        sentence += " of others, exactly or nearly"
        if conflict.any():
            sentence += f"; {count(int(conflict.sum()))} of such groups differ in their {what}"
        if crossing.any():
            sentence += f"; {count(int(crossing.sum()))} of such groups cross the split"
        return self.finding(
            context,
            True,
            sentence + ".",
            flagged=flagged,
            score=closeness + conflict + crossing,
            reasons=reasons,
            share=copies.mean(),
            table=self._table(context, joined, exact, conflict, crossing),
            advice="Keep one of each; settle the labels where they differ, and keep copies on one "
            "side of a split.",
        )

    def _label_codes(self, context):
        y = context.data.y
        if context.data.is_regression:
            spread = median_abs_deviation(y, scale="normal") or 1.0
            return np.round(y / spread).astype(int)
        return context.codes if y.ndim == 1 else np.unique(row_keys(y), return_inverse=True)[1]

    def _table(self, context, joined, exact, conflict, crossing):
        order = np.lexsort((np.arange(len(joined)), joined))
        order = order[np.bincount(joined)[joined[order]] > 1]
        groups = np.split(order, np.flatnonzero(np.diff(joined[order])) + 1)
        groups.sort(key=lambda rows: (-int(conflict[rows[0]]) - int(crossing[rows[0]]), rows[0]))
        return pd.DataFrame(
            {
                "rows": [context.data.index[rows].tolist() for rows in groups[:MOST_SHOWN]],
                "exact": [bool(exact[rows].all()) for rows in groups[:MOST_SHOWN]],
                "labels_differ": [bool(conflict[rows[0]]) for rows in groups[:MOST_SHOWN]],
                "crosses_split": [bool(crossing[rows[0]]) for rows in groups[:MOST_SHOWN]],
            }
        )


def bags_of_words(texts, groups):
    """The words of each text in order of the alphabet; of shorter texts their group."""
    keys = []
    for text, group in zip(texts, groups.tolist(), strict=True):
        words = sorted(re.findall(r"\w+", text.casefold()))
        keys.append(" ".join(words) if len(words) >= WORDS_OF_A_BAG else f"\n{group}")
    return np.array(keys, dtype=object)


def near_pairs(context, groups):
    """Rows and nearest rows that are closer than chance allows, and how close each row is.

    Returns
    -------
    pairs : ndarray of shape (n_pairs, 2)

    closeness : ndarray of shape (n_samples,)
        1 - distance to the nearest other row / distance to the farthest of the neighbours.
    """
    distances, others = context.neighbors
    n_rows = len(groups)
    distances = np.where(groups[others] == groups[:, np.newaxis], np.inf, distances)
    order = np.argsort(distances, axis=1, kind="stable")
    distances = np.take_along_axis(distances, order, axis=1)
    others = np.take_along_axis(others, order, axis=1)
    n_left = np.isfinite(distances).sum(axis=1)
    usable = np.flatnonzero(n_left >= FEWEST_NEIGHBORS)
    closeness = np.zeros(n_rows)
    if not len(usable):
        return np.empty((0, 2), dtype=int), closeness
    nearest, farthest = others[usable, 0], others[usable, n_left[usable] - 1]
    ratio = distances[usable, 0] / np.maximum(distances[usable, n_left[usable] - 1], 1e-300)
    p_value, _ = chance_of_ratio(ratio, n_left[usable])
    closeness[usable] = 1 - ratio
    asked = np.flatnonzero(p_value < CANDIDATES)
    if context.rows.shape[1] > context.components.shape[1] and len(asked):
        sample = context.random_state().permutation(len(usable))[:ROWS_OF_DIMENSION]
        asked = np.append(asked, np.setdiff1d(sample, asked))
        rows = context.rows
        near = np.linalg.norm(rows[usable[asked]] - rows[nearest[asked]], axis=1)
        far = np.linalg.norm(rows[usable[asked]] - rows[farthest[asked]], axis=1)
        ratio[asked] = near / np.maximum(far, 1e-300)
        in_sample = np.isin(asked, sample)
        _, dimension = chance_of_ratio(ratio[asked][in_sample], n_left[usable][asked][in_sample])
        p_value[asked], _ = chance_of_ratio(ratio[asked], n_left[usable][asked], dimension)
        closeness[usable[asked]] = 1 - np.minimum(ratio[asked], 1)
    found = np.flatnonzero((p_value < LEVEL / n_rows) & (ratio < LARGEST_RATIO))
    if context.data.kind == "images":
        found = found[_alike(context.rows[usable[found]], context.rows[nearest[found]])]
    return np.column_stack([usable[found], nearest[found]]), closeness


def chance_of_ratio(ratio, n_neighbors, dimension=None):
    """Probability of a ratio of first to last distance as small, and the dimension.

    The dimension is the one that makes the median of the ratios what it is.
    """
    if dimension is None:
        middle = np.median(ratio)
        if not 0 < middle < 1:
            return np.ones(len(ratio)), np.nan
        dimension = np.log(1 - 0.5 ** (1 / (np.median(n_neighbors) - 1))) / np.log(middle)
    power = np.clip(ratio, 0, 1) ** dimension
    return -np.expm1((n_neighbors - 1) * np.log1p(-np.minimum(power, 1 - 1e-12))), dimension


def _alike(first, second):
    """Whether images show the same, and are not merely of one colour."""
    first = first - first.mean(axis=1, keepdims=True)
    second = second - second.mean(axis=1, keepdims=True)
    norms = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
    return np.einsum("ij,ij->i", first, second) > LEAST_CORRELATION * norms


def n_pairs(keys):
    """Number of pairs of equal keys."""
    counts = np.unique(keys, return_counts=True)[1].astype(float)
    return float((counts * (counts - 1) / 2).sum())


def _differs(groups, codes):
    """Whether the group of each row has different codes."""
    low, high = np.full(groups.max() + 1, np.inf), np.full(groups.max() + 1, -np.inf)
    np.minimum.at(low, groups, codes)
    np.maximum.at(high, groups, codes)
    return (high > low)[groups]


def _another_member(groups):
    """The first row of each row's group, of the first itself the last."""
    rows = np.arange(len(groups))
    first, last = np.full(groups.max() + 1, len(groups)), np.zeros(groups.max() + 1, dtype=int)
    np.minimum.at(first, groups, rows)
    np.maximum.at(last, groups, rows)
    return np.where(first[groups] == rows, last[groups], first[groups])
