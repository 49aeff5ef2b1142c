"""Labels that follow the position in the file."""

import numpy as np
import pandas as pd
from scipy.stats import chi2_contingency, norm, spearmanr

from skpoison.audit.kinds._base import BaseKind, percent

LEVEL = 0.001
FEWEST_ROWS = 50
MOST_STRETCHES, ROWS_OF_A_STRETCH = 20, 25
LEAST_ASSOCIATION = 0.1  # Cramer's V or Spearman's rho
FEWEST_WRONG = 6
LONG_RUN, MOST_STRAY = 4, 0.1  # rows; share of them in shorter runs of a sorted file
RUNS_OF_A_CLASS = 3  # as many stretches a class: sorted files one after another


class Order(BaseKind):
    """Labels, or wrong labels, that depend on where in the file a row stands.

    Equal labels that follow each other more often than a random order lets them (a runs test by
    the permutation mean and variance), and labels whose shares differ between stretches of the
    file (chi-squared). A file that is sorted by label is told apart: it is common and harmless.
    Flagged labels that gather in a stretch are looked for as well.
    """

    name = "order"
    title = "Labels that follow the order of the rows"
    title_of_targets = "Targets that follow the order of the rows"
    tasks = ("classification", "regression")
    cost = "linear in the rows"

    def look(self, context):
        if context.n_rows < FEWEST_ROWS:
            return self.not_asked(context, f"there are fewer than {FEWEST_ROWS} rows")
        if context.data.is_regression:
            return self._of_targets(context)
        if len(context.classes) < 2:
            return self.not_asked(context, "there is one label, which follows nothing")
        starts, labels = long_runs(context.codes)
        n_runs, n_classes = len(starts), len(context.classes)
        wrong = self._where_wrong_labels_gather(context)
        if n_runs and n_runs == len(np.unique(labels)):
            return wrong or self.finding(
                context,
                False,
                "The file is sorted by label, which is common and harmless: shuffle it before you "
                "split it by position.",
            )
        if 0 < n_runs <= min(RUNS_OF_A_CLASS * n_classes, context.n_rows / 10):
            return wrong or self.finding(
                context,
                True,
                f"The file holds {n_runs} stretches of one label each, for {n_classes} classes: "
                "sorted files seem to have been put one after another.",
                table=pd.DataFrame({"first": starts, "label": context.classes[labels]}),
                advice="Find out which sources were joined, and give them as groups.",
            )
        if wrong:
            return wrong
        p_runs = runs_p_value(context.codes)
        table, p_shares, association = self._stretches(context.codes, n_classes)
        p_value = min(1.0, 2 * min(p_runs, p_shares))
        if p_value > LEVEL or (association < LEAST_ASSOCIATION and p_runs > LEVEL / 2):
            return self.finding(
                context, False, "Labels do not follow the order of the rows.", p_value=p_value
            )
        table.columns = ["first", "last", *context.classes.tolist()]
        shares = table.iloc[:, 2:].to_numpy()
        label = int(np.ptp(shares, axis=0).argmax())
        low, high = shares[:, label].min(), shares[:, label].max()
        return self.finding(
            context,
            True,
            f"Labels follow the order of the rows: {context.class_names[label]} makes up "
            f"{percent(low)} of the rows in one stretch of the file and {percent(high)} in "
            "another.",
            p_value=p_value,
            table=table,
            advice="Shuffle before you split, and ask whether sources were joined or labels "
            "drifted.",
        )

    def _of_targets(self, context):
        if np.ptp(context.data.y) == 0:
            return self.not_asked(context, "there is one target, which follows nothing")
        rho, p_value = spearmanr(np.arange(context.n_rows), context.data.y)
        if p_value > LEVEL or abs(rho) < LEAST_ASSOCIATION:
            return self.finding(
                context, False, "Targets do not follow the order of the rows.", p_value=p_value
            )
        if abs(rho) > 1 - 1e-9:
            return self.finding(
                context, False, "The file is sorted by target, which is common and harmless."
            )
        return self.finding(
            context,
            True,
            f"Targets {'rise' if rho > 0 else 'fall'} with the position in the file (Spearman's "
            f"rho = {rho:.2f}).",
            p_value=p_value,
            advice="Shuffle before you split, and ask whether the target drifted.",
        )

    def _where_wrong_labels_gather(self, context):
        """A finding, where flagged labels gather in a stretch beyond what the labels explain."""
        flagged = context.judgement.flagged
        if flagged.sum() < FEWEST_WRONG:
            return None
        stretch = stretches(context.n_rows)
        expected = np.bincount(context.codes, weights=flagged) / np.bincount(context.codes)
        expected = np.bincount(stretch, weights=expected[context.codes])
        seen, sizes = np.bincount(stretch, weights=flagged), np.bincount(stretch)
        spread = np.sqrt(np.maximum(expected * (1 - expected / sizes), 0.5))
        surplus = (seen - expected) / spread
        p_value = min(1.0, len(sizes) * norm.sf(surplus.max()))
        worst = int(surplus.argmax())
        if p_value > LEVEL or seen[worst] < 2 * expected[worst]:
            return None
        ends = np.flatnonzero(stretch == worst)[[0, -1]]
        starts = np.cumsum(sizes) - sizes
        table = pd.DataFrame(
            {"first": starts, "last": starts + sizes - 1, "wrong": seen.astype(int)}
        )
        first, last = context.data.index[ends]
        return self.finding(
            context,
            True,
            f"Wrong labels gather in a stretch: {percent(seen[worst] / sizes[worst])} "
            f"of the rows {first} to {last} are flagged, {percent(flagged.mean())} in all.",
            p_value=p_value,
            table=table,
            advice="Find out where this stretch comes from.",
        )

    def _stretches(self, codes, n_classes):
        """Shares of the labels in each stretch, the p-value of the test, and Cramer's V."""
        stretch = stretches(len(codes))
        counts = np.zeros((stretch[-1] + 1, n_classes))
        np.add.at(counts, (stretch, codes), 1)
        test = chi2_contingency(counts, correction=False)
        association = np.sqrt(test.statistic / len(codes) / (min(counts.shape) - 1))
        sizes = counts.sum(axis=1)
        starts = np.cumsum(sizes) - sizes
        shares = counts / sizes[:, np.newaxis]
        table = pd.DataFrame(np.column_stack([starts, starts + sizes - 1, shares]))
        return table.astype({0: int, 1: int}), float(test.pvalue), float(association)


def long_runs(codes):
    """Starts and codes of the runs of a file that is sorted but for stray rows; none of others."""
    starts = np.flatnonzero(np.append(True, np.diff(codes) != 0))
    lengths = np.diff(np.append(starts, len(codes)))
    is_long = lengths >= LONG_RUN
    if lengths[~is_long].sum() > MOST_STRAY * len(codes):
        return starts[:0], codes[:0]
    starts = starts[is_long]
    first = np.append(True, np.diff(codes[starts]) != 0)  # strays split runs of one label
    return starts[first], codes[starts[first]]


def stretches(n_rows):
    """The stretch of the file that each row lies in."""
    n_stretches = int(np.clip(n_rows // ROWS_OF_A_STRETCH, 2, MOST_STRETCHES))
    return np.arange(n_rows) * n_stretches // n_rows


def runs_p_value(codes):
    """Probability of so few runs of equal labels in a random order of them.

    Mean and variance of the number of runs under permutation are those of Wallis and Roberts.
    """
    n = len(codes)
    counts = np.bincount(codes).astype(float)
    squares, cubes = (counts**2).sum(), (counts**3).sum()
    mean = (n * (n + 1) - squares) / n
    variance = squares * (squares + n * (n + 1)) - 2 * n * cubes - n**3
    variance /= n**2 * (n - 1)
    n_runs = 1 + np.count_nonzero(np.diff(codes))
    return float(norm.cdf((n_runs + 0.5 - mean) / np.sqrt(max(variance, 1e-12))))
