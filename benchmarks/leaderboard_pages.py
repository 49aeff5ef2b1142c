"""The leaderboard as pages of the site: one for each data set, and one for all of them.

    python benchmarks/leaderboard_pages.py

``make docs`` does the same. Reads ``benchmarks/results/leaderboard_runs.csv.gz`` and writes
Markdown and pictures, light and dark, into ``docs/leaderboard``, which git ignores. Figures and
tables are those of ``skpoison run comparison.yaml``.
"""

from pathlib import Path

import matplotlib
import matplotlib.style
import pandas as pd
from leaderboard_report import markdown_table, read_runs

from skpoison.experiments.comparison._figures import (
    against_rate,
    cells,
    cost_and_quality,
    heat_map,
    ranking,
    with_points_lost,
)

PAGES = Path(__file__).parents[1] / "docs" / "leaderboard"
ALL = "all data sets"
# A line each against the rate; the ranking and the heat maps have all.
LINES = ["none", "ensemble", "label-noise", "confident-learning", "cleanlab", "10-NN + mixture"]
THE_SAME = {"dataset", "victim"}  # in all cells of a page
TITLES = {"mnist": "MNIST", "fashion": "Fashion-MNIST", "cifar10": "CIFAR-10"}
STYLES = {"light": "default", "dark": "dark_background"}
FIGURES = {
    "heat": ("Points lost at the largest rate", "defences (rows) and attacks (columns)"),
    "rate": ("Accuracy against rate", "points lost against the rate, a panel for each attack"),
    "cost": ("Cost against quality", "points lost against CPU seconds of each defence"),
}


def as_comparison(runs):
    """Runs of the leaderboard as the ``results.csv`` of a comparison, with points lost."""
    runs = runs[runs["part"] == "per_set"].assign(victim="SVM")
    names = {"cell": "dataset", "seed": "run", "detector": "defence", "seconds": "cpu_seconds"}
    runs = runs.rename(columns=names | {"defended": "score"})
    undefended = runs.drop_duplicates(["dataset", "run", "attack", "rate"])
    undefended = undefended.assign(
        defence="none", score=undefended["poisoned"], clean_removed=0.0, f1=None, cpu_seconds=None
    )
    results = pd.concat([undefended, runs], ignore_index=True).drop(columns="clean")
    return with_points_lost(results.astype({"f1": float, "cpu_seconds": float}))


def figures(results):
    """The three figures of a page, by name."""
    worst = at_the_largest_rate(results)
    lines = results[results["defence"].isin(LINES)]
    return {
        "heat": heat_map(worst),
        "rate": against_rate(lines),
        "cost": cost_and_quality(worst[worst["defence"] != "none"]),
    }


def at_the_largest_rate(results):
    return results[(results["rate"] == results["rate"].max()) | (results["attack"] == "none")]


def as_markdown(rows):
    return markdown_table(list(rows[0]), [row.values() for row in rows])


def page(name, results):
    """Markdown of a page, whose pictures lie beside it."""
    stem = file_name(name)
    parts = [f"# {title_of(name)}"]
    for figure, (title, seen) in FIGURES.items():
        parts.append(f"## {title}")
        parts += [
            f"```{{image}} {stem}-{figure}-{style}.svg\n:class: only-{style}\n"
            f":alt: {name}, {seen}\n```"
            for style in STYLES
        ]
    parts += ["## Ranking", as_markdown(ranking(at_the_largest_rate(results)))]
    if name != ALL:
        shown = [{k: v for k, v in row.items() if k not in THE_SAME} for row in cells(results)]
        parts += ["## Every cell", as_markdown(shown)]
    return "\n\n".join(parts) + "\n"


def title_of(name):
    first, *rest = name.split(" ", 1)
    return " ".join([TITLES.get(first, first.capitalize()), *rest])


def file_name(name):
    return name.replace(" ", "-")


def write_pages(runs, folder=PAGES):
    """Write all pages and pictures.

    Parameters
    ----------
    runs : DataFrame
        What ``leaderboard_report.read_runs`` gives.

    folder : Path
        Is made where it is missing.
    """
    folder.mkdir(exist_ok=True)
    results = as_comparison(runs)
    pages = {ALL: results} | dict(list(results.groupby("dataset", sort=False)))
    for name, rows in pages.items():
        stem = file_name(name)
        (folder / f"{stem}.md").write_text(page(name, rows), encoding="utf-8")
        for style, sheet in STYLES.items():
            with matplotlib.style.context(sheet):
                for figure, drawn in figures(rows).items():
                    drawn.savefig(folder / f"{stem}-{figure}-{style}.svg", transparent=True)


if __name__ == "__main__":
    write_pages(read_runs())
