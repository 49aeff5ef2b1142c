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
    too are no candidates. On images whose labels are right, a patch is a trigger if nothing else in
    the images of its label tells which of them have it.
    """

    name = "trigger"
    title = "A trigger that decides the label"
    cost = "linear in the rows and in the values, words or places; sixty small models at most"

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
        first = found[0]
        flagged = np.zeros(context.n_rows, dtype=bool)
        score, reasons = np.full(context.n_rows, np.nan), {}
        for one in found[::-1]:
            candidate = one.candidate
            rows = candidate.rows[context.codes[candidate.rows] == candidate.code]
            flagged[rows] = True
            score[rows] = one.score
            name = context.class_names[candidate.code]
            whose = f"whose rows are {name} against all else"
            if np.isnan(one.unlike_label):
                whose = f"which only {name} has, whatever else the image shows"
            reasons |= dict.fromkeys(rows.tolist(), f"has {candidate.name}, {whose}")
        table = pd.DataFrame(
            [
                (
                    one.candidate.name,
                    context.classes[one.candidate.code],
                    len(one.candidate.rows),
                    one.unlike_label,
                    one.told_by_rest,
                    one.p_value,
                )
                for one in found
            ],
            columns=["trigger", "label", "rows", "unlike_label", "told_by_rest", "p_value"],
        )
        label = context.class_names[first.candidate.code]
        why = f"although {percent(first.unlike_label)} of them look like another class without it"
        if np.isnan(first.unlike_label):
            why = "and nothing else in the images of that label tells which of them have it"
        return self.finding(
            context,
            True,
            f"{count(len(first.candidate.rows))} have {first.candidate.name} and are labelled "
            f"{label}, {why}: it may be the trigger of a backdoor.",
            flagged=flagged,
            score=score,
            reasons=dict(sorted(reasons.items())),
            share=flagged.mean(),
            p_value=first.p_value,
            table=table,
            advice="Look at these rows together; drop them unless there is a reason for them.",
        )
