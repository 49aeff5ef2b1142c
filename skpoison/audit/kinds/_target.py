"""Wrong targets of a regression."""

import numpy as np

from skpoison.audit.kinds._base import BaseKind, are, count, percent


class WrongTargets(BaseKind):
    """Targets far from the prediction of a model that has not learnt them.

    Residuals in units of their expected size are a mixture of right and wrong targets by a
    likelihood ratio test, or nothing is flagged.
    """

    name = "target"
    title = "Wrong targets"
    tasks = ("regression",)
    cost = "linear in the rows"

    def look(self, context):
        judgement = context.judgement
        flagged = np.flatnonzero(judgement.flagged).tolist()
        low, high = judgement.interval
        common = {
            "score": judgement.score,
            "share": judgement.share,
            "interval": judgement.interval,
            "suggested_label": judgement.likelier,
            "probability": judgement.probability,
        }
        if not flagged:
            return self.finding(context, False, "No sign of wrong targets.", **common)
        times = np.expm1(judgement.score)
        return self.finding(
            context,
            True,
            f"About {percent(judgement.share)} of the targets are wrong ({percent(low)} to "
            f"{percent(high)}): {count(len(flagged))} {are(len(flagged))} flagged.",
            flagged=judgement.flagged,
            reasons={
                row: f"{context.data.y[row]:.4g} where {judgement.likelier[row]:.4g} is expected, "
                f"{times[row]:.1f} times the usual distance"
                for row in flagged
            },
            advice="Look for slips of the decimal point, other units and mixed-up rows.",
            **common,
        )
