"""Results of the paper's protocol, the published code's beside them, as Markdown tables.

    python benchmarks/paper/tables.py benchmarks/paper/results/*/

Writes ``tables.md``, which the docs include, into each folder: one that ``skpoison run`` has made,
or its protocol.yaml and results.csv. published.csv holds what the published code reached in a small
run (2 assessment sets, detectors pooled over 10 training sets) in its own environment.
"""

import sys
from pathlib import Path

import pandas as pd

from skpoison.experiments import Protocol
from skpoison.experiments._figures import UNDEFENDED, summarise

HERE = Path(__file__).parent


def table(results, published, protocol, measure, published_measure):
    """Rows: attack and rate; columns: detectors; "ours ± interval (published)" in the cells."""
    summary = summarise(results, measure)
    detectors = [UNDEFENDED, *protocol.detectors]
    if measure != "defended_accuracy":
        detectors = detectors[1:]
        summary = summary[summary["rate"] > 0]
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
            reference = published.query(
                "attack == @known_as and poison_rows == @n_poison and detector == @detector"
            )[published_measure].dropna()
            text = f"{cell['mean']:.3f} ± {cell['half_width']:.3f}"
            shown.append(text + "".join(f" ({value:.3f})" for value in reference))
        lines.append(f"| {known_as} | {n_poison} | " + " | ".join(shown) + " |")
    return "\n".join(lines)


def markdown(folder):
    """Both tables of one folder of results."""
    protocol = Protocol.from_yaml(folder / "protocol.yaml")
    results = pd.read_csv(folder / "results.csv", keep_default_na=False, na_values=[""])
    classes = "-".join(map(str, protocol.classes))
    published = pd.read_csv(HERE / "published.csv", keep_default_na=False, na_values=[""])
    same = (published["dataset"] == protocol.dataset) & (published["classes"] == classes)
    published = published[same & (protocol.fit == "pooled")]
    accuracy = table(results, published, protocol, "defended_accuracy", "accuracy")
    f1 = table(results, published, protocol, "f1", "f1")
    return f"Accuracy of the victim after filtering:\n\n{accuracy}\n\nF1:\n\n{f1}\n"


if __name__ == "__main__":
    for folder in map(Path, sys.argv[1:]):
        (folder / "tables.md").write_text(markdown(folder), encoding="utf-8")
