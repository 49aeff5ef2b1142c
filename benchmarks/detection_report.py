"""Tables of the detection benchmark, from its runs.

    python benchmarks/detection_report.py [--runs FILE] [--results FILE]

Writes ``benchmarks/results/detection.md``: means over the seeds with half the width of their 95 %
intervals, contenders side by side. Ratios of CPU seconds are taken within one run.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from detection import DETECTORS, KEYS, RUNS
from leaderboard_report import markdown_table

from skpoison.experiments._figures import with_interval

RESULTS = RUNS.with_name("detection.md")
OURS, PEER = "ensemble", "cleanlab"
LARGE = 5000  # rows from which the growth exponent is taken


def read_runs(path=RUNS):
    """All runs, of those made twice the last one, with what follows from the columns."""
    runs = pd.read_csv(path).drop_duplicates(KEYS, keep="last")
    runs["flagged_share"] = runs["flagged"] / runs["rows"]
    runs["error"] = (runs["estimated"] - runs["share"]).abs()
    runs["covered"] = ((runs["low"] <= runs["share"]) & (runs["share"] <= runs["high"])).where(
        runs["low"].notna()
    )
    peer = runs[runs["contender"] == PEER].set_index([*KEYS[:-1], "run"])["seconds"]
    here = pd.MultiIndex.from_frame(runs[[*KEYS[:-1], "run"]])
    runs["ratio"] = runs["seconds"] / peer.reindex(here).to_numpy()
    runs["n"] = runs["n"].where(runs["n"] > 0, runs["rows"])
    return runs


def shown(values, digits=2, percent=False):
    """Mean and half width, as text; an en dash where there is no value."""
    mean, half = with_interval(np.asarray(values, dtype=float) * (100 if percent else 1))
    if np.isnan(mean):
        return "–"
    text = f"{mean:.{digits}f}"
    return f"{text} ± {half:.{digits}f}" if len(values) > 1 and half > 0 else text


def in_order(names):
    """The contenders, known ones first."""
    names = list(dict.fromkeys(names))
    return [n for n in DETECTORS if n in names] + [n for n in names if n not in DETECTORS]


def table(runs, keys, columns):
    """One row a group of `keys`; `columns`: header -> function of the group's runs."""
    rows = []
    for key, group in runs.groupby(keys, sort=False, dropna=False):
        key = key if isinstance(key, tuple) else (key,)
        rows.append([*key, *(column(group) for column in columns.values())])
    return markdown_table([*keys, *columns], rows)


def of(contender, measure, **settings):
    """A column: one measure of one contender."""
    return lambda group: shown(group[group["contender"] == contender][measure], **settings)


def side_by_side(runs, measure, **settings):
    """Columns: one measure of each contender."""
    names = in_order(runs["contender"])
    return {name: of(name, measure, **settings) for name in names}


def seeds(group):
    return group["seed"].nunique()


def flips(runs):
    keys = ["data", "variant", "rate", "n"]
    runs = runs.sort_values(
        ["data", "variant", "rate", "n", "seed"], ascending=[False] * 2 + [1] * 3
    )
    own = {
        "precision": of(OURS, "precision"),
        "recall": of(OURS, "recall"),
        "true share": of(OURS, "share", digits=3),
        "estimated": of(OURS, "estimated", digits=3),
        "error": of(OURS, "error", digits=3),
        "in interval, %": of(OURS, "covered", digits=0, percent=True),
        "rows flagged, %": of(OURS, "flagged_share", digits=1, percent=True),
        "CPU s": of(OURS, "seconds", digits=1),
        "of cleanlab's": of(OURS, "ratio"),
        "MiB": of(OURS, "peak_mib", digits=0),
    }
    return {
        "F1": table(runs, keys, side_by_side(runs, "f1") | {"seeds": seeds}),
        "Average precision": table(runs, keys, side_by_side(runs, "average_precision")),
        f"{OURS}: precision, recall, share, cost": table(runs, keys, own),
    }


def honest(runs):
    keys, rare = ["data", "variant", "n"], runs[runs["n_rare"].notna()]
    share = {"digits": 1, "percent": True}
    interval = {
        "estimated share": of(OURS, "estimated", digits=3),
        "upper end": of(OURS, "high", digits=3),
        "interval with 0, %": lambda group: shown(
            (group[group["contender"] == OURS]["low"] <= 0).to_numpy(), digits=0, percent=True
        ),
        "seeds": seeds,
    }
    tables = {
        "Rows flagged in percent": table(
            runs, keys, side_by_side(runs, "flagged_share", **share) | interval
        )
    }
    if len(rare):
        columns = side_by_side(rare, "rare_flagged", **share) | {"rare rows": rare_rows}
        tables["Rows of the rare class flagged, in percent"] = table(rare, keys, columns)
    return tables


def rare_rows(group):
    return f"{group['n_rare'].mean():.0f}"


def rare(runs):
    keys = ["data", "variant", "n", "rate"]
    own = {"true share": of(OURS, "share", digits=3), "estimated": of(OURS, "estimated", digits=3)}
    own["rare rows flagged, %"] = of(OURS, "rare_flagged", digits=1, percent=True)
    columns = side_by_side(runs, "f1") | own | {"rare rows": rare_rows, "seeds": seeds}
    return {"F1": table(runs, keys, columns)}


def human(runs):
    measures = ["f1", "precision", "recall", "average_precision", "share", "estimated"]
    columns = {
        name.replace("_", " "): lambda group, name=name: shown(group[name], 3) for name in measures
    }
    return {"Labels that people got wrong": table(runs, ["data", "contender"], columns)}


def batches(runs):
    keys = ["data", "n", "variant"]
    return {
        "Precision": table(runs, keys, side_by_side(runs, "precision") | {"seeds": seeds}),
        "Recall": table(runs, keys, side_by_side(runs, "recall")),
        "Rows under an unknown label flagged, %": table(
            runs[runs["n_rare"].notna()],
            keys,
            {OURS: of(OURS, "rare_flagged", digits=0, percent=True)},
        ),
    }


def invariance(runs):
    tables = {}
    for contender, own in runs.groupby("contender", sort=False):
        columns = {}
        for data in own["data"].unique():
            columns[f"{data}, mean"] = lambda group, data=data: shown(
                group[group["data"] == data]["jaccard"]
            )
            columns[f"{data}, least"] = lambda group, data=data: shown(
                [group[group["data"] == data]["jaccard"].min()]
            )
            columns[f"{data}, F1"] = lambda group, data=data: shown(
                group[group["data"] == data]["f1"]
            )
        heading = f"{contender}: Jaccard index of the flagged rows with those of the reference"
        tables[heading] = table(own, ["variant"], columns | {"seeds": seeds})
    return tables


def exponent(runs, contender):
    """Slope of log CPU seconds on log rows, and the fewest and most rows."""
    own = runs[(runs["contender"] == contender) & (runs["n"] >= LARGE)]
    means = own.groupby("n")["seconds"].mean()
    if len(means) < 2:
        return "–"
    return f"{np.polyfit(np.log(means.index), np.log(means), 1)[0]:.2f}"


def cost(runs):
    runs, columns = runs.sort_values(["n", "seed"]), {}
    for name in in_order(runs["contender"]):
        columns[f"{name}: CPU s"] = of(name, "seconds", digits=1)
        columns[f"{name}: MiB"] = of(name, "peak_mib", digits=0)
    columns["ratio"] = of(OURS, "ratio")
    for measure in ("predict", "rows"):
        columns[f"{measure}, % of the fit"] = lambda group, measure=measure: shown(
            (group[f"{measure}_seconds"] / group["seconds"])[group["contender"] == OURS],
            percent=True,
        )
    growth = [[name, exponent(runs, name)] for name in in_order(runs["contender"])]
    return {
        "By the number of rows": table(runs, ["data", "n"], columns | {"seeds": seeds}),
        f"Growth exponent from {LARGE:,} rows on": markdown_table(
            ["contender", "exponent"], growth
        ),
    }


PARTS = {
    "flips": (flips, "Flipped labels"),
    "honest": (honest, "Nothing is wrong"),
    "rare": (rare, "A class of 3 %, 2 % of all labels flipped"),
    "human": (human, "Human label errors"),
    "batches": (batches, "New rows judged after a fit to trusted ones, a tenth of them wrong"),
    "invariance": (invariance, "Changes that should not matter"),
    "cost": (cost, "Cost in one thread, memory above the data"),
}


def tables(runs):
    """All tables, as Markdown."""
    parts = []
    for part, (make, heading) in PARTS.items():
        own = runs[runs["part"] == part]
        if len(own):
            parts.append(f"## {heading}")
            for title, text in make(own).items():
                parts += [f"### {title}", text]
    return "\n\n".join(parts) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=Path, default=RUNS)
    parser.add_argument("--results", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    arguments.results.write_text(tables(read_runs(arguments.runs)), encoding="utf-8")


if __name__ == "__main__":
    main()
