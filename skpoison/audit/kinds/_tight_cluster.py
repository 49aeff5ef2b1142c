"""Rows that gather more tightly than their class."""

import numpy as np

from skpoison.audit.kinds._base import BaseKind, are, count, percent
from skpoison.thresholds import SecondComponentThreshold

FEWEST_ROWS = 6
RANK = 5  # of the neighbour whose distance is measured
LARGEST_RATIO = 0.5  # of that distance to the class's median one
TIGHTEST_CLASS = 0.5  # of its median distance to that of all rows: half of it may be poison
MOST_EQUAL = 0.05  # share of rows that equal their neighbours, where distances say nothing


class TightClusters(BaseKind):
    """Rows made by one process: far closer to each other than rows of their class are.

    The distance to the fifth nearest row, in units of the median one of the class, shows a second
    component of small distances, or nothing is flagged.
    """

    name = "tight-cluster"
    title = "Rows that gather tightly"
    cost = "quadratic in the rows (left out above 100,000)"

    def look(self, context):
        if context.rows_are_mixed:
            return self.not_asked(context, "rows of equal categories gather by nature")
        if context.neighbors is None:
            return self.not_asked(context, "there are too many rows to compare")
        if context.n_rows <= 2 * FEWEST_ROWS:
            return self.not_asked(context, "there are too few rows")
        distances = context.neighbors[0]
        distance = distances[:, min(RANK, distances.shape[1]) - 1]
        if np.mean(distance == 0) > MOST_EQUAL:
            return self.not_asked(context, "many rows are equal")
        medians = np.array(
            [np.median(distance[context.codes == code]) for code in range(len(context.classes))]
        )
        medians = np.maximum(medians, max(TIGHTEST_CLASS * np.median(distance), 1e-300))
        ratio = distance / medians[context.codes]
        score = -np.log(np.maximum(ratio, 1e-3))
        rule = SecondComponentThreshold().fit(score)
        flagged = (score > rule.threshold_) & (ratio < LARGEST_RATIO)
        flagged &= flagged[context.neighbors[1][:, :RANK]].mean(axis=1) > 0.5
        rows = np.flatnonzero(flagged).tolist()
        common = {"score": score, "interval": rule.contamination_interval_}
        if len(rows) < FEWEST_ROWS:
            return self.finding(
                context, False, "No rows gather more tightly than their class.", **common
            )
        counts = np.bincount(context.codes[flagged], minlength=len(context.classes))
        main = int(counts.argmax())
        return self.finding(
            context,
            True,
            f"{count(len(rows))} ({percent(len(rows) / context.n_rows)}) {are(len(rows))} far "
            f"closer to each other than rows of their class: {counts[main]:,} of them are labelled "
            f"{context.class_names[main]}.",
            flagged=flagged,
            reasons={
                row: f"its nearest rows are {percent(ratio[row])} as far away as those of its "
                "class are"
                for row in rows
            },
            share=rule.contamination_,
            advice="Ask where these rows come from: one process may have made them all.",
            **common,
        )
