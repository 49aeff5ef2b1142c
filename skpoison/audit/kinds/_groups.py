"""Annotators, sources or dates with more wrong labels than the rest."""

import numpy as np
import pandas as pd
from scipy.stats import binomtest, fisher_exact

from skpoison.audit.kinds._base import BaseKind, are, count, percent

LEVEL = 0.01
MOST_GROUPS, N_BINS = 50, 10  # numbers and dates of more values are cut into bins


class Groups(BaseKind):
    """Groups in which more labels are wrong than in the rest, by Fisher's exact test.

    Shares have Clopper-Pearson intervals, p-values are corrected by Holm's method.
    """

    name = "groups"
    title = "Groups with more wrong labels"
    tasks = ("classification", "regression", "multilabel")
    needs = "groups"
    cost = "that of the wrong labels"

    def look(self, context):
        groups = self._group_values(context.data.groups)
        names, place = np.unique(groups, return_inverse=True)
        if len(names) < 2:
            return self.not_asked(context, "there is one group, and nothing to compare it with")
        if context.data.task == "classification" and len(context.classes) < 2:
            return self.not_asked(context, "there is one label, and none to tell it from")
        wrong = context.judgement.flagged
        n_rows, n_wrong = np.bincount(place), np.bincount(place, weights=wrong).astype(int)
        lines = []
        for name, rows, bad in zip(names.tolist(), n_rows, n_wrong, strict=True):
            interval = binomtest(bad, rows).proportion_ci(0.9)
            rest_bad, rest = wrong.sum() - bad, len(wrong) - rows
            counts = [[bad, rows - bad], [rest_bad, rest - rest_bad]]
            p_value = fisher_exact(counts, "greater").pvalue
            lines.append((name, rows, bad, bad / rows, interval.low, interval.high, p_value))
        table = pd.DataFrame(
            lines, columns=["group", "rows", "wrong", "share", "low", "high", "p_value"]
        ).sort_values("p_value", kind="stable", ignore_index=True)
        table["p_value"] = holm(table["p_value"].to_numpy())
        worse = table[table["p_value"] < LEVEL]
        if worse.empty:
            return self.finding(
                context,
                False,
                f"None of the {len(names)} groups has more wrong labels than the rest.",
                table=table,
                p_value=float(table["p_value"].min()),
            )
        first = worse.iloc[0]
        return self.finding(
            context,
            True,
            f"{count(len(worse), 'group')} of {len(names)} {are(len(worse))} worse than the rest. "
            f"In {first['group']!r}, {percent(first['share'])} of the labels are flagged as wrong "
            f"({percent(first['low'])} to {percent(first['high'])}), "
            f"{percent(wrong.mean())} in all.",
            table=table,
            p_value=float(first["p_value"]),
            advice="Check the rows of these groups first, and how they came to their labels.",
        )

    def _group_values(self, groups):
        values = pd.Series(np.asarray(groups).ravel())
        if values.dtype.kind in "iufM" and values.nunique() > MOST_GROUPS:
            values = pd.qcut(values, N_BINS, duplicates="drop")
        return values.astype(str).to_numpy(dtype=str)


def holm(p_values):
    """Holm's correction of sorted p-values."""
    factors = np.arange(len(p_values), 0, -1)
    return np.minimum(np.maximum.accumulate(p_values * factors), 1.0)
