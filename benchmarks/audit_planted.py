"""Planted issues: what `skpoison.audit` finds, and what it finds where nothing was planted.

    python benchmarks/audit_planted.py --wheels FOLDER [--part tuning] [--sets ...] [--kinds ...]
    python benchmarks/audit_planted.py --wheels FOLDER --part honest

The first appends to ``benchmarks/results/audit_planted.csv`` one line a data set, kind, strength
and seed; lines that are there are not run again. `asked` and `found` are what the kind said,
`recall`, `precision` and `f1` compare its flagged rows with those planted (of a leak, an order and
a group there are none), and `others` lists the other kinds that found something: wrong labels go
with many of these issues. Lines of the kind "none" are honest draws, where `others` lists all that
found something and `flagged` counts the rows that any of them flags. CPU seconds are those of the
whole audit, in one thread.

The kinds were built and their constants chosen with the tuning sets; those reported have been
looked at for nothing else. Sets are those of ``audit_sets.py``, left out where they are not there;
``planting.py`` says what is planted. Rows are drawn by the seed and shuffled.

The second writes ``audit_honest.csv``: tables as they come, the rows called wrong labels, and what
the audit says of them.
"""

import argparse
import os
import time
import warnings
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
from audit_sets import load_set
from planting import OF_TASK, STRENGTHS, plant, take, task_of
from sklearn.metrics import f1_score, precision_score, recall_score
from threadpoolctl import threadpool_limits

from skpoison.audit import audit

RESULTS = Path(__file__).parent / "results"
SETS = {
    "tuning": ["adult", "breast_cancer", "wine", "mnist", "newsgroups", "banking"],
    "reported": ["segment", "credit", "ionosphere", "reuters", "fashion_mnist"],
}
SETS["tuning"] += ["diabetes", "miles", "multilabel"]
SETS["reported"] += ["housing", "fashion_tags"]
SETS["honest"] = ["iris", "wine", "breast_cancer", "digits", "penguins", "cars", "heart_disease"]
SETS["honest"] += ["zoo", "titanic", "adult", "german", "pima", "saheart", "bupa", "vehicle"]
SETS["honest"] += ["sonar", "credit", "segment", "ionosphere"]
KEYS = ["data", "kind", "strength", "seed"]
MEASURES = ["rows", "asked", "found", "recall", "precision", "f1", "flagged", "others"]
MEASURES += ["cpu_seconds"]
MIXED = ("adult", "penguins", "credit")
ROWS_OF_INFLUENCE = 400
ROWS_OF_HONEST = 2000


def suits(data, kind):
    """Whether the kind can be planted there and makes sense."""
    if kind == "influence":
        return data in ("wine", "breast_cancer", "ionosphere")
    if data == "ionosphere":
        return False  # there for influence alone, of which larger sets are not asked
    if kind in ("outlier", "tight-cluster"):
        return data not in (*MIXED, "miles")  # rare categories are far out by nature
    return not (kind == "leak" and data == "banking")  # no word tells one of 77 labels


def draw(data, n_rows, seed, options):
    """A random draw of the rows, shuffled; None where the set is not there."""
    found = load_set(data, options.data_home, options.wheels)
    if found is None:
        return None
    X, y = found
    rows = np.random.RandomState(seed).permutation(len(y))[:n_rows]
    return take(X, rows), y[rows]


def measure(data, kind, strength, seed, options):
    """One line of the results; None where the set is not there."""
    drawn = draw(data, ROWS_OF_INFLUENCE if kind == "influence" else options.rows, seed, options)
    if drawn is None:
        return None
    X, y = drawn
    rows, keywords = None, {}
    if kind != "none":
        planted = plant(kind, strength, X, y, np.random.RandomState(seed))
        X, y, rows, keywords = planted.X, planted.y, planted.rows, planted.options
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore")
        start = time.process_time()
        found = audit(X, y, random_state=seed, **keywords)
        seconds = time.process_time() - start
    others = [name for name, f in found.findings.items() if f.found and name != kind]
    line = dict(zip(KEYS, (data, kind, strength, seed), strict=True))
    line |= {"rows": len(y), "others": " ".join(others), "cpu_seconds": seconds}
    if kind == "none":
        return line | {"flagged": int(found.rows["flagged"].sum())}
    finding = found.findings[kind]
    line |= {"found": bool(finding.found), "flagged": int(finding.flagged.sum())}
    line["asked"] = finding.asked
    if rows is not None:
        truth = np.isin(np.arange(len(y)), rows)
        for name, score in (("recall", recall_score), ("f1", f1_score)):
            line[name] = score(truth, finding.flagged, zero_division=0)
        line["precision"] = precision_score(truth, finding.flagged, zero_division=0)
    return line


def run_planted(options):
    """Append what is missing."""
    path = options.results / "audit_planted.csv"
    done = set()
    if path.exists():
        done = set(pd.read_csv(path)[KEYS].itertuples(index=False, name=None))
    for seed, data in product(range(options.seeds), options.sets or SETS[options.part]):
        drawn = draw(data, 2, 0, options)
        kinds = [] if drawn is None else ["none", *OF_TASK[task_of(drawn[1])]]
        for kind in kinds:
            if options.kinds and kind not in options.kinds:
                continue
            if kind != "none" and not suits(data, kind):
                continue
            strengths = STRENGTHS.get(kind, (0.0,))
            for strength in strengths[-1:] if options.smoke else strengths:
                if (data, kind, strength, seed) not in done:
                    append(path, measure(data, kind, strength, seed, options))


def append(path, line):
    """Append a line to the results, and print it."""
    table = pd.DataFrame([line], columns=KEYS + MEASURES).round(3)
    table.to_csv(path, mode="a", header=not path.exists(), index=False)
    print(table.to_csv(index=False, header=False).strip(), flush=True)


def run_honest(options):
    """Write one line a table."""
    lines = []
    for data in options.sets or SETS["honest"]:
        drawn = draw(data, ROWS_OF_HONEST, 0, options)
        if drawn is None:
            continue
        with warnings.catch_warnings(), threadpool_limits(1):
            warnings.simplefilter("ignore")
            found = audit(*drawn, random_state=0)
        label, y = found.findings["label"], drawn[1]
        others = [name for name, f in found.findings.items() if f.found and name != "label"]
        line = {"data": data, "rows": len(y), "classes": len(np.unique(y))}
        line |= {"called_wrong": label.flagged.mean()}
        line |= dict(zip(("low", "high"), label.interval, strict=True))
        line |= {"words": label.sentence, "others": " ".join(others)}
        lines.append(line)
        print(line, flush=True)
    pd.DataFrame(lines).round(4).to_csv(options.results / "audit_honest.csv", index=False)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--part", choices=SETS, default="reported")
    parser.add_argument("--sets", nargs="+", help="default: those of the part")
    parser.add_argument("--kinds", nargs="+", choices=["none", *STRENGTHS], help="default: all")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--data-home", default=os.environ.get("SKPOISON_DATA"))
    parser.add_argument("--wheels", help="folder of the wheels")
    parser.add_argument("--smoke", action="store_true", help="one seed at the largest strength")
    options = parser.parse_args(arguments)
    if options.smoke:
        options.seeds = 1
    run_honest(options) if options.part == "honest" else run_planted(options)


if __name__ == "__main__":
    main()
