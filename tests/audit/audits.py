"""Audits made by hand: real rows, and findings that are known."""

from types import SimpleNamespace

import numpy as np
import pandas as pd

from skpoison.audit.kinds._base import Finding


def finding(kind, title, n_rows, score=None, flagged=(), reasons=None, **more):
    """A finding whose flagged rows are given by position."""
    is_flagged = np.zeros(n_rows, dtype=bool)
    is_flagged[list(flagged)] = True
    return Finding(
        kind=kind,
        title=title,
        found=more.pop("found", bool(is_flagged.any() or more.get("table") is not None)),
        sentence=more.pop("sentence", f"{is_flagged.sum()} rows are flagged."),
        flagged=is_flagged,
        score=np.full(n_rows, np.nan) if score is None else np.asarray(score, dtype=float),
        reasons=reasons or {row: f"{title}: row {row}." for row in flagged},
        **more,
    )


def audit_of(data, *findings, likelier=None, probability=None):
    """What an audit of the data with these findings gives."""
    n_rows = len(data.y)
    flagged = np.any([one.flagged for one in findings], axis=0)
    reasons = [
        "; ".join(one.reasons[row] for one in findings if row in one.reasons)
        for row in range(n_rows)
    ]
    rows = pd.DataFrame(
        {
            "label": data.y,
            "likelier_label": data.y if likelier is None else likelier,
            "wrong_label_probability": np.nan if probability is None else probability,
            "anomaly_score": findings[0].score,
            "flagged": flagged,
            "reasons": reasons,
            **{f"is_{one.kind}": one.flagged for one in findings},
        },
        index=pd.RangeIndex(n_rows) if data.index is None else data.index,
    )
    classes, counts = np.unique(data.y.astype(str), return_counts=True)
    summary = {
        "sentence": f"{flagged.sum()} of {n_rows} rows are flagged.",
        "n_rows": n_rows,
        "kind": data.kind,
        "task": data.task,
        "label": data.label_name,
        "classes": dict(zip(classes.tolist(), counts.tolist(), strict=True)),
        "flagged": int(flagged.sum()),
        "seconds": 1.5,
        "version": "0.1.0",
        "parameters": {"random_state": 0},
        "kinds": {one.kind: {"found": one.found, "share": one.share} for one in findings},
    }
    return SimpleNamespace(
        data=data, findings={one.kind: one for one in findings}, rows=rows, summary=summary
    )
