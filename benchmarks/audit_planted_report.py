"""Tables of the planted issues, and of honest tables, in Markdown.

    python benchmarks/audit_planted_report.py

Reads ``benchmarks/results/audit_planted.csv`` and ``audit_honest.csv``, writes ``audit_planted.md``
beside them. In each cell, at the three strengths: in how many of the runs the kind said so, and the
mean F1 of the rows that it flagged in them.
"""

import argparse
from pathlib import Path

import pandas as pd
from planting import STRENGTHS

RESULTS = Path(__file__).parent / "results"


def hits(lines):
    """Runs that found the issue, and the mean F1 of their rows."""
    found = lines[lines["found"].astype(str) == "True"]
    text = f"{len(found)}/{len(lines)}"
    return text if found["f1"].isna().all() else f"{text} {found['f1'].mean():.2f}"


def planted_table(lines):
    """One line a kind, one column a set."""
    rows = []
    for kind, strengths in STRENGTHS.items():
        of_kind = lines[lines["kind"] == kind]
        row = {"kind": f"`{kind}`", "strengths": " · ".join(f"{s:g}" for s in strengths)}
        for data in lines["data"].unique():
            own = of_kind[of_kind["data"] == data]
            row[data] = " · ".join(hits(part) for _, part in own.groupby("strength")) or "-"
        if len(of_kind):
            rows.append(row)
    return pd.DataFrame(rows)


def alarm_table(lines):
    """Runs in which a kind found something that was not planted: honest ones, and others."""
    fired = lines["others"].fillna("").str.split()
    rows = []
    for kind in STRENGTHS:
        is_fired = fired.map(lambda kinds, kind=kind: kind in kinds)
        row = {"kind": f"`{kind}`"}
        for data in lines["data"].unique():
            own = lines["data"] == data
            honest, other = (
                own & (lines["kind"] == "none"),
                own & ~lines["kind"].isin([kind, "none"]),
            )
            row[data] = f"{is_fired[honest].sum()}/{honest.sum()}, "
            row[data] += f"{is_fired[other].sum()}/{other.sum()}"
        if is_fired.any():
            rows.append(row)
    return pd.DataFrame(rows)


def honest_table(lines):
    """One line a table."""
    table = pd.DataFrame({"table": lines["data"], "rows": lines["rows"]})
    table["called wrong"] = [f"{100 * share:.1f} %" for share in lines["called_wrong"]]
    table["interval"] = [
        f"{100 * low:.1f} to {100 * high:.1f} %"
        for low, high in zip(lines["low"], lines["high"], strict=True)
    ]
    table["in words"], table["also found"] = lines["words"], lines["others"].fillna("")
    return table


def markdown(table):
    """A pipe table."""
    lines = [table.columns, ["---"] * table.shape[1], *table.astype(str).to_numpy()]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--results", type=Path, default=RESULTS)
    results = parser.parse_args(arguments).results
    lines = pd.read_csv(results / "audit_planted.csv")
    parts = ["Issues that were planted", markdown(planted_table(lines))]
    parts += [
        "Runs in which a kind found something that was not planted: of honest draws, and of draws "
        "in which another kind was planted",
        markdown(alarm_table(lines)),
    ]
    path = results / "audit_honest.csv"
    if path.exists():
        parts += ["Honest tables", markdown(honest_table(pd.read_csv(path)))]
    (results / "audit_planted.md").write_text("\n\n".join(parts) + "\n")


if __name__ == "__main__":
    main()
