"""Tables and figures of a comparison: what attacks cost the victim behind each defence."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from skpoison.experiments._figures import COLOURS, MARKERS, with_interval

KEYS = ["dataset", "victim", "attack", "rate", "defence"]
SAME_ROWS = ["dataset", "victim", "run"]


def with_points_lost(results):
    """Add what the attack and the defence together cost: points of score lost to clean training.

    Parameters
    ----------
    results : DataFrame
        The content of ``results.csv``.

    Returns
    -------
    results : DataFrame
        With `lost`: 100 times the score of the victim that was trained on the same rows before
        they were poisoned, without a defence, less its score here.
    """
    clean = results[(results["attack"] == "none") & (results["defence"] == "none")]
    clean = clean.set_index(SAME_ROWS)["score"].rename("clean")
    results = results.join(clean, on=SAME_ROWS)
    return results.assign(lost=100 * (results["clean"] - results["score"]))


def summarise(results, keys, measure):
    """Mean and half the width of the 95 % interval of the runs' means, for every cell.

    Parameters
    ----------
    results : DataFrame
        Rows of runs.

    keys : list of str
        The columns that name a cell; what they leave out is averaged within a run.

    measure : str
        The column to average.

    Returns
    -------
    summary : DataFrame
        The keys, mean and half_width.
    """
    of_runs = results.groupby([*keys, "run"], sort=False)[measure].mean()
    rows = [
        (*(cell if isinstance(cell, tuple) else (cell,)), *with_interval(values))
        for cell, values in of_runs.groupby(level=list(range(len(keys))), sort=False)
    ]
    return pd.DataFrame(rows, columns=[*keys, "mean", "half_width"])


def ranking(worst):
    """Points lost under attack and without, what is found and CPU seconds of each defence."""
    attacked = worst[worst["attack"] != "none"]
    lost = summarise(attacked, ["defence"], "lost").sort_values("mean", kind="stable")
    columns = {
        "points lost to clean training, attacked": attacked.assign(value=attacked["lost"]),
        "not attacked": worst[worst["attack"] == "none"].assign(value=lambda rows: rows["lost"]),
        "F1 of the poison found": attacked.assign(value=attacked["f1"]),
        "clean rows removed (%)": worst.assign(value=100 * worst["clean_removed"]),
        "CPU seconds": worst.assign(value=worst["cpu_seconds"]),
    }
    rows = [{"defence": name} for name in lost["defence"]]
    for title, values in columns.items():
        summary = summarise(values, ["defence"], "value").set_index("defence")
        for row in rows:
            row[title] = _shown(summary, row["defence"])
    return rows


def _shown(summary, name):
    if name not in summary.index or pd.isna(summary.loc[name, "mean"]):
        return "–"
    mean, half_width = summary.loc[name, ["mean", "half_width"]]
    return f"{mean:.2f} ± {half_width:.2f}"


def cells(results):
    """Every cell of the comparison, for the table that can be sorted."""
    lost = summarise(results, KEYS, "lost")
    score = summarise(results, KEYS, "score")
    return [
        {
            **{key: row[key] for key in KEYS},
            "score": f"{score.loc[place, 'mean']:.3f}",
            "points lost": f"{row['mean']:.1f}",
            "±": f"{row['half_width']:.1f}",
        }
        for place, row in lost.iterrows()
    ]


def refusals(results):
    """Why cells are empty, and how many for each reason."""
    reasons = results["refused"].replace("", np.nan).value_counts()
    return [{"why": reason, "cells": count} for reason, count in reasons.items()]


def heat_map(rows):
    """Points lost: a row for each defence, best first, and a column for each attack."""
    summary = summarise(rows, ["attack", "defence"], "lost")
    table = summary.pivot(index="defence", columns="attack", values="mean")
    best_first = table.mean(axis=1).sort_values(kind="stable").index
    table = table.loc[best_first, summary["attack"].unique()]
    figure = Figure(
        figsize=(2.2 + 1.0 * table.shape[1], 1.6 + 0.42 * len(table)), layout="constrained"
    )
    axes = figure.subplots()
    limit = max(np.nanmax(np.abs(table.to_numpy())), 1.0)
    axes.imshow(table, cmap="PuOr_r", vmin=-limit, vmax=limit, aspect="auto")
    axes.set_xticks(range(table.shape[1]), table.columns, rotation=40, ha="right")
    axes.set_yticks(range(len(table)), table.index)
    for (row, column), value in np.ndenumerate(table.to_numpy()):
        colour = "white" if abs(value) > 0.65 * limit else "black"
        text = "–" if np.isnan(value) else f"{value:.1f}"
        axes.text(column, row, text, ha="center", va="center", fontsize=9, color=colour)
    axes.spines[:].set_visible(False)
    return figure


def against_rate(results):
    """Points lost against the rate: a panel for each attack, a line for each defence."""
    attacks = [name for name in results["attack"].unique() if name != "none"]
    n_columns = min(3, len(attacks))
    n_rows = -(-len(attacks) // n_columns)
    figure = Figure(figsize=(1.6 + 3.4 * n_columns, 0.9 + 2.7 * n_rows), layout="constrained")
    panels = figure.subplots(n_rows, n_columns, sharex=True, sharey=True, squeeze=False).ravel()
    for panel, attack in zip(panels, attacks, strict=False):
        rows = results[results["attack"].isin([attack, "none"])]
        summary = summarise(rows, ["defence", "rate"], "lost")
        for place, name in enumerate(results["defence"].unique()):
            line = summary[summary["defence"] == name].sort_values("rate")
            panel.errorbar(
                100 * line["rate"], line["mean"], line["half_width"], label=name, **_style(place)
            )
        panel.set_title(attack, fontsize=10)
        panel.grid(alpha=0.25)
        panel.spines[["top", "right"]].set_visible(False)
    for panel in panels[len(attacks) :]:
        panel.remove()
    figure.supxlabel("poison rows / clean rows (%)", fontsize=10)
    figure.supylabel("points lost", fontsize=10)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside right upper", frameon=False)
    return figure


def cost_and_quality(worst):
    """Points lost against CPU seconds, a point for each defence."""
    attacked = worst[worst["attack"] != "none"]
    lost = summarise(attacked, ["defence"], "lost")
    seconds = summarise(attacked, ["defence"], "cpu_seconds")["mean"]
    figure = Figure(figsize=(7.5, 3.6 + 0.1 * max(0, len(lost) - 14)), layout="constrained")
    axes = figure.subplots()
    for place, row in lost.sort_values("mean", ascending=False).iterrows():
        style = _style(place) | {"linestyle": "none"}
        cost = seconds[place]
        axes.errorbar(cost, row["mean"], row["half_width"], label=row["defence"], **style)
    axes.set(xscale="log", xlabel="CPU seconds of the defence and the victim", ylabel="points lost")
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside right upper", frameon=False, fontsize=9)
    return figure


def _style(place):
    marker = MARKERS[(place + place // len(COLOURS)) % len(MARKERS)]
    return {
        "color": COLOURS[place % len(COLOURS)],
        "marker": marker,
        "markersize": 4.5,
        "linewidth": 1.4,
        "capsize": 2,
    }
