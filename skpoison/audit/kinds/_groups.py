"""Annotators, sources or dates with more wrong labels than the rest."""

import numpy as np
import pandas as pd
from scipy.special import softmax
from scipy.stats import binomtest, chi2, fisher_exact

from skpoison.audit.kinds._base import BaseKind, are, count, percent
from skpoison.thresholds._noise_likelihood import profile_interval

LEVEL, LEVEL_OF_INTERVAL = 0.01, 0.9
SHARES = np.linspace(0, 0.5, 201)  # of wrong labels
MOST_GROUPS, N_BINS = 50, 10  # numbers and dates of more values are cut into bins


class Groups(BaseKind):
    """Groups in which more labels are wrong than in the rest.

    Labels by the likelihood ratio test of a share of wrong labels of the group's own, given the
    out-of-sample probabilities of the labels: it sees more than the rows that are surely wrong, and
    rows that are hard to tell count less against their group. Its intervals are those of the
    profile likelihood. Targets and tags by Fisher's exact test of the flagged rows, with
    Clopper-Pearson intervals. The p-values are corrected by Holm's method.
    """

    name = "groups"
    title = "Groups with more wrong labels"
    title_of_targets = "Groups with more wrong targets"
    tasks = ("classification", "regression", "multilabel")
    needs = "groups"
    cost = "that of the wrong labels"

    def look(self, context):
        groups = self._group_values(context.data.groups)
        names, place = np.unique(groups, return_inverse=True)
        if len(names) < 2:
            return self.not_asked(context, "there is one group, and nothing to compare it with")
        if context.data.is_classification and len(context.classes) < 2:
            return self.not_asked(context, "there is one label, and none to tell it from")
        wrong = context.judgement.flagged
        judged = "targets" if context.data.is_regression else "labels"
        likelihoods = share_likelihoods(context) if context.data.is_classification else None
        lines = []
        for number, name in enumerate(names.tolist()):
            own = place == number
            rows, bad = np.count_nonzero(own), np.count_nonzero(wrong & own)
            test = by_counts(wrong, own) if likelihoods is None else by_shares(likelihoods, own)
            lines.append((name, rows, bad, *test))
        table = pd.DataFrame(
            lines, columns=["group", "rows", "wrong", "share", "low", "high", "p_value"]
        ).sort_values("p_value", kind="stable", ignore_index=True)
        table["p_value"] = holm(table["p_value"].to_numpy())
        worse = table[table["p_value"] < LEVEL]
        if worse.empty:
            return self.finding(
                context,
                False,
                f"None of the {len(names)} groups has more wrong {judged} than the rest.",
                table=table,
                p_value=float(table["p_value"].min()),
            )
        first = worse.iloc[0]
        return self.finding(
            context,
            True,
            f"{count(len(worse), 'group')} of {len(names)} {are(len(worse))} worse than the rest. "
            f"In {first['group']!r}, about {percent(first['share'])} of the {judged} are wrong "
            f"({percent(first['low'])} to {percent(first['high'])}); {first['wrong']} of its rows "
            f"are flagged, {percent(wrong.mean())} of all.",
            table=table,
            p_value=float(first["p_value"]),
            advice=f"Check the rows of these groups first, and how they came to their {judged}.",
        )

    def _group_values(self, groups):
        values = pd.Series(np.asarray(groups).ravel())
        if values.dtype.kind in "iufM" and values.nunique() > MOST_GROUPS:
            values = pd.qcut(values, N_BINS, duplicates="drop")
        return values.astype(str).to_numpy(dtype=str)


def by_counts(wrong, own):
    """Share of flagged rows in a group, its interval, and Fisher's test against the rest."""
    rows, bad = np.count_nonzero(own), np.count_nonzero(wrong & own)
    interval = binomtest(bad, rows).proportion_ci(LEVEL_OF_INTERVAL)
    rest_bad = np.count_nonzero(wrong) - bad
    counts = [[bad, rows - bad], [rest_bad, len(wrong) - rows - rest_bad]]
    p_value = fisher_exact(counts, "greater").pvalue
    return bad / rows, interval.low, interval.high, p_value


def share_likelihoods(context):
    """Log-likelihood of each label at each share of `SHARES`: (n_samples, n_shares)."""
    detector = context.judgement.detector
    rule, scores = detector.fitted_threshold_, detector.training_class_scores_
    probability = softmax(-rule.temperature_ * scores, axis=1)
    right = probability[np.arange(len(scores)), context.codes]
    wrong = (1 - right) / (scores.shape[1] - 1)
    return np.log(np.maximum(np.outer(right, 1 - SHARES) + np.outer(wrong, SHARES), 1e-300))


def by_shares(likelihoods, own):
    """Share of wrong labels in a group, its interval, and the test against that of the rest."""
    group, rest = likelihoods[own].sum(axis=0), likelihoods[~own].sum(axis=0)
    low, high = profile_interval(SHARES, group, LEVEL_OF_INTERVAL)
    share = SHARES[group.argmax()]
    if share <= SHARES[rest.argmax()]:
        return share, low, high, 1.0
    gain = group.max() + rest.max() - (group + rest).max()
    return share, low, high, chi2.sf(2 * gain, 1) / 2


def holm(p_values):
    """Holm's correction of sorted p-values."""
    factors = np.arange(len(p_values), 0, -1)
    return np.minimum(np.maximum.accumulate(p_values * factors), 1.0)
