"""Audits whose findings are known, and values that would do harm."""

from html.parser import HTMLParser

import numpy as np
import pandas as pd

from skpoison.audit import Audit, AuditData
from skpoison.audit.kinds import Finding

HOSTILE = [
    "<script>window.harmed = 1</script>",
    '"><img src=x onerror="window.harmed = 1">',
    "</script></style></textarea><script>window.harmed = 1</script>",
    "' autofocus onfocus='window.harmed = 1",
    "javascript:window.harmed=1",
    "{{ 7 * 7 }}{% for a in b %}",
    "=cmd|' /C calc'!A0",
    "+1+cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "\t=1+1",
    "\r=1+1",
    "\x1b[31mred\x1b[0m\x07\x00",
    "invoice\u202efdp.exe",
    "half \udc80 of a name",
    "&lt;b&gt; & co.",
    "x" * 10_000,
]

HOSTILE_LABELS = [value for value in HOSTILE if "\udc80" not in value] + ["plain"]


def finding(kind, title, n_rows, flagged=(), **more):
    """A finding whose flagged rows are given by position, the most suspicious first."""
    flagged = list(flagged)
    is_flagged = np.zeros(n_rows, dtype=bool)
    is_flagged[flagged] = True
    score = np.zeros(n_rows)
    score[flagged] = np.arange(len(flagged), 0, -1)
    fields = {
        "found": bool(flagged),
        "sentence": f"{len(flagged)} rows are flagged.",
        "flagged": is_flagged,
        "score": score,
        "reasons": {row: f"reason of row {row}" for row in flagged},
    }
    return Finding(kind, title, **(fields | more))


def audit_of(data, *findings):
    return Audit(data, {one.kind: one for one in findings}, seconds=1.5)


def hostile_table():
    """The audit of a table that is hostile wherever it can be; every value stands in a row."""
    n = len(HOSTILE)
    label = np.array(HOSTILE_LABELS, dtype=object)
    X = pd.DataFrame(
        {
            HOSTILE[1]: pd.Series(HOSTILE, dtype=object),
            "number": np.arange(n) - 3.5,
            HOSTILE[6]: pd.Series(HOSTILE[::-1], dtype=object),
        }
    )
    data = AuditData(
        X,
        label,
        "table",
        index=pd.Index(HOSTILE, dtype=object),
        label_name=HOSTILE[0],
        groups=label,
        columns={HOSTILE[2]: HOSTILE[3]},
        notes=HOSTILE[:],
    )
    wrong = finding(
        "label",
        "Wrong labels",
        n,
        range(n),
        sentence=HOSTILE[2],
        advice=HOSTILE[0],
        reasons=dict(enumerate(HOSTILE_LABELS)),
        table=pd.DataFrame({HOSTILE[1]: pd.Series(HOSTILE, dtype=object)}),
        suggested_label=np.roll(label, 1),
        probability=np.linspace(1, 0.5, n),
    )
    return audit_of(data, wrong)


class Page(HTMLParser):
    """What a browser would find in a page: its elements, and the text outside scripts."""

    def __init__(self, html):
        super().__init__()
        self.elements, self.texts, self.scripts, self._open = [], [], [], None
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self._open = tag
        if tag == "script":
            self.scripts.append("")

    def handle_endtag(self, tag):
        self._open = None

    def handle_data(self, data):
        if self._open == "script":
            self.scripts[-1] += data
        elif self._open != "style":
            self.texts.append(data)

    def all(self, tag, **attributes):
        attributes = {name.rstrip("_"): value for name, value in attributes.items()}
        return [
            attrs
            for name, attrs in self.elements
            if name == tag and attributes.items() <= attrs.items()
        ]

    @property
    def text(self):
        return "".join(self.texts)
