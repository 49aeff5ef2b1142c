"""Wrong tags of a multi-label set."""

import numpy as np

from skpoison.audit.kinds._base import BaseKind, are, count, percent


class WrongTags(BaseKind):
    """Tags that should be there and are not, or the other way round, one share a tag."""

    name = "tags"
    title = "Wrong tags"
    tasks = ("multilabel",)
    cost = "that of the wrong labels, for each tag"

    def look(self, context):
        judgement, tags = context.judgement, np.asarray(context.data.y)
        names = context.data.tag_names
        wrong = judgement.likelier != tags
        common = {
            "score": judgement.score,
            "share": judgement.share,
            "interval": judgement.interval,
            "table": judgement.table,
            "suggested_label": judgement.likelier,
            "probability": judgement.probability,
        }
        if not wrong.any():
            return self.finding(context, False, "No sign of wrong tags.", **common)
        flagged = np.flatnonzero(judgement.flagged).tolist()
        worst = judgement.table.sort_values("share").iloc[-1]
        n_tags = int((judgement.table["flagged"] > 0).sum())
        return self.finding(
            context,
            True,
            f"{count(len(flagged))} {are(len(flagged))} flagged for {count(n_tags, 'tag')}. Most "
            f"are wrong of tag {worst['tag']}: {percent(worst['share'])} "
            f"({percent(worst['low'])} to {percent(worst['high'])}).",
            flagged=judgement.flagged,
            reasons={
                row: "; ".join(
                    f"tag {names[tag]} should be {'off' if tags[row, tag] else 'on'} "
                    f"(p = {judgement.likelier_probability[row, tag]:.2f})"
                    for tag in np.flatnonzero(wrong[row])
                )
                for row in flagged
            },
            advice="Look at the flagged rows, tag by tag.",
            **common,
        )
