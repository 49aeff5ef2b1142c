"""Audits of real rows whose findings are known."""

import numpy as np

from skpoison.audit import Audit
from skpoison.audit.kinds import Finding


def finding(kind, title, n_rows, flagged=(), **more):
    """A finding whose flagged rows are given by position."""
    is_flagged = np.zeros(n_rows, dtype=bool)
    is_flagged[list(flagged)] = True
    fields = {
        "found": bool(is_flagged.any()),
        "sentence": f"{is_flagged.sum()} rows are flagged.",
        "flagged": is_flagged,
        "score": is_flagged.astype(float),
        "reasons": {row: f"{title}: row {row}." for row in flagged},
    }
    return Finding(kind, title, **(fields | more))


def audit_of(data, *findings):
    return Audit(data, {one.kind: one for one in findings}, seconds=1.5)
