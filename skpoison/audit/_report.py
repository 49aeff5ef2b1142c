"""The report of an audit: one HTML page that needs nothing else."""

import base64
import hashlib
from collections import Counter

import numpy as np
import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from skpoison.audit._excerpts import excerpts
from skpoison.audit._pictures import label_picture, score_picture
from skpoison.utils._files import write_whole
from skpoison.utils._readable import readable

ROWS_A_KIND = 200
ROWS_IN_ALL = 1_000
IMAGE_BYTES = 2_500_000  # of all thumbnails
TABLE_ROWS, TABLE_COLUMNS = 40, 12
N_ADVICES = 3
POSITIONS_IN_CODE = 5_000
VALUE_LENGTH = 400
NAME_LENGTH = 60
WORDS = {  # of the label, the better one, and what is wrong
    "classification": ("labelled", "likelier", "wrong label"),
    "regression": ("given", "expected", "wrong target"),
    "multilabel": ("tagged", "likelier", "wrong tag"),
}
NOUNS = {"table": "rows", "text": "texts", "images": "images", "features": "rows"}

ENVIRONMENT = Environment(
    loader=PackageLoader("skpoison.audit"),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
    undefined=StrictUndefined,
    finalize=lambda value: readable(value, VALUE_LENGTH) if type(value) is str else value,
)


def to_html(audit, path):
    """Write the page to a file, which it replaces when it is whole.

    Parameters
    ----------
    audit : Audit
        What was found.

    path : str or path-like
        The file.

    Raises
    ------
    OSError
        If the file cannot be written; what stood there before stays.
    """
    write_whole(path, render(audit))


def render(audit):
    """Make the page.

    Parameters
    ----------
    audit : Audit
        What was found.

    Returns
    -------
    page : str
        HTML; it loads nothing, and of the values in it none acts.
    """
    found = [finding for finding in audit.findings.values() if finding.found]
    script, style = _source("report.js"), _source("report.css")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return ENVIRONMENT.get_template("report.html").render(
        script=script,
        script_digest=Markup(digest),
        style=style,
        **_first_screen(audit, found),
        row_kind=audit.data.kind,
        words=WORDS[audit.data.task],
        sections=_sections(audit, found),
        code=Markup(escape(_code(audit))),
        columns=audit.data.columns or {},
        notes=audit.data.notes,
        parameters=audit.summary["parameters"],
    )


def summary_html(audit):
    """Make the first screen of the page alone, for notebooks.

    Parameters
    ----------
    audit : Audit
        What was found.

    Returns
    -------
    part : str
        HTML without a script.
    """
    found = [finding for finding in audit.findings.values() if finding.found]
    return ENVIRONMENT.get_template("summary.html").render(
        style=_source("summary.css"), **_first_screen(audit, found)
    )


def _source(name):
    return Markup(ENVIRONMENT.loader.get_source(ENVIRONMENT, name)[0])


def _first_screen(audit, found):
    data, rows, summary = audit.data, audit.rows, audit.summary
    judged = audit.findings.get("label")
    if judged is None or np.isnan(judged.score).all():
        score, flagged = rows["anomaly_score"], rows["flagged"]
    else:
        score, flagged = judged.score, judged.flagged
    score, flagged = np.asarray(score, dtype=float), np.asarray(flagged, dtype=bool)
    pairs = None
    if judged is not None and data.is_classification:
        labels, likelier = _objects(rows["label"]), _objects(rows["suggested_label"])
        pairs = label_picture(labels, likelier, np.asarray(judged.flagged, dtype=bool))
    sentence = summary["sentence"]
    return {
        "sentence": sentence,
        "advice": [one for one in found if one.advice and one.advice not in sentence][:N_ADVICES],
        "noun": NOUNS[data.kind],
        "n_rows": len(rows),
        "n_flagged": int(np.asarray(rows["flagged"], dtype=bool).sum()),
        "n_classes": len(summary.get("classes", ())),
        "label_name": data.label_name,
        "seconds": summary["seconds"],
        "version": summary["version"],
        "found": found,
        "not_found": sorted(
            (finding for finding in audit.findings.values() if not finding.found),
            key=lambda finding: not finding.asked,
        ),
        "scores": score_picture(score, flagged),
        "pairs": pairs,
    }


def _sections(audit, found):
    """What to show of each kind that was found."""
    data, rows = audit.data, audit.rows
    labels, likelier = _objects(rows["label"]), _objects(rows["suggested_label"])
    with_rows = sum(bool(np.any(finding.flagged)) for finding in found)
    n_listed = min(ROWS_A_KIND, ROWS_IN_ALL // max(with_rows, 1))
    listed = {finding.kind: _most_suspicious(finding, n_listed) for finding in found}
    positions = np.unique(np.concatenate([np.array([], dtype=int), *listed.values()]))
    columns, shown = excerpts(data, labels, likelier, positions) if len(positions) else (None, {})
    if data.kind == "images":
        listed = {
            kind: _within(rows_of, shown, IMAGE_BYTES / max(with_rows, 1))
            for kind, rows_of in listed.items()
        }
    return [
        {
            "finding": finding,
            "n_flagged": int(np.sum(finding.flagged)),
            "columns": columns,
            "table": _table(finding.table),
            **_items(audit, finding, listed[finding.kind], labels, likelier, shown),
        }
        for finding in found
    ]


def _most_suspicious(finding, n_rows):
    flagged = np.flatnonzero(finding.flagged)
    score = np.nan_to_num(np.asarray(finding.score, dtype=float)[flagged], nan=-np.inf)
    return flagged[np.argsort(-score, kind="stable")[:n_rows]]


def _within(positions, shown, n_bytes):
    """The first rows whose thumbnails fit."""
    sizes = np.cumsum([len(shown[row]) for row in positions.tolist()])
    return positions[: np.searchsorted(sizes, n_bytes, side="right")]


def _items(audit, finding, positions, labels, likelier, shown):
    """The rows of a section and the labels among them."""
    index = audit.rows.index
    probability = audit.rows["wrong_label_probability"].to_numpy(dtype=float, na_value=np.nan)
    names = [_label(labels[row]) for row in positions]
    others = [
        "" if _is_same(labels[row], likelier[row]) else _label(likelier[row]) for row in positions
    ]
    few = audit.data.is_classification  # enough to choose from
    choices = sorted({*names, *others} - {""}, key=_order) if few else []
    code_of = {name: code for code, name in enumerate(choices)}
    items = [
        {
            "position": row,
            "name": readable(index[row], NAME_LENGTH),
            "label": name,
            "label_code": code_of.get(name, -1),
            "likelier": other,
            "likelier_code": code_of.get(other, -1),
            "probability": probability[row],
            "score": float(finding.score[row]),
            "reason": finding.reasons.get(row, ""),
            "also": [
                other.title
                for other in audit.findings.values()
                if other is not finding and other.flagged[row]
            ],
            "shown": shown[row],
        }
        for row, name, other in zip(positions.tolist(), names, others, strict=True)
    ]
    given, suggested = Counter(names), Counter(others)
    return {
        "items": items,
        "given": [(code, name) for name, code in code_of.items() if name in given],
        "suggested": [(code, name) for name, code in code_of.items() if name in suggested],
    }


def _label(label):
    return f"{label:.6g}" if isinstance(label, float) else readable(label, NAME_LENGTH)


def _objects(column):
    return column.astype(object).to_numpy()


def _is_same(label, other):
    return other is None or other != other or str(label) == str(other)


def _order(name):
    try:
        return (0, float(name), name)
    except ValueError:
        return (1, 0.0, name)


def _table(table):
    """The head of a finding's table as lists of texts; None where it has none."""
    if table is None or not table.size:
        return None
    head = table.iloc[:TABLE_ROWS, :TABLE_COLUMNS]
    return {
        "columns": [readable(name, NAME_LENGTH) for name in head.columns],
        "rows": [[_number(cell) for cell in line] for line in head.itertuples(index=False)],
        "n_rows": len(table),
    }


def _number(cell):
    if isinstance(cell, float):
        return "" if cell != cell else f"{cell:.4g}"
    return "" if pd.api.types.is_scalar(cell) and pd.isna(cell) else readable(cell, NAME_LENGTH)


def _code(audit):
    """What drops the flagged rows."""
    data = audit.data
    if data.paths is not None:
        return (
            "from pathlib import Path\n\n"
            'kept = Path("clean_files.txt").read_text(encoding="utf-8").splitlines()\n'
        )
    flagged = np.flatnonzero(audit.rows["flagged"]).tolist()
    if len(flagged) > POSITIONS_IN_CODE:
        start = 'import pandas as pd\n\nkept = ~pd.read_csv("rows.csv")["flagged"].to_numpy()\n'
    else:
        start = (
            "import numpy as np\n\n"
            f"flagged = {flagged}  # positions, the first row is 0\n"
            f"kept = np.delete(np.arange({len(audit.rows)}), flagged)\n"
        )
    if data.kind == "table" or isinstance(data.X, pd.DataFrame):
        return start + "data = data.iloc[kept]  # a DataFrame of the same rows\n"
    if data.kind == "text":
        return start + "data = data.iloc[kept]  # a DataFrame or Series of the same texts\n"
    return start + "X, y = X[kept], y[kept]\n"
