"""Pairs of labels that are confused in one direction: a targeted flip."""

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from skpoison.audit.kinds._base import BaseKind, percent
from skpoison.utils._labels import codes_of

LEVEL = 0.01
LEAST_FLIPS = 5
LEAST_RATIO = 3.0  # to what a confusion in both directions would give; overlap is a little lopsided


class ConfusedPairs(BaseKind):
    """Labels that rows of one class carry, but not the other way round.

    The rows of a pair of classes that are flagged as wrong labels (where none are, those that
    learners take for the other class which have not learnt them) follow a binomial distribution
    where classes merely look alike: as many in each direction as there are rows of the class that
    would be seen if they had the other label. The p-values of all pairs are corrected by
    Bonferroni's method.
    """

    name = "confused-pairs"
    title = "Labels flipped in one direction"
    cost = "that of the wrong labels"

    def look(self, context):
        n_classes = len(context.classes)
        if n_classes < 2:
            return self.not_asked(context, "there is one label, and no pair to confuse")
        judgement = context.judgement
        scores = judgement.detector.training_class_scores_
        likelier, wrong = codes_of(judgement.likelier, context.classes), judgement.flagged
        rule = judgement.detector.fitted_threshold_
        if not wrong.any():  # a flip of many rows of a class passes for overlap
            likelier = scores.argmin(axis=1)
            wrong = likelier != context.codes
        flips = np.zeros((n_classes, n_classes), dtype=int)
        np.add.at(flips, (likelier[wrong], context.codes[wrong]), 1)

        def n_visible(true, given):
            """Rows of one label that would be seen here, had they the other one."""
            own = scores[(context.codes == true) & ~wrong]
            if rule.noise_ != "uniform":
                return np.count_nonzero(own.argmin(axis=1) == true)
            anomaly = rule.anomaly_scores(own, np.full(len(own), given))
            return np.count_nonzero(anomaly > rule.threshold_)

        n_tests = n_classes * (n_classes - 1)
        lines, flagged = [], np.zeros(context.n_rows, dtype=bool)
        for true, given in zip(*np.nonzero(flips >= LEAST_FLIPS), strict=True):
            there, back = int(flips[true, given]), int(flips[given, true])
            seen, seen_back = n_visible(true, given), n_visible(given, true)
            chance = (seen + 1) / (seen + seen_back + 2)
            p_value = n_tests * binomtest(there, there + back, chance, "greater").pvalue
            ratio = there * (1 - chance) / max(back * chance, 0.5)
            if p_value < LEVEL and ratio >= LEAST_RATIO:
                flagged |= wrong & (likelier == true) & (context.codes == given)
                lines.append((true, given, there, back, there / (seen + there), p_value))
        if not lines:
            return self.finding(context, False, "No pair of labels is confused in one direction.")
        lines.sort(key=lambda line: line[-1])
        names = context.class_names
        true, given, there, _, share, p_value = lines[0]
        table = pd.DataFrame(
            lines, columns=["suggested_label", "label", "rows", "rows_back", "share", "p_value"]
        )
        table[["suggested_label", "label"]] = context.classes[table[["suggested_label", "label"]]]
        return self.finding(
            context,
            True,
            f"{there:,} rows that look like {names[true]} are labelled {names[given]} "
            f"({percent(share)} of the class), and hardly any the other way round"
            + (f"; {len(lines)} such pairs in all." if len(lines) > 1 else "."),
            flagged=flagged,
            score=np.where(flagged, judgement.score, np.nan),
            reasons={
                row: f"one of the rows that look like {names[likelier[row]]} and are labelled "
                f"{names[context.codes[row]]}"
                for row in np.flatnonzero(flagged).tolist()
            },
            share=flagged.mean(),
            p_value=p_value,
            table=table,
            advice="Ask who labelled these rows: confusion in one direction is seldom an accident.",
        )
