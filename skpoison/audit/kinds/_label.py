"""Wrong labels."""

import numpy as np

from skpoison.audit.kinds._base import BaseKind, are, count, percent

N_NEIGHBORS = 5


class WrongLabels(BaseKind):
    """Rows whose labels are contradicted by learners that have not learnt them."""

    name = "label"
    title = "Wrong labels"
    cost = "linear in the rows"

    def look(self, context):
        if len(context.classes) < 2:
            return self.not_asked(context, "there is one label, and none to tell it from")
        judgement = context.judgement
        flagged = np.flatnonzero(judgement.flagged)
        common = {
            "score": judgement.score,
            "share": judgement.share,
            "interval": judgement.interval,
            "suggested_label": judgement.likelier,
            "probability": judgement.probability,
        }
        low, high = judgement.interval
        if not len(flagged):
            limit = f": at most {percent(high)} of them can be" if high < 0.5 else ""
            return self.finding(context, False, f"No sign of wrong labels{limit}.", **common)
        return self.finding(
            context,
            True,
            f"About {percent(judgement.share)} of the labels are wrong ({percent(low)} to "
            f"{percent(high)}): {count(len(flagged))} {are(len(flagged))} flagged.",
            flagged=judgement.flagged,
            reasons=dict(zip(flagged.tolist(), self._reasons(context, flagged), strict=True)),
            advice="Look at the flagged rows, mend the labels or drop the rows.",
            **common,
        )

    def _reasons(self, context, flagged):
        judgement = context.judgement
        nearest = context.data.y[context.nearest(flagged, N_NEIGHBORS)]
        for row, neighbors in zip(flagged, nearest, strict=True):
            likelier = judgement.likelier[row]
            agreeing = np.count_nonzero(neighbors == likelier)
            reason = f"looks like {_plain(likelier)!r} (p = {_short(judgement, row)})"
            if agreeing:
                reason += f"; {agreeing} of {len(neighbors)} neighbours agree"
            yield reason


def _plain(label):
    return label.item() if hasattr(label, "item") else label


def _short(judgement, row):
    return f"{min(judgement.likelier_probability[row], 0.999):.3f}".removeprefix("0")
