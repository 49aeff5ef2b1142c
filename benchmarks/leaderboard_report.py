"""Tables and figure of the leaderboard, from its runs.

    python benchmarks/leaderboard_report.py

Writes ``benchmarks/results/leaderboard.csv`` (every cell: mean and half the width of the 95 %
interval over the seeds), ``leaderboard.md`` (the tables that the docs show) and
``leaderboard.png``. "ensemble of 0.1" is the ensemble of version 0.1 on the same poisoned sets.
"""

from operator import itemgetter
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from scipy.stats import t

from skpoison.experiments._figures import with_interval

RESULTS = Path(__file__).parent / "results"
CELL = ["part", "cell", "attack", "rate", "detector"]
DEFAULT = "ensemble"
RIVALS = ["ensemble of 0.1", "cleanlab", "label-noise", "confident-learning", "10-NN + mixture"]
RIVALS += ["label-disagreement", "cae+", "cae+-cross-fitted"]
SHOWN = [DEFAULT, "10-NN + mixture", "cleanlab", "confident-learning", "cae+", "cae+-cross-fitted"]
FEW, MANY = (0.05, 0.1), (0.3,)  # rates of poison
CLOSE_ENOUGH = {"cifar10 0 v 1": 0.01}  # accuracy lost that counts as restored; elsewhere:
HALF_A_POINT = 0.005
MEASURES = {
    "defended": "accuracy after filtering",
    "f1": "F1",
    "roc_auc": "ROC-AUC",
    "average_precision": "average precision",
    "false_negative_rate": "FNR at the true rate",
    "clean_removed": "clean rows removed",
    "seconds": "CPU seconds",
}


def summarise(runs):
    """One row a cell and detector: means over the seeds, half widths of their 95 % intervals."""
    values = ["clean", "poisoned", *MEASURES, "estimated", "covered"]
    groups = runs.groupby(CELL, sort=False)[values]
    count = groups.count()
    half_width = groups.std() / np.sqrt(count) * t.ppf(0.975, (count - 1).clip(lower=1))
    table = groups.mean().join(half_width.add_suffix("_ci95"))
    columns = [column for value in values for column in (value, f"{value}_ci95")]
    return table[columns].assign(seeds=runs.groupby(CELL, sort=False)["seed"].nunique()).round(4)


def paired(runs, rival, measure, rates=MANY):
    """Default minus rival, seed by seed: each cell's mean and half width, and those of all."""
    cells = runs[(runs["part"] == "per_set") & runs["rate"].isin(rates)]
    wide = cells.pivot_table(measure, ["cell", "attack", "seed"], "detector")
    difference = (wide[DEFAULT] - wide[rival]).dropna()
    by_cell = [with_interval(values) for _, values in difference.groupby(level=[0, 1])]
    return np.array(by_cell), with_interval([mean for mean, _ in by_cell])


def markdown_table(header, rows):
    lines = ["| " + " | ".join(header) + " |", "| --- " + "| ---: " * (len(header) - 1) + "|"]
    return "\n".join(lines + ["| " + " | ".join(map(str, row)) + " |" for row in rows])


def lost_accuracy(runs):
    return runs["clean"] - runs["defended"]


def kept_of_harm(adaptive):
    """Share of the accuracy the undefended attack takes that is left under the adaptive one."""
    total = adaptive[["clean", "poisoned", "defended"]].sum()
    harm = total["clean"] - total["poisoned"]
    return (total["defended"] - total["poisoned"]) / harm if harm else np.nan


def prevented(runs):
    """Share of the harm of an attack that a filter prevents, and half of its 95 % interval.

    Accuracy given back / accuracy lost undefended, sums over all runs; the interval is the ratio
    estimator's over the seeds.
    """
    sums = runs.groupby("seed")[["clean", "poisoned", "defended"]].sum()
    harm = (sums["clean"] - sums["poisoned"]).to_numpy()
    rest = (sums["defended"] - sums["poisoned"]).to_numpy() - kept_of_harm(runs) * harm
    half = with_interval(rest)[1] / harm.mean() if len(sums) > 1 else np.nan
    return kept_of_harm(runs), half


def prevented_by_data_set(runs, detectors):
    """Harm prevented in percent: data sets in rows, all of them last; detectors in columns."""
    groups = [*runs.groupby("cell", sort=False), ("all", runs)]
    n_cells = runs["cell"].nunique()
    rows = []
    for cell, of_cell in groups:
        row = [cell]
        for detector in detectors:
            own = of_cell[of_cell["detector"] == detector]
            if own.empty or (cell == "all" and own["cell"].nunique() < n_cells):
                row.append("–")
                continue
            share, half = prevented(own)
            row.append(f"{100 * share:.0f} ± {100 * half:.0f}".removesuffix(" ± nan"))
        rows.append(row)
    return markdown_table(["data", *detectors], rows)


def overall(runs):
    """One row a detector: means over all data sets and attacks at the largest rate."""
    per_set = runs[runs["part"] == "per_set"]
    attacked = per_set[per_set["rate"] == per_set["rate"].max()]
    clean = per_set[per_set["rate"] == 0]
    adaptive = runs[runs["part"] == "adaptive"]
    rows = []
    for detector in attacked["detector"].unique():
        own = attacked[attacked["detector"] == detector]
        lost, half = with_interval(100 * lost_accuracy(own).groupby(own["seed"]).mean())
        of_cells = own.groupby(["cell", "attack"])[list(MEASURES)].mean()
        without = clean[clean["detector"] == detector].groupby("cell")["clean_removed"].mean()
        covered = per_set[per_set["detector"] == detector]["covered"].mean()
        kept = kept_of_harm(adaptive[adaptive["detector"] == detector])
        row = [
            detector,
            f"{lost:.1f} ± {half:.1f}",
            *(f"{of_cells[name].mean():.2f}" for name in list(MEASURES)[1:5]),
            f"{100 * without.mean():.1f}",
            f"{100 * covered:.0f}",
            f"{100 * kept:.0f}",
            f"{own['seconds'].mean():.2f}",
            own["seed"].nunique(),
        ]
        rows.append((lost, row))
    header = ["detector", "points lost", "F1", "ROC-AUC", "AP", "FNR", "clean rows removed, %"]
    header += ["rate covered, %", "kept of adaptive harm, %", "CPU s", "seeds"]
    best_first = [row for _, row in sorted(rows, key=itemgetter(0))]
    return markdown_table(header, best_first).replace(" nan ", " – ")


def cell_by_cell(summary, part, detectors):
    """Accuracy and F1 of some detectors at the largest rate, and without poison."""
    cells = summary.loc[part].reset_index()
    cells = cells[cells["rate"].isin([0, cells["rate"].max()])]
    rows = []
    for (cell, attack), own in cells.groupby(["cell", "attack"], sort=False):
        own = own.set_index("detector")
        row = [cell, attack, *(f"{100 * own[c].iloc[0]:.1f}" for c in ("clean", "poisoned"))]
        for detector in detectors:
            if detector not in own.index:
                row.append("–")
                continue
            found = own.loc[detector]
            accuracy = f"{100 * found['defended']:.1f} ± {100 * found['defended_ci95']:.1f}"
            second = found["clean_removed"] if attack == "none" else found["f1"]
            row.append(f"{accuracy} / {100 * second:.0f}")
        rows.append(row)
    return markdown_table(["data", "attack", "clean", "poisoned", *detectors], rows)


def by_data_set(runs):
    """What was aimed at, data set by data set, for the default detector."""
    own = runs[runs["detector"] == DEFAULT]
    per_set, adaptive = own[own["part"] == "per_set"], own[own["part"] == "adaptive"]
    rows = []
    for cell, of_cell in per_set.groupby("cell", sort=False):
        measures = ["clean", "poisoned", "defended", "f1", "precision", "flagged"]
        means = of_cell.groupby(["attack", "rate"])[measures].mean()
        attacked = means.xs(means.index.get_level_values("rate").max(), level="rate")
        costly = attacked[attacked["clean"] - attacked["poisoned"] > 0.02]
        lost = lost_accuracy(costly)
        below = (means["poisoned"] - means["defended"]).max()
        kept = kept_of_harm(adaptive[adaptive["cell"] == cell])
        f1 = (attacked["f1"].get(name, np.nan) for name in ("flipping", "optimal", "mixed"))
        flips = attacked.loc["flipping"]
        values = [
            *(f"{value:.2f}" for value in f1),
            f"{flips['precision']:.2f}",
            f"{100 * flips['flagged']:.1f}",
            f"{(lost <= CLOSE_ENOUGH.get(cell, HALF_A_POINT)).sum()} / {len(lost)}",
            f"{100 * lost.max():.1f}",
            f"{100 * max(below, 0):.1f}",
            f"{100 * of_cell[of_cell['rate'] == 0]['clean_removed'].mean():.1f}",
            f"{100 * of_cell['covered'].mean():.0f}",
            f"{100 * kept:.0f}",
        ]
        rows.append([cell, *(value.replace("nan", "–") for value in values)])
    header = ["data", "F1 flipping", "F1 optimal", "F1 mixed", "precision flipping"]
    header += ["rows flagged flipping, %", "restored", "most points lost"]
    header += ["most points below undefended", "clean rows removed, %", "rate covered, %"]
    return markdown_table([*header, "kept of adaptive harm, %"], rows)


def comparison(runs, rates):
    """Default against each rival, paired by seed, over all cells."""
    of_rates = runs[(runs["part"] == "per_set") & runs["rate"].isin(rates)]
    rows = []
    for rival in [name for name in RIVALS if name in of_rates["detector"].unique()]:
        for measure in ("f1", "defended"):
            cells, (mean, half) = paired(runs, rival, measure, rates)
            below = int(np.sum(cells[:, 0] + cells[:, 1] < 0))
            above = int(np.sum(cells[:, 0] - cells[:, 1] > 0))
            name = MEASURES[measure]
            rows.append(
                [rival, name, f"{mean:+.3f} ± {half:.3f}", f"{above} / {below} / {len(cells)}"]
            )
    return markdown_table(["rival", "measure", "difference", "cells above / below / all"], rows)


def figure(summary):
    """Points of accuracy lost to each attack after filtering, one panel an attack."""
    cells = summary.loc["per_set"].reset_index()
    cells = cells[cells["rate"].isin([0, cells["rate"].max()])]
    cells["lost"] = 100 * lost_accuracy(cells)
    order = cells.groupby("detector")["lost"].mean().sort_values(ascending=False).index
    attacks = list(cells["attack"].unique())
    picture = Figure(figsize=(13, 0.32 * len(order) + 1.6), layout="constrained")
    panels = picture.subplots(1, len(attacks), sharey=True, sharex=True)
    for panel, attack in zip(panels, attacks, strict=True):
        of_attack = cells[cells["attack"] == attack]
        for position, detector in enumerate(order):
            lost = of_attack[of_attack["detector"] == detector]["lost"]
            colour = "#D55E00" if detector == DEFAULT else "#0072B2"
            panel.plot(lost, np.full(len(lost), position), "o", color=colour, alpha=0.35, ms=4)
            panel.plot(lost.mean(), position, "D", color=colour, ms=6)
        undefended = 100 * of_attack.drop_duplicates("cell").eval("clean - poisoned").mean()
        panel.axvline(0, color="0.6", lw=0.8)
        panel.axvline(undefended, color="0.3", lw=1, ls=":")
        panel.set_title(attack if attack != "none" else "no poison", fontsize=10)
        panel.set_yticks(range(len(order)), order)
    picture.supxlabel(
        "points of accuracy lost after filtering (dots: data sets; dotted: undefended)"
    )
    return picture


def read_runs(path=RESULTS / "leaderboard_runs.csv.gz"):
    """All runs, with what follows from their columns."""
    return derived(pd.read_csv(path))


def derived(runs):
    """Add whether the interval covers the true share, the share of rows flagged and precision."""
    covered = (runs["low"] <= runs["share"]) & (runs["share"] <= runs["high"])
    removed = runs["clean_removed"] * (1 - runs["share"])
    found = runs["f1"] * (removed + runs["share"]) / (2 - runs["f1"])
    flagged = removed + found
    return runs.assign(
        covered=covered.astype(float).where(runs["low"].notna()),
        flagged=flagged,
        precision=(found / flagged).where(flagged > 0, 0.0),
    )


def tables(runs):
    """All tables, as Markdown."""
    summary = summarise(runs)
    shown = [name for name in SHOWN if name in runs["detector"].unique()]
    parts = [
        "### Overall, 30 poison rows on 100",
        overall(runs),
        f"### {DEFAULT}, data set by data set",
        by_data_set(runs),
        f"### {DEFAULT} against its rivals, 30 poison rows on 100",
        comparison(runs, MANY),
        f"### {DEFAULT} against its rivals, 5 and 10 poison rows on 100",
        comparison(runs, FEW),
        "### Each set on its own: accuracy after filtering in percent / F1 in percent "
        "(without poison: clean rows removed in percent)",
        cell_by_cell(summary, "per_set", shown),
    ]
    per_set = runs[runs["part"] == "per_set"]
    semi_optimal = per_set[(per_set["attack"] == "semi-optimal") & per_set["rate"].isin(MANY)]
    for title, attacked in {
        "Semi-optimal poison: harm prevented, %": semi_optimal,
        "Poison that adapts to the filter: harm prevented, %": runs[runs["part"] == "adaptive"],
    }.items():
        if len(attacked):
            known = set(attacked["detector"])
            names = [name for name in dict.fromkeys([*SHOWN, *RIVALS]) if name in known]
            parts += [f"### {title}", prevented_by_data_set(attacked, names)]
    if "pooled" in set(runs["part"]):
        parts += [
            "### Pooled: fitted to 15 other sets, judging a new one",
            cell_by_cell(summary, "pooled", shown),
        ]
    return "\n\n".join(parts) + "\n"


def main():
    runs = read_runs()
    summary = summarise(runs)
    summary.to_csv(RESULTS / "leaderboard.csv")
    (RESULTS / "leaderboard.md").write_text(tables(runs), encoding="utf-8")
    figure(summary).savefig(RESULTS / "leaderboard.png", dpi=110)


if __name__ == "__main__":
    main()
