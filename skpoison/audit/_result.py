"""`Audit`: what was found, row by row and in all."""

from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from skpoison import __version__
from skpoison._typing import FilePath
from skpoison.audit._naming import counted
from skpoison.audit._storing import Storable
from skpoison.inspection import SuspicionDisplay

TIE_BREAK = 0.01  # on the scale of a probability


class Audit(Storable):
    """What is wrong with data, as :func:`audit` found it.

    :func:`skpoison.persistence.save` stores it in one file, data included.

    Parameters
    ----------
    data : AuditData
        The rows that were looked at.

    findings : dict of str to Finding
        What each kind of issue found, in the order of the kinds.

    seconds : float, default=nan
        How long it took.

    parameters : dict, default=None
        What was asked for.

    Attributes
    ----------
    rows : DataFrame of shape (n_samples, n_columns)
        Every row under its name in the index of the data: `label`, `suggested_label`,
        `wrong_label_probability`, `anomaly_score`, `flagged`, `reasons`, and for each kind
        ``<kind>_flagged``. The anomaly score is the number of kinds that flag the row, plus the
        probability of a wrong label; the mean share of rows that its scores exceed decides ties.

    summary : dict
        The numbers and sentences, ready for JSON.

    issues : dict of str to DataFrame
        The flagged rows of each kind that flagged any, the most suspicious first.
    """

    def __init__(
        self,
        data: Any,
        findings: dict[str, Any],
        *,
        seconds: float = np.nan,
        parameters: dict | None = None,
    ):
        self.data, self.findings = data, findings
        self.seconds, self.parameters = seconds, parameters or {}
        self.rows = self._make_rows()
        self.summary = self._make_summary()

    def __repr__(self):
        return self.summary["sentence"]

    @property
    def issues(self) -> dict[str, pd.DataFrame]:
        result = {}
        for name, finding in self.findings.items():
            if finding.flagged.any():
                positions = np.flatnonzero(finding.flagged)
                order = np.argsort(-np.nan_to_num(finding.score[positions]), kind="stable")
                table = self.rows.iloc[positions[order]]
                reasons = [finding.reasons.get(row, "") for row in positions[order].tolist()]
                result[name] = table.drop(columns="reasons").assign(
                    score=finding.score[positions[order]], reason=reasons
                )
        return result

    def plot(self, kind: str | None = None, **options: Any) -> SuspicionDisplay:
        """Draw the scores of one kind, the cut, and the most suspicious images.

        Parameters
        ----------
        kind : str, default=None
            Its name. None: the first that has scores.

        **options
            As those of :meth:`~skpoison.inspection.SuspicionDisplay.plot`.

        Returns
        -------
        display : SuspicionDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If there is no such kind, or it has no scores.
        """
        scored = [name for name, f in self.findings.items() if np.isfinite(f.score).any()]
        if kind is None and scored:
            kind = scored[0]
        if kind not in scored:
            raise ValueError(f"kind must be one of {scored}, which have scores, got {kind!r}.")
        finding = self.findings[kind]
        has_score = np.isfinite(finding.score)
        flagged = finding.flagged[has_score]
        score = finding.score[has_score]
        images = None
        if self.data.kind == "images":
            images = np.asarray(self.data.X)[has_score]
            images = images.reshape(*images.shape[:3], -1)
        display = SuspicionDisplay(
            score,
            score[~flagged].max(initial=score.min()),
            labels=[str(label) for label in self.rows["label"][has_score]],
            images=images,
            name=finding.title,
        )
        return display.plot(**options)

    def to_html(self, path: FilePath) -> None:
        """Write the report, one file that needs no network.

        Parameters
        ----------
        path : str or Path
            Where to.
        """
        from skpoison.audit._report import to_html

        to_html(self, path)

    def _repr_html_(self):
        from skpoison.audit._report import summary_html

        return summary_html(self)

    def write(self, folder: FilePath) -> None:
        """Write the report, the rows, those to keep and the summary into a new folder.

        Parameters
        ----------
        folder : str or Path
            Where to; must not exist.
        """
        from skpoison.audit._writers import write

        write(self, folder)

    def _make_rows(self):
        data = self.data
        judged = next((f for f in self.findings.values() if f.suggested_label is not None), None)
        labels = _one_column(data.y, data.tag_names)
        rows = pd.DataFrame(index=data.index)
        rows["label"] = labels
        rows["suggested_label"] = labels
        if judged is not None:
            rows["suggested_label"] = _one_column(judged.suggested_label, data.tag_names)
        rows["wrong_label_probability"] = np.nan if judged is None else judged.probability
        flagged = np.zeros((len(rows), len(self.findings)), dtype=bool)
        for column, finding in enumerate(self.findings.values()):
            flagged[:, column] = finding.flagged
        rows["anomaly_score"] = flagged.sum(axis=1) + TIE_BREAK * self._mean_rank()
        rows["anomaly_score"] += rows["wrong_label_probability"].fillna(0)
        rows["flagged"] = flagged.any(axis=1)
        reasons = [[] for _ in range(len(rows))]
        for finding in self.findings.values():
            for row, reason in finding.reasons.items():
                reasons[row].append(reason)
        rows["reasons"] = ["; ".join(texts) for texts in reasons]
        for column, name in enumerate(self.findings):
            rows[f"{name}_flagged"] = flagged[:, column]
        return rows

    def _mean_rank(self):
        """Mean share of rows that a row's scores exceed, below 1."""
        ranks = [
            (rankdata(np.nan_to_num(f.score, nan=-np.inf)) - 1) / len(f.score)
            for f in self.findings.values()
            if np.isfinite(f.score).any()
        ]
        return np.mean(ranks, axis=0) if ranks else 0.0

    def _make_summary(self):
        data = self.data
        summary = {
            "sentence": self._sentence(),
            "n_rows": len(data.y),
            "kind": data.kind,
            "task": data.task,
            "label": data.label_name,
            "flagged": int(self.rows["flagged"].sum()),
            "findings": {name: _line(finding) for name, finding in self.findings.items()},
            "notes": list(data.notes),
            "seconds": round(self.seconds, 2),
            "version": __version__,
            "parameters": self.parameters,
        }
        if data.is_classification:
            labels, counts = np.unique(data.y, return_counts=True)
            summary["classes"] = dict(zip(map(str, labels.tolist()), counts.tolist(), strict=True))
        return summary

    def _sentence(self):
        """What was found, and what to do: the first thing that a reader sees."""
        found = [finding for finding in self.findings.values() if finding.found]
        if not found:
            n_asked = sum(finding.asked for finding in self.findings.values())
            return (
                f"Nothing wrong was found in {counted(len(self.data.y), 'row')}, "
                f"by {counted(n_asked, 'kind')} of check."
            )
        n_flagged = int(self.rows["flagged"].sum())
        rows = ""
        if n_flagged > found[0].flagged.sum():
            rows = f" In all, {n_flagged:,} of {len(self.data.y):,} rows are flagged."
        titles = ", ".join(finding.title[0].lower() + finding.title[1:] for finding in found[1:])
        sentence = found[0].sentence
        if titles:
            sentence += f" Also found: {titles}.{rows}"
        return f"{sentence} {found[0].advice}".strip()


def _one_column(y, tag_names):
    """Labels, of a multi-label matrix the names of the tags that are on."""
    if np.ndim(y) == 1:
        return y
    return [", ".join(tag_names[tag] for tag in np.flatnonzero(tags)) for tags in np.asarray(y)]


def _line(finding):
    return {
        "title": finding.title,
        "asked": bool(finding.asked),
        "found": bool(finding.found),
        "sentence": finding.sentence,
        "advice": finding.advice,
        "share": _number(finding.share),
        "interval": [_number(end) for end in finding.interval],
        "p_value": _number(finding.p_value),
        "n_flagged": int(finding.flagged.sum()),
    }


def _number(value):
    """A number that JSON knows: None for NaN."""
    return float(value) if np.isfinite(value) else None
