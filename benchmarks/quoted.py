"""The tables of README and docs that no other report writes, from the results.

    python benchmarks/quoted.py

Writes ``benchmarks/results/*.md``, which the docs include, and puts the tables of README that have
the same heads in the place of those that are there.
"""

from pathlib import Path

import pandas as pd
from detection_report import read_runs
from leaderboard_report import markdown_table, overall
from leaderboard_report import read_runs as read_leaderboard

RESULTS = Path(__file__).parent / "results"
README = RESULTS.parents[1] / "README.md"
IMAGES = {"mnist": "MNIST", "fashion_mnist": "Fashion-MNIST"}
SETTINGS = [(500, 0.05), (1000, 0.05), (5000, 0.02), (5000, 0.05), (5000, 0.2), (5000, 0.4)]
SETTINGS += [(20_000, 0.05), (60_000, 0.05)]  # rows and share flipped
OURS = {"sequential": "ours, sequential", "joint": "ours, joint", "secml": "SecML"}
BACKENDS = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch"}
SETS = {
    "adult": "adult, 14 columns with gaps",
    "banking": "banking, texts of 77 classes",
}
AUDITED = {
    "adult": "adult",
    "banking": "banking texts",
    "newsgroups": "newsgroups",
    "cars": "cars",
    "heart_disease": "heart disease",
    "images": "1,000 pictures",
    "penguins": "penguins",
    "zoo": "zoo",
}


def read(name):
    return pd.read_csv(RESULTS / f"{name}.csv")


def flips():
    """Wrong labels in images: README, docs/detection.md."""
    runs = read_runs()
    runs = runs[(runs["part"] == "flips") & (runs["variant"] == "uniform")]
    f1 = runs.groupby(["data", "n", "rate", "contender"])["f1"].mean()
    estimated = runs.groupby(["data", "n", "rate", "contender"])["estimated"].mean()
    rows = []
    for data, name in IMAGES.items():
        for n, rate in SETTINGS:
            cell = (data, n, rate)
            found = [f1[*cell, c] for c in ("ensemble", "cleanlab-same-scores", "cleanlab")]
            row = [name, f"{n:,}", f"{100 * rate:g} %", *(f"{value:.2f}" for value in found)]
            rows.append([*row, f"{estimated[*cell, 'ensemble']:.3f}"])
    header = ["data", "rows", "flipped", "ensemble", "cleanlab, same scores", "cleanlab"]
    return markdown_table([*header, "estimated share"], rows)


def any_data():
    """A mixed table and texts, cleanlab with the better classifier: README, docs/detection.md."""
    runs = read("any_data").groupby(["data", "rate", "contender"]).mean(numeric_only=True)
    rows = []
    for data, name in SETS.items():
        for rate in (0.05, 0.1):
            found = runs.loc[data, rate]
            own, peers = found.loc["ensemble"], found[found.index.str.startswith("cleanlab")]
            row = [name, f"{own['rows']:,.0f}", f"{100 * rate:g} %", f"{own['f1']:.2f}"]
            row += [f"{peers['f1'].max():.2f}", f"{own['estimated']:.3f}"]
            rows.append([*row, f"{own['cpu_seconds']:.0f}"])
    header = ["data", "rows", "flipped", "ensemble", "cleanlab", "estimated share", "CPU s"]
    return markdown_table(header, rows)


def audits():
    """The audit beside Datalab: README."""
    f1 = read("audit_peers").groupby(["data", "rate", "contender"])["f1"].mean()
    rows = []
    for data, name in AUDITED.items():
        of_rates = [f1[data, rate] for rate in (0.05, 0.1)]
        own = " / ".join(f"{found['audit']:.2f}" for found in of_rates)
        best = " / ".join(f"{found.drop('audit').max():.2f}" for found in of_rates)
        rows.append([name, own, best])
    return markdown_table(["data", "audit", "Datalab at its best"], rows)


def attacks_growth():
    """A gradient step's milliseconds against rows and columns: docs/engine.md."""
    table = read("attacks_growth")
    parts = []
    for varied, key, head in (
        ("n_train", "n_train", "training rows, 768 columns"),
        ("n_features", "n_features", "columns, 500 training rows"),
    ):
        own = table[table["varied"] == varied].pivot(
            index=key, columns="kernel", values="cpu_ms_a_step"
        )
        rows = [
            [f"{n:,}", *(f"{row[k]:.2f}" for k in ("linear", "rbf"))] for n, row in own.iterrows()
        ]
        parts.append(markdown_table([head, "linear, ms a step", "RBF, ms a step"], rows))
    return "\n\n".join(parts)


def attacks_summary():
    """Gradient attacks beside their peers: docs/engine.md."""
    rows = []
    for row in read("attacks_summary").itertuples(index=False):
        if row.contender == "art":
            measured = ["–", f"{row.n_steps:.0f}", f"{row.cpu_ms_a_step:,.0f}", "–", "–"]
            rows.append([row.cell, "ART (cost of a step)", row.runs, *measured])
        elif row.contender in OURS:
            lost = f"{100 * row.accuracy_clean:.1f} → {100 * row.accuracy:.1f}"
            measured = [f"{row.cpu_s:.2f}", f"{row.n_steps:.0f}", f"{row.cpu_ms_a_step:.2f}"]
            measured += [f"{row.objective:.2f}", lost]
            rows.append([row.cell, OURS[row.contender], row.runs, *measured])
    header = ["cell", "contender", "runs", "CPU s a set", "steps", "CPU ms a step", "objective"]
    return markdown_table([*header, "accuracy, clean → poisoned"], rows)


def certificates():
    """Certified accuracy: docs/robust.md."""
    radii = (1, 10, 30, 100, 300)
    rows = [
        [
            row["data"],
            row["learner"],
            f"{row['accuracy']:.3f}",
            f"{row['median_radius']:g}",
            *(f"{row[f'certified_{radius}']:.3f}" for radius in radii),
            f"{row['cpu_s']:.1f}",
        ]
        for _, row in read("certificates").iterrows()
    ]
    header = ["data", "learner", "accuracy", "median certificate"]
    return markdown_table([*header, *(f"at {radius}" for radius in radii), "CPU s"], rows)


def regression():
    """Mean squared errors behind defences: docs/regression.md."""
    table = read("regression")
    rows = [
        [*row[:3], *("–" if pd.isna(value) else f"{value:.4f}" for value in row[3:])]
        for row in table.itertuples(index=False, name=None)
    ]
    return markdown_table(list(table.columns), rows)


def networks():
    """CPU seconds of detectors on each back end of Keras: docs/reproduction.md."""
    runs = read("networks").query("part == 'detectors'")
    table = runs.pivot(index="what", columns="backend", values="cpu_s").loc[runs["what"].unique()]
    rows = [
        [what, *(f"{row[backend]:.1f}" for backend in BACKENDS)] for what, row in table.iterrows()
    ]
    return markdown_table(["fit", *BACKENDS.values()], rows)


INCLUDED = {
    "any_data": any_data,
    "attacks_growth": attacks_growth,
    "attacks_summary": attacks_summary,
    "certificates": certificates,
    "flips": flips,
    "networks": networks,
    "regression": regression,
}


def of_readme():
    """All tables of README that quote results."""
    return [flips(), any_data(), audits(), overall(read_leaderboard())]


def put(table, text):
    """The text with the table in the place of the one that has its head."""
    head = table.split("\n", 1)[0] + "\n"
    before, found, after = text.partition(head)
    if not found:
        raise ValueError(f"README has no table with the head {head!r}.")
    lines = after.split("\n")
    rest = next(place for place, line in enumerate(lines) if not line.startswith("|"))
    return before + table + "\n" + "\n".join(lines[rest:])


def main():
    for name, table in INCLUDED.items():
        (RESULTS / f"{name}.md").write_text(table() + "\n", encoding="utf-8")
    text = README.read_text(encoding="utf-8")
    for table in of_readme():
        text = put(table, text)
    README.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
