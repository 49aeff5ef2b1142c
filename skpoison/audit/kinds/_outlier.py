"""Rows far from their class."""

import numpy as np
from scipy.stats import binomtest

from skpoison.audit._tail_gap import rows_beyond_gap
from skpoison.audit._word_order import judge_word_order
from skpoison.audit.kinds._base import BaseKind, are, count, percent
from skpoison.detectors import CentroidDetector
from skpoison.detectors._ensemble import FAR_OUT

N_COLUMNS = 3  # named in a reason
LEVEL = 0.9  # of the interval
ADVICE = "Look whether these rows belong into the data at all."


class Outliers(BaseKind):
    """Rows far from the centroid of the class they claim, beyond a gap that no tail explains.

    Images are far too where their distances show a second component.
    Texts are far from all classes where their words follow each other as by chance. Tables with
    categories or gaps are not judged: a rare category is far out by nature.
    """

    name = "outlier"
    title = "Rows far from their class"
    title_of_targets = "Rows far from the others"
    tasks = ("classification", "regression", "multilabel")
    cost = "linear in the rows"

    def look(self, context):
        if context.rows_are_mixed:
            return self.not_asked(
                context, "among categories and gaps the rare ones are far out by nature"
            )
        has_classes = not context.data.is_regression
        nothing = f"No group of rows lies far from {'its class' if has_classes else 'the others'}."
        if context.data.kind == "text":
            order = judge_word_order(context.data.X, context.random_state())
            if order.flagged.any():
                return self._without_order(context, order)
            if context.data.features is None:  # words of texts are rare by nature
                common = {"score": order.score, "interval": order.interval}
                return self.finding(context, False, nothing, **common)
        detector = CentroidDetector(standardize=True, contamination=FAR_OUT)
        detector.fit(context.rows, context.codes)
        distance = -detector.training_scores_
        n_rows = rows_beyond_gap(distance)
        low, high = binomtest(n_rows, context.n_rows).proportion_ci(LEVEL)
        share, flagged = n_rows / context.n_rows, distance > np.sort(distance)[-n_rows - 1]
        if not n_rows and context.data.kind == "images":  # distances of pixels have no long tails
            flagged = distance > -detector.offset_
            share, (low, high) = detector.contamination_, detector.contamination_interval_
        rows = np.flatnonzero(flagged)
        common = {"score": distance, "share": share, "interval": (low, high)}
        if not len(rows):
            return self.finding(context, False, nothing, **common)
        typical, own = np.median(distance), "its class" if has_classes else "all"
        return self.finding(
            context,
            True,
            f"{count(len(rows))} {are(len(rows))} far from the other rows"
            f"{' of the class' if has_classes else ''} ({percent(low)} to {percent(high)} of all).",
            flagged=flagged,
            reasons={
                row: f"{distance[row] / typical:.1f} times as far from the mean of {own} as "
                "rows are" + self._where(context, row)
                for row in rows.tolist()
            },
            advice=ADVICE,
            **common,
        )

    def _without_order(self, context, order):
        rows, (low, high) = np.flatnonzero(order.flagged).tolist(), order.interval
        return self.finding(
            context,
            True,
            f"{count(len(rows), 'text')} {are(len(rows))} of words in an order that says nothing "
            f"({percent(low)} to {percent(high)} of all).",
            flagged=order.flagged,
            reasons=dict.fromkeys(rows, "its words follow each other as by chance"),
            score=order.score,
            share=order.share,
            interval=order.interval,
            advice=ADVICE,
        )

    def _where(self, context, row):
        """The columns that are farthest out, of tables."""
        if context.data.kind != "table" or context.data.features is not None:
            return ""
        own = context.standardized[context.codes == context.codes[row]].mean(axis=0)
        away = np.abs(context.standardized[row] - own)
        columns = np.argsort(-away)[:N_COLUMNS]
        columns = [str(context.data.X.columns[column]) for column in columns if away[column] > 1]
        return f", above all in {', '.join(columns)}" if columns else ""
