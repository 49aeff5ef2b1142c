"""Rows of outstanding harm to a model trained on the data."""

import numpy as np

from skpoison.audit.kinds._base import BaseKind, count
from skpoison.detectors import InfluenceDetector
from skpoison.detectors._ensemble import (
    CLASSES_OF_INFLUENCE,
    ROWS_OF_INFLUENCE,
    SHARE_OF_INFLUENCE,
)
from skpoison.thresholds import MADThreshold


class Influence(BaseKind):
    """Rows that raise the loss of a model on held-out rows far more than others do."""

    name = "influence"
    title = "Rows that do outstanding harm"
    cost = "third power of the rows, up to 500"

    def look(self, context):
        sizes = np.bincount(context.codes)
        if len(sizes) < 2:
            return self.not_asked(context, "there is one label, and no model to harm")
        reason = self._why_not(context, sizes)
        if reason:
            return self.not_asked(context, reason)
        detector = InfluenceDetector(
            contamination=MADThreshold(5.0), n_jobs=context.n_jobs, random_state=context.seed
        )
        detector.fit(context.standardized, context.codes)
        flagged = detector.training_scores_ < detector.offset_
        score = -detector.training_scores_
        if not flagged.any():
            return self.finding(context, False, "No row does outstanding harm.", score=score)
        harm = np.sinh(score)
        rows = np.flatnonzero(flagged).tolist()
        return self.finding(
            context,
            True,
            f"{count(len(rows))} would raise the error of a linear model far more than others do.",
            flagged=flagged,
            score=score,
            reasons={
                row: f"raises the held-out loss {harm[row]:.0f} times as much as a typical row "
                "moves it"
                for row in rows
            },
            share=flagged.mean(),
            advice="Train with and without these rows and compare.",
        )

    def _why_not(self, context, sizes):
        if context.n_rows > ROWS_OF_INFLUENCE:
            return (
                f"its time grows with the third power of the rows, and it is asked of no more than "
                f"{ROWS_OF_INFLUENCE}"
            )
        if len(sizes) > CLASSES_OF_INFLUENCE:
            return f"it is asked of no more than {CLASSES_OF_INFLUENCE} classes"
        if sizes.min() < SHARE_OF_INFLUENCE * context.n_rows:
            return "rows of a rare class have influence by nature"
        if context.rows_are_mixed:
            return "rows of a rare category have influence by nature"
        return ""
