"""Results of the paper's protocol, the published code's beside them: Markdown tables, a figure.

    python benchmarks/paper/tables.py benchmarks/paper/results/*/

Writes ``tables.md`` and ``figure.svg``, which the docs include, into each folder: one that
``skpoison run`` has made, or its protocol.yaml, results.csv and timings.csv. published.csv holds
what the published code reached in a small run (2 assessment sets, detectors pooled over 10 training
sets) in its own environment.
"""

import re
import sys
from pathlib import Path

import matplotlib
import pandas as pd
from matplotlib.lines import Line2D

from skpoison.experiments import Protocol
from skpoison.experiments._figures import UNDEFENDED, draw, summarise

HERE = Path(__file__).parent
ACCURACY = "Accuracy of the victim after filtering"
LOST = "Points of accuracy lost: trained on clean rows minus after filtering, run by run"


def published_figures(protocol):
    """What the published code reached on these classes; nothing where detectors are not pooled."""
    published = pd.read_csv(HERE / "published.csv", keep_default_na=False, na_values=[""])
    classes = "-".join(map(str, protocol.classes))
    same = (published["dataset"] == protocol.dataset) & (published["classes"] == classes)
    return published[same & (protocol.fit == "pooled")]


def table(results, protocol, measure, published=None):
    """Rows: attack and rate; columns: detectors; "ours ± interval (published)" in the cells."""
    summary = summarise(results, measure)
    detectors = [UNDEFENDED, *protocol.detectors]
    if measure != "defended_accuracy":
        detectors = detectors[1:]
    if measure == "f1":
        summary = summary[summary["rate"] > 0]
    digits = 1 if measure == "points_lost" else 3
    lines = ["| attack | poison rows | " + " | ".join(detectors) + " |"]
    lines.append("| --- | ---: |" + " ---: |" * len(detectors))
    for (attack, rate), cells in summary.groupby(["attack", "rate"], sort=False):
        n_poison = protocol.n_poison(rate)
        if rate == 0 and attack != protocol.attacks[0]:
            continue
        known_as = "none" if rate == 0 else attack
        shown = []
        for detector in detectors:
            (cell,) = cells[cells["detector"] == detector].to_dict("records")
            text = f"{cell['mean']:.{digits}f} ± {cell['half_width']:.{digits}f}"
            if published is not None:
                reference = published.query(
                    "attack == @known_as and poison_rows == @n_poison and detector == @detector"
                )["accuracy" if measure == "defended_accuracy" else measure].dropna()
                text += "".join(f" ({value:.3f})" for value in reference)
            shown.append(text)
        lines.append(f"| {known_as} | {n_poison} | " + " | ".join(shown) + " |")
    return "\n".join(lines)


def cost_table(timings, protocol):
    """CPU seconds of training and judging, a detector: mean of its cells."""
    lines = ["| detector | training a cell | judging a set |", "| --- | ---: | ---: |"]
    for detector in protocol.detectors:
        attacks = "|".join(["none", *protocol.attacks])
        own = timings[timings["unit"].str.match(rf"{re.escape(detector)}-({attacks})-\d")]
        train, assess = (
            own.loc[own["stage"] == stage, "cpu_seconds"].mean() for stage in ("train", "assess")
        )
        shown = "–" if pd.isna(train) else f"{train:.1f}"
        lines.append(f"| {detector} | {shown} | {assess:.2f} |")
    total = timings["cpu_seconds"].sum()
    return "\n".join([*lines, f"\nAll together: {total:,.0f} CPU seconds."])


def figure(results, published, protocol):
    """Accuracy against rate, one panel an attack; hollow marks are the published code's."""
    drawn = draw(summarise(results, "defended_accuracy"), ACCURACY)
    clean = results["clean_accuracy"].mean()
    for panel in drawn.axes:
        line = panel.axhline(clean, color="#444444", linewidth=0.8, linestyle=":")
        for bars in panel.containers:
            marks = published[
                published["attack"].isin(["none", panel.get_title()])
                & (published["detector"] == bars.get_label())
            ]
            panel.plot(
                100 * marks["poison_rows"] / protocol.n_train,
                marks["accuracy"],
                color=bars.lines[0].get_color(),
                marker=bars.lines[0].get_marker() or ".",
                markerfacecolor="none",
                markersize=8,
                linestyle="none",
            )
    (legend,) = drawn.legends
    handles = [*legend.legend_handles, line]
    names = [*(text.get_text() for text in legend.get_texts()), "trained on clean rows"]
    if len(published):
        handles.append(
            Line2D([], [], color="k", marker="o", markerfacecolor="none", linestyle="none")
        )
        names.append("published code")
    legend.remove()
    drawn.legend(handles, names, loc="outside right upper", frameon=False)
    return drawn


def read(folder):
    """Protocol and results of a folder, with the points lost."""
    protocol = Protocol.from_yaml(folder / "protocol.yaml")
    results = pd.read_csv(folder / "results.csv", keep_default_na=False, na_values=[""])
    lost = results["clean_accuracy"] - results["defended_accuracy"]
    return protocol, results.assign(points_lost=100 * lost)


def markdown(folder):
    """The tables of one folder of results."""
    protocol, results = read(folder)
    published = published_figures(protocol)
    parts = {
        ACCURACY: table(results, protocol, "defended_accuracy", published),
        LOST: table(results, protocol, "points_lost"),
        "F1": table(results, protocol, "f1", published),
        "CPU seconds": cost_table(pd.read_csv(folder / "timings.csv"), protocol),
    }
    return "\n\n".join(f"{title}:\n\n{part}" for title, part in parts.items()) + "\n"


def write_figure(folder):
    """Write ``figure.svg``: equal results, equal files."""
    protocol, results = read(folder)
    with matplotlib.rc_context({"svg.hashsalt": folder.name}):
        drawn = figure(results, published_figures(protocol), protocol)
        drawn.savefig(folder / "figure.svg", metadata={"Date": None})


if __name__ == "__main__":
    for folder in map(Path, sys.argv[1:]):
        (folder / "tables.md").write_text(markdown(folder), encoding="utf-8")
        write_figure(folder)
