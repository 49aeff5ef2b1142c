"""What the docs show of a finished comparison.

    skpoison run benchmarks/comparisons/field.yaml --out FOLDER
    python benchmarks/comparisons/publish.py FOLDER field

Writes into ``benchmarks/comparisons/results/field``: the results, the time of each stage, the
machine and the protocol as they are in FOLDER; ``tables.md``, the ranking of the defences and what
each leaves of each attack; ``heat_map.png``, the leaderboard's picture of all data sets.
"""

import shutil
import sys
from pathlib import Path

import pandas as pd

from skpoison.experiments.comparison._figures import (
    heat_map,
    ranking,
    summarise,
    with_points_lost,
)

FILES = ("results.csv", "timings.csv", "machine.json", "protocol.yaml")


def markdown(rows):
    """Dicts of equal keys as a table."""
    header = list(rows[0])
    lines = ["| " + " | ".join(header) + " |", "| --- " + "| ---: " * (len(header) - 1) + "|"]
    return "\n".join(lines + ["| " + " | ".join(map(str, row.values())) + " |" for row in rows])


def means(rows, keys, measure, digits):
    """Means, a row a combination of `keys`, a column a defence."""
    summary = summarise(rows, [*keys, "defence"], measure)
    table = []
    for names, cells in summary.groupby(keys, sort=False):
        values = cells.set_index("defence")["mean"].reindex(rows["defence"].unique())
        shown = values.map(lambda value: "–" if pd.isna(value) else f"{value:.{digits}f}")
        table.append(dict(zip(keys, names, strict=True)) | shown.to_dict())
    return table


def main(folder, name):
    """Publish one folder of results."""
    target = Path(__file__).parent / "results" / name
    target.mkdir(parents=True, exist_ok=True)
    for file in FILES:
        shutil.copy(Path(folder) / file, target / file)
    results = with_points_lost(pd.read_csv(target / "results.csv"))
    top = results["rate"].max()
    worst = results[(results["rate"] == top) | (results["attack"] == "none")]
    n_runs = results["run"].nunique()
    attacked = worst[worst["attack"] != "none"]
    parts = [
        f"{100 * top:g} % poison, means of {n_runs} runs ± half the widths of 95 % intervals:",
        markdown(ranking(worst)),
        "Points lost to clean training without a defence, mean of all victims:",
        markdown(means(worst, ["dataset", "attack"], "lost", 1)),
        "The same by victim, mean of all attacks:",
        markdown(means(attacked, ["dataset", "victim"], "lost", 1)),
    ]
    triggered = worst[worst["attack_success"].notna()]
    if len(triggered):
        triggered = triggered.assign(success=100 * triggered["attack_success"])
        several = ["attack"] if triggered["attack"].nunique() > 1 else []
        parts += [
            "Success of the backdoor, per cent of the triggered rows that get its label:",
            markdown(means(triggered, ["dataset", *several, "victim"], "success", 0)),
        ]
    (target / "tables.md").write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    heat_map(worst).savefig(target / "heat_map.png", dpi=110)


if __name__ == "__main__":
    main(*sys.argv[1:])
