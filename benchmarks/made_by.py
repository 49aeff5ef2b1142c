"""Which results are older than the code that they measure.

    python benchmarks/made_by.py [paper/mnist_4_9_60_runs ...]

Writes ``benchmarks/results/made_by.csv``: for each file of results and each estimator that it
measures a digest of its rows, the commit at which they were made, and the key of the estimator's
code at that time (that of the store of ``skpoison run``: all modules of the library that it
imports, without comments and docstrings). Rows that have changed since the last call get today's
key, and those of the results that are named, which were made again with the same outcome; all
others keep theirs. ``is_stale`` says that the code has changed since. A test fails where the file
is not up to date.
"""

import argparse
import hashlib
import subprocess
from pathlib import Path

import pandas as pd

from skpoison.experiments._sources import _defining, source_hash
from skpoison.utils import all_estimators

RESULTS = Path(__file__).parent / "results"
MADE_BY = RESULTS / "made_by.csv"
PAPER = ["ReconstructionDetector", "CAEDetector", "CAEPlusDetector", "MagNetDetector"]
# A column of short names, or what all rows measure.
MEASURED = {
    "any_data.csv": "contender",
    "attacks.csv": ["attacks.GradientPoisoningAttack"],
    "attacks_growth.csv": ["attacks.GradientPoisoningAttack"],
    "audit_cost.csv": ["audit._audit.audit"],
    "audit_honest.csv": ["audit._audit.audit"],
    "audit_peers.csv": ["audit._audit.audit"],
    "audit_planted.csv": ["audit._audit.audit"],
    "backdoors.csv": [
        "attacks.BackdoorAttack",
        *[f"detectors.{name}Detector" for name in ("SpectralSignature", "Spectre", "Strip")],
        *[f"detectors.{name}Detector" for name in ("TriggerSearch", "ActivationClustering")],
    ],
    "beyond_memory.csv": ["detectors.BlockwiseDetector", "detectors.EnsembleDetector"],
    "cae_plus_pools.csv": [
        f"detectors.{n}Detector" for n in ("CrossFittedCAE", "ConfidentLearning")
    ],
    "cae_plus_runs.csv": ["detectors.CrossFittedCAEDetector"],
    "certificates.csv": [
        f"robust.{name}Classifier"
        for name in ("PartitionAggregation", "CertifiedBagging", "CertifiedNeighbors")
    ],
    "clean_label.csv": ["attacks.GradientMatchingAttack", "attacks.FeatureCollisionAttack"],
    "detection_runs.csv": "contender",
    "label_attacks.csv": "attack",
    "leaderboard_runs.csv.gz": "detector",
    "multilabel.csv": ["detectors.TagwiseDetector", "detectors.LabelNoiseDetector"],
    "networks.csv": [f"detectors.{name}" for name in PAPER],
    "regression_runs.csv": [
        "attacks.GradientRegressionAttack",
        "attacks.StatisticalRegressionAttack",
        "detectors.ResidualDetector",
        "robust.TRIMRegressor",
        "robust.SeverRegressor",
    ],
    "trigger_rates.csv": ["attacks.BackdoorAttack", "detectors.TriggerSearchDetector"],
    "valuation.csv": "contender",
}
MEASURED |= {
    f"paper/{path.parent.name}": "detector"
    for path in sorted(RESULTS.parent.glob("paper/results/*/results.csv"))
}
COLUMNS = ["results", "measured", "is_stale", "commit", "date", "rows", "code"]


def path_of(results):
    if results.startswith("paper/"):
        return RESULTS.parent / "paper" / "results" / results.removeprefix("paper/") / "results.csv"
    return RESULTS / results


def by_short_name(kind):
    """Class of each short name, as a package and a name."""
    package = f"{kind}s"
    return {
        short: f"{package}.{name}"
        for name, estimator in all_estimators(kind)
        for short in getattr(estimator, "short_names", {})
    }


def digests(path, measured):
    """A digest of the rows that measure a class, for each class."""
    if isinstance(measured, list):
        return dict.fromkeys(measured, _digest(path.read_bytes()))
    rows = pd.read_csv(path, dtype=str)
    names = rows[measured].str.removesuffix(" + mixture")
    names = names.replace(r"^10-NN.*", "label-disagreement", regex=True)
    classes = names.map(by_short_name("attack" if measured == "attack" else "detector"))
    return {
        name: _digest(of_class.to_csv(index=False).encode())
        for name, of_class in rows.groupby(classes)
    }


def _digest(content):
    return hashlib.sha256(content).hexdigest()[:12]


def code_of(name):
    """The key of a class or function, given as a module and a name."""
    package, attribute = name.rsplit(".", 1)
    return source_hash(_defining(f"skpoison.{package}", attribute))[:12]


def read():
    return pd.read_csv(MADE_BY, dtype={"commit": str}) if MADE_BY.exists() else None


def table(old, commit, date):
    """What the file should hold, given what it holds."""
    rows = []
    if old is not None:
        old = {(row.results, row.measured): row for row in old.itertuples(index=False)}
    for results, measured in MEASURED.items():
        for name, digest in digests(path_of(results), measured).items():
            code, before = code_of(name), (old or {}).get((results, name))
            made = (commit, date, code)
            if before is not None and before.rows == digest:
                made = (before.commit, before.date, before.code)
            rows.append((results, name, made[-1] != code, *made[:2], digest, made[-1]))
    return pd.DataFrame(rows, columns=COLUMNS)


def notes():
    """A sentence on each file of results, for the page that shows it; keys have underscores."""
    notes = {}
    for results, rows in read().groupby("results"):
        commits = " and ".join(rows["commit"].unique()[:3])
        more = ", among others" * (rows["commit"].nunique() > 3)
        stale = rows["measured"][rows["is_stale"]].str.split(".").str[-1]
        text = f"Made at {commits}{more} ({rows['date'].max()})"
        if len(stale) == 0:
            text += ", by the code as it is"
        elif len(stale) == len(rows):
            text += "; the code has changed since"
        else:
            text += f"; since then the code of {', '.join(stale)} has changed"
        key = results.split(".")[0].replace("/", "_")
        notes[f"made_by_{key}"] = f"{text} ([all results](results.md))."
    return notes


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("again", nargs="*", help="results that were made again")
    again = parser.parse_args().again
    old = read()
    if old is not None:
        old = old[~old["results"].isin(again)]
    git = ["git", "-C", RESULTS, "log", "-1", "--format=%h %as"]
    commit, date = subprocess.run(git, capture_output=True, text=True, check=True).stdout.split()
    table(old, commit, date).to_csv(MADE_BY, index=False)


if __name__ == "__main__":
    main()
