"""A shared trigger: a backdoor."""

import numpy as np
import pandas as pd

from skpoison.audit.kinds._base import BaseKind, count, percent
from skpoison.detectors._trigger_search import search_triggers


class Triggers(BaseKind):
    """A value, a word or a patch whose rows carry a label that nothing else about them explains.

    Candidates are values of columns and pairs of them, words and pairs of words, and small patches
    of equal pixels, that go with one label far beyond chance (hypergeometric test, corrected for
    all that were seen). Informative ones do so too. The sign of a trigger is that a model that was
    fitted to the rows without it, and is shown the rows with it as they are without it, takes
    them for rows of other classes, and not for doubtful ones. The share that it takes so is
    estimated by maximum likelihood, between the scores of rows that carry the label and of rows
    that do not, and tested against a half. Numbers whose neighbours on the scale go with the label
    too are no candidates.
    """

    name = "trigger"
    title = "A trigger that decides the label"
    cost = "linear in the rows and in the values, words or places; twenty small models"

    def look(self, context):
        if len(context.classes) < 2:
            return self.not_asked(context, "there is one label, which nothing decides")
        nothing = "Nothing decides the label against everything else about the rows."
        found, least = search_triggers(context)
        if least is None:
            return self.finding(context, False, nothing)
        if not found:
            return self.finding(context, False, nothing, p_value=least)
        return self._describe(context, found)

    def _describe(self, context, found):
        candidate, share, p_value = found[0]
        flagged = np.zeros(context.n_rows, dtype=bool)
        score, reasons = np.full(context.n_rows, np.nan), {}
        for other, other_share, _ in found[::-1]:
            rows = other.rows[context.codes[other.rows] == other.code]
            flagged[rows] = True
            score[rows] = other_share
            name = context.class_names[other.code]
            reasons |= dict.fromkeys(
                rows.tolist(), f"has {other.name}, whose rows are {name} against all else"
            )
        table = pd.DataFrame(
            [(c.name, context.classes[c.code], len(c.rows), s, p) for c, s, p in found],
            columns=["trigger", "label", "rows", "unlike_label", "p_value"],
        )
        return self.finding(
            context,
            True,
            f"{count(len(candidate.rows))} have {candidate.name} and are labelled "
            f"{context.class_names[candidate.code]}, although {percent(share)} of them look like "
            "another class without it: it may be the trigger of a backdoor.",
            flagged=flagged,
            score=score,
            reasons=dict(sorted(reasons.items())),
            share=flagged.mean(),
            p_value=p_value,
            table=table,
            advice="Look at these rows together; drop them unless there is a reason for them.",
        )
