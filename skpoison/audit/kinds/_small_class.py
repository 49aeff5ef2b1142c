"""Classes with fewer rows than can be judged, and labels that are spelt in several ways."""

import numpy as np
import pandas as pd

from skpoison.audit.kinds._base import BaseKind, count

FEWEST_ROWS = 10  # two for each of five folds


class SmallClasses(BaseKind):
    """Classes of fewer than ten rows; labels that differ in case and spaces alone."""

    name = "small-class"
    title = "Classes too small to judge"
    cost = "linear in the rows"

    def look(self, context):
        sizes = np.bincount(context.codes)
        small = np.flatnonzero(sizes < FEWEST_ROWS)
        spellings = self._spellings(context.classes)
        sentences = []
        if len(small):
            single = np.count_nonzero(sizes == 1)
            sentences.append(
                f"{count(len(small), 'class')} of {len(sizes)} "
                f"{'has' if len(small) == 1 else 'have'} fewer than {FEWEST_ROWS} rows"
                + (f", {single} of them a single one" if single else "")
                + ": wrong labels in them are seen late or not at all."
            )
        if spellings:
            names = "; ".join(" and ".join(map(repr, group)) for group in spellings[:5])
            sentences.append(f"Labels that may be one, spelt in several ways: {names}.")
        if not sentences:
            return self.finding(context, False, f"Every class has {FEWEST_ROWS} rows or more.")
        flagged = np.isin(context.codes, small)
        table = pd.DataFrame({"label": context.classes[small], "rows": sizes[small]})
        return self.finding(
            context,
            True,
            " ".join(sentences),
            flagged=flagged,
            score=1 / sizes[context.codes],
            reasons={
                row: f"one of {count(int(sizes[context.codes[row]]))} of its class"
                for row in np.flatnonzero(flagged).tolist()
            },
            share=flagged.mean(),
            table=table,
            advice="Join such classes, collect more rows of them, or check each row by hand.",
        )

    def _spellings(self, classes):
        """Groups of labels that are equal but for case and spaces."""
        if classes.dtype.kind not in "OU":
            return []
        groups = {}
        for label in classes.tolist():
            groups.setdefault("".join(str(label).casefold().split()), []).append(label)
        return [group for group in groups.values() if len(group) > 1]
