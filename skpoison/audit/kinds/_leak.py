"""Columns that alone give the label away."""

import numpy as np
import pandas as pd
from scipy.stats import binomtest, rankdata
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.model_selection import cross_val_predict
from sklearn.tree import DecisionTreeClassifier

from skpoison.audit.kinds._base import BaseKind, count, percent
from skpoison.detectors._cross_fitting import stratified_folds
from skpoison.detectors._standardizer import LARGEST_SINGLE

MOST_ROWS = 5000  # drawn: what nearly all rows show, a part shows too
FEWEST_ROWS = 50
LEAST_RIGHT, SURELY_RIGHT = 0.97, 0.95  # share of rows, and the lower end of its 90 % interval
LEAST_GAIN = 0.9  # share of the errors of always naming the commonest label that go
N_BINS, WORTH_A_TREE = 64, 0.9  # a coarse first look, and the share right that calls for a second
CLOSE_RANK = 0.05  # share of the rows between the rank of a value and that of its target


class Leaks(BaseKind):
    """Columns from which alone the label of nearly all rows can be told.

    A category is answered with the commonest label that it has in the other half of the rows, a
    number by a small tree that was fitted to the other half; a target by the rank of the number; of
    texts, words that nearly all texts of one label have, and no others. Features of a model are no
    columns of the data, and are not looked at.
    """

    name = "leak"
    title = "Columns that give the label away"
    title_of_targets = "Columns that give the target away"
    tasks = ("classification", "regression")
    cost = "linear in the columns; from 5,000 rows on the same"

    def look(self, context):
        if context.n_rows < FEWEST_ROWS:
            return self.not_asked(context, f"there are fewer than {FEWEST_ROWS} rows")
        if context.data.is_classification and len(context.classes) < 2:
            return self.not_asked(context, "there is one label, and none to give away")
        context = context.without_features()
        rows = context.random_state().permutation(context.n_rows)[:MOST_ROWS]
        if context.data.is_regression:
            found = self._of_targets(context, rows)
        elif context.data.kind == "text":
            found = self._of_words(context, rows)
        else:
            found = self._of_labels(context, rows)
        judged = "target" if context.data.is_regression else "label"
        if not found:
            return self.finding(context, False, f"No column alone gives the {judged} away.")
        table = pd.DataFrame(found, columns=["column", "right"])
        table = table.sort_values("right", ascending=False, kind="stable", ignore_index=True)
        first = table.iloc[0]
        others = f", and so {'does' if len(table) == 2 else 'do'} {count(len(table) - 1, 'other')}"
        return self.finding(
            context,
            True,
            f"{first['column']} alone tells the {judged} of {percent(first['right'])} of the rows"
            + (others if len(table) > 1 else "")
            + ".",
            table=table,
            advice="Ask whether it is known before the label is; if not, drop it.",
        )

    def _of_labels(self, context, rows):
        codes = context.codes[rows]
        folds = stratified_folds(codes, 2, context.random_state())
        found = []
        for name, values in columns(context):
            values = values[rows]
            if is_category(values):
                right = _right_by_value(values, codes, folds)
            else:
                right = _right_by_tree(values.astype(np.float64), codes, folds)
            if gives_away(right, codes):
                found.append((name, right.mean()))
        return found

    def _of_words(self, context, rows):
        counter = CountVectorizer(binary=True, token_pattern=r"\w+")
        words = counter.fit_transform([context.data.X[row] for row in rows]).tocsc()
        names, codes, found = counter.get_feature_names_out(), context.codes[rows], []
        sizes = np.bincount(codes, minlength=len(context.classes))
        for code in np.flatnonzero(sizes >= FEWEST_ROWS):
            own = codes == code
            with_word = np.asarray(words[own].sum(axis=0)).ravel()
            total = np.asarray(words.sum(axis=0)).ravel()
            wrong = (total - with_word) + (own.sum() - with_word)
            for word in np.flatnonzero(wrong <= (1 - LEAST_GAIN) * own.sum()):
                present = np.zeros(len(codes), dtype=bool)
                present[words[:, [word]].indices] = True
                if gives_away(present == own, own.astype(int)):
                    found.append((f"the word {names[word]!r}", (present == own).mean()))
        return found

    def _of_targets(self, context, rows):
        found, y = [], context.data.y[rows]
        for name, values in columns(context):
            values = values[rows]
            if is_category(values):
                continue
            known = ~np.isnan(values.astype(np.float64))
            if known.mean() > LEAST_RIGHT and np.ptp(values[known]) > 0:
                right = _right_by_rank(values[known], y[known])
                if (
                    right.mean() >= LEAST_RIGHT
                    and binomtest(int(right.sum()), len(right)).proportion_ci(0.9).low
                    > SURELY_RIGHT
                ):
                    found.append((name, right.mean()))
        return found


def columns(context):
    """Names and values of the columns; of others those of the encoded rows."""
    X = context.data.X
    if context.data.kind == "table":
        for number, name in enumerate(X.columns):
            yield f"column {name!r}", _values(X.iloc[:, number])
        return
    what = "pixel" if context.data.kind == "images" else "column"
    for number in range(context.rows.shape[1]):
        yield f"{what} {number}", context.rows[:, number]


def _values(column):
    """Numbers with NaN for gaps, or texts."""
    if column.dtype.kind in "iufb" or pd.api.types.is_numeric_dtype(column):
        return column.to_numpy(dtype=np.float64, na_value=np.nan)
    if column.dtype.kind == "M":
        times = column.to_numpy(dtype="datetime64[s]")
        return np.where(np.isnat(times), np.nan, times.astype(np.float64))
    return column.astype(str).to_numpy(dtype=object)


def is_category(values):
    """Whether values of a column are texts."""
    return values.dtype == object


def gives_away(right, codes):
    """Whether labels are told so well that the column must hold them."""
    share, n_rows = right.mean(), len(right)
    chance = np.bincount(codes).max() / n_rows
    if share < max(LEAST_RIGHT, 1 - (1 - LEAST_GAIN) * (1 - chance)):
        return False
    return binomtest(int(right.sum()), n_rows).proportion_ci(0.9).low > SURELY_RIGHT


def _right_by_value(values, codes, folds):
    """Rows whose label is the commonest that their value has in the other half."""
    places = pd.factorize(values, use_na_sentinel=False)[0]
    right = np.zeros(len(codes), dtype=bool)
    for fold in (0, 1):
        learnt, asked = folds != fold, folds == fold
        counts = np.zeros((places.max() + 1, codes.max() + 1), dtype=np.int32)
        np.add.at(counts, (places[learnt], codes[learnt]), 1)
        known = counts.any(axis=1)[places[asked]]
        right[asked] = known & (counts.argmax(axis=1)[places[asked]] == codes[asked])
    return right


def _right_by_rank(values, y):
    """Rows whose target ranks among all as their value does, or the other way round."""
    rank, rank_of_target = (rankdata(v) / len(y) for v in (values, y))
    same = np.abs(rank - rank_of_target) < CLOSE_RANK
    other = np.abs(1 - rank - rank_of_target) < CLOSE_RANK
    return max(same, other, key=np.mean)


def _right_by_tree(values, codes, folds):
    """Rows whose label a tree of the other half tells."""
    n_classes = codes.max() + 1
    known = values[~np.isnan(values)]
    if not len(known):
        return np.zeros(len(codes), dtype=bool)
    edges = np.unique(np.quantile(known, np.linspace(0, 1, N_BINS + 1)[1:-1]))
    counts = np.zeros((len(edges) + 1, n_classes), dtype=np.int32)
    np.add.at(counts, (np.searchsorted(edges, values, side="right"), codes), 1)
    if counts.max(axis=1).sum() < WORTH_A_TREE * len(codes):
        return np.zeros(len(codes), dtype=bool)
    if np.abs(known).max() > LARGEST_SINGLE:  # in which trees are grown; they look at order alone
        values = rankdata(values, nan_policy="omit")
    tree = DecisionTreeClassifier(max_leaf_nodes=8 * n_classes, min_samples_leaf=2, random_state=0)
    halves = [np.flatnonzero(folds == fold) for fold in (0, 1)]
    cv = [halves, halves[::-1]]
    told = cross_val_predict(tree, values[:, np.newaxis], codes, cv=cv)
    return told == codes
