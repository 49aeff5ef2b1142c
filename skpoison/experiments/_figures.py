"""The paper's figures: a measure against the rate of poison, one panel an attack."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from scipy.stats import t as student_t

# Okabe and Ito's colours, told apart by colour-blind readers too, with a marker each.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#882255", "#999933")
MARKERS = "osD^vP*X"
UNDEFENDED = "no defence"


def with_interval(values):
    """Mean of the runs and half the width of its 95 % interval.

    Parameters
    ----------
    values : array-like of shape (n_runs,)
        One value a run; NaN is left out.

    Returns
    -------
    mean : float
        NaN where there is no value.

    half_width : float
        By Student's t; 0 where there are fewer than two values.
    """
    values = np.asarray(values, dtype=float)
    values = values[~np.isnan(values)]
    if len(values) == 0:
        return np.nan, 0.0
    if len(values) == 1:
        return float(values[0]), 0.0
    spread = values.std(ddof=1) / np.sqrt(len(values))
    return float(values.mean()), float(student_t.ppf(0.975, len(values) - 1) * spread)


def summarise(results, measure):
    """Mean and interval of a measure for every attack, rate and detector.

    Parameters
    ----------
    results : DataFrame
        The content of ``results.csv``.

    measure : str
        A column of it. For "defended_accuracy" the victim without a defence is a detector more.

    Returns
    -------
    summary : DataFrame
        Columns attack, rate, detector, mean and half_width; the rows without poison stand under
        every attack.
    """
    rows = results[["run", "attack", "rate", "detector"]].assign(value=results[measure])
    if measure == "defended_accuracy":
        undefended = results.drop_duplicates(["run", "attack", "rate"])
        undefended = undefended.assign(detector=UNDEFENDED, value=undefended["poisoned_accuracy"])
        rows = pd.concat([undefended[list(rows.columns)], rows])
    attacks = [attack for attack in rows["attack"].unique() if attack != "none"] or ["none"]
    clean = rows[rows["attack"] == "none"]
    if attacks != ["none"]:
        rows = pd.concat([clean.assign(attack=attack) for attack in attacks] + [rows])
        rows = rows[rows["attack"] != "none"]
    groups = rows.groupby(["attack", "rate", "detector"], sort=False)["value"]
    summary = [(*cell, *with_interval(values)) for cell, values in groups]
    columns = ["attack", "rate", "detector", "mean", "half_width"]
    summary = pd.DataFrame(summary, columns=columns)
    order = [*attacks]
    return summary.sort_values(
        ["attack", "rate"],
        key=lambda column: column.map(order.index) if column.name == "attack" else column,
        kind="stable",
        ignore_index=True,
    )


def draw(summary, label):
    """Draw a measure against the rate.

    Parameters
    ----------
    summary : DataFrame
        What :func:`summarise` gives.

    label : str
        What the measure, a number in [0, 1], is called.

    Returns
    -------
    figure : Figure
        One panel an attack, one line a detector, bars for the 95 % intervals.
    """
    attacks, detectors = summary["attack"].unique(), summary["detector"].unique()
    n_columns = min(2, len(attacks))
    n_rows = -(-len(attacks) // n_columns)
    figure = Figure(figsize=(1.5 + 4.2 * n_columns, 0.8 + 3.1 * n_rows), layout="constrained")
    panels = figure.subplots(n_rows, n_columns, sharex=True, sharey=True, squeeze=False).ravel()
    others = [name for name in detectors if name != UNDEFENDED]
    style = {name: _style(place) for place, name in enumerate(others)}
    style[UNDEFENDED] = ("#444444", "")
    width = np.diff(np.unique(summary["rate"])).min(initial=1.0)
    for panel, attack in zip(panels, attacks, strict=False):
        for place, detector in enumerate(detectors):
            line = summary[(summary["attack"] == attack) & (summary["detector"] == detector)]
            colour, marker = style[detector]
            shift = (place - (len(detectors) - 1) / 2) * width * 0.04  # bars side by side
            panel.errorbar(
                100 * (line["rate"] + shift),
                line["mean"],
                line["half_width"],
                color=colour,
                marker=marker,
                linestyle="--" if detector == UNDEFENDED else "-",
                linewidth=1.5,
                markersize=4.5,
                elinewidth=0.8,
                capsize=2,
                label=detector,
            )
        panel.set_title(attack, fontsize=11)
        panel.grid(alpha=0.25)
        panel.spines[["top", "right"]].set_visible(False)
    low, high = panels[0].get_ylim()
    panels[0].set_ylim(max(low, -0.02), min(high, 1.02))  # intervals may leave [0, 1]
    for panel in panels[len(attacks) :]:
        panel.remove()
    figure.supxlabel("poison rows / clean rows (%)", fontsize=10)
    figure.supylabel(label, fontsize=10)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside right upper", frameon=False)
    return figure


def _style(place):
    """Colour and marker of a detector: 64 pairs, then again."""
    n_colours = len(COLOURS)
    marker = MARKERS[(place + place // n_colours) % len(MARKERS)]
    return COLOURS[place % n_colours], marker
