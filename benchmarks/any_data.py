"""Rows as people have them: a mixed table, texts, embeddings, and two jobs in place of one.

    python benchmarks/any_data.py [--parts adult banking embeddings jobs] [--seeds 3]

Wants SKPOISON_DATA. Appends to ``benchmarks/results/any_data.csv``, one row a data set, rate, seed
and contender, each run in a process of its own; what is there is not run again.

- adult: 32,561 rows of numbers, categories and gaps, handed over as a DataFrame.
- banking: 10,016 texts of 77 classes, handed over as strings.
- embeddings: 5,000 images of ten classes as 384 leading components in single precision.
- jobs: 20,000 images of ten classes, one job and two by turns.

Labels are flipped to any other class at rates 0, 5 and 10 %. cleanlab gets the rows as the detector
encodes them, and cross-fits the classifier that its contender is named after.
"""

import argparse
import os
import time
import warnings
from concurrent.futures import ProcessPoolExecutor
from itertools import product
from multiprocessing import get_context
from pathlib import Path

import honest_sets
import numpy as np
import pandas as pd
from contenders import _peak_mib, by_probabilities, of_detector
from detection import flip
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from skpoison.detectors import EnsembleDetector
from skpoison.detectors._encoding import kind_of, make_encoder
from skpoison.metrics import poison_report

RESULTS = Path(__file__).parent / "results" / "any_data.csv"
KEYS = ["data", "rate", "seed", "contender"]
MEASURES = ["rows", "f1", "precision", "recall", "flagged", "estimated", "low", "high"]
MEASURES += ["cpu_seconds", "seconds", "peak_mib"]
RATES = (0.0, 0.05, 0.1)
PEERS = {
    "adult": ("logistic C=.1", "boosting"),
    "banking": ("logistic C=.1", "logistic C=1"),
    "embeddings": ("logistic C=.1", "logistic C=1"),
}
N_IMAGES = {"embeddings": 5000, "jobs": 20_000}


def adult(data_home):
    """Rows and labels of the census table."""
    path = Path(data_home) / "tables" / "adult-train.csv"
    rows = pd.read_csv(path, header=None, skipinitialspace=True, na_values="?")
    rows.columns = [f"column {number}" for number in rows.columns]
    return rows, rows.pop(rows.columns[-1]).to_numpy(dtype=str)


def banking(data_home):
    """Texts and what they ask for."""
    rows = pd.read_csv(Path(data_home) / "tables" / "banking_train.csv")
    return rows["text"].tolist(), rows["category"].to_numpy(dtype=str)


def embeddings(data_home, n_rows=N_IMAGES["embeddings"]):
    """Leading components of images."""
    X, y = honest_sets.draw_images("mnist", n_rows, 0, data_home=data_home)
    return PCA(384, random_state=0).fit_transform(X).astype(np.float32), y


def jobs(data_home, n_rows=N_IMAGES["jobs"]):
    """Images."""
    return honest_sets.draw_images("mnist", n_rows, 0, data_home=data_home)


def peer_classifier(name):
    """What cleanlab cross-fits."""
    if name == "boosting":
        return HistGradientBoostingClassifier(random_state=0)
    model = LogisticRegression(C=float(name.split("=")[1]), max_iter=2000)
    return make_pipeline(StandardScaler(), model)


def judge(contender, X, y, n_jobs=None):
    """The verdict of one contender, and what it cost."""
    before, cpu, wall = _peak_mib(), time.process_time(), time.perf_counter()
    if contender.startswith("cleanlab"):
        encoder = make_encoder(kind_of(X))
        rows = X if encoder is None else encoder.fit_transform(X)
        codes = np.unique(y, return_inverse=True)[1]
        model = peer_classifier(contender.split(", ")[1])
        verdict = by_probabilities(
            codes, cross_val_predict(model, rows, codes, cv=5, method="predict_proba")
        )
    else:
        verdict = of_detector(EnsembleDetector(n_jobs=n_jobs, random_state=0).fit(X, y))
    return verdict | {
        "cpu_seconds": time.process_time() - cpu,
        "seconds": time.perf_counter() - wall,
        "peak_mib": _peak_mib() - before,
    }


def measure(data, rate, seed, contender, data_home):
    """One row of the results."""
    X, right = globals()[data](data_home)
    y, wrong = flip(right, "uniform", rate, seed)
    n_jobs = int(contender.split()[0]) if data == "jobs" else None
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        verdict = judge(contender, X, y, n_jobs)
    flagged, row = verdict.pop("flagged"), {"rows": len(y)}
    if wrong.any():
        row |= poison_report(wrong, 1 - 2 * flagged.astype(int), verdict["scores"])
    row |= verdict | dict(zip(KEYS, (data, rate, seed, contender), strict=True))
    return {name: row.get(name) for name in KEYS + MEASURES} | {"flagged": flagged.mean()}


def tasks(options):
    """What is to be measured, seeds outermost."""
    for seed, data in product(range(options.seeds), options.parts):
        if data == "jobs":
            yield from ((data, 0.05, seed, f"{n} jobs") for n in (1, 2))
            continue
        for rate in options.rates:
            for contender in ("ensemble", *(f"cleanlab, {peer}" for peer in PEERS[data])):
                yield data, rate, seed, contender


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--parts", nargs="+", choices=[*PEERS, "jobs"], default=[*PEERS, "jobs"])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--rates", nargs="+", type=float, default=RATES)
    parser.add_argument("--contenders", nargs="+", help="default: all")
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--data-home", default=os.environ.get("SKPOISON_DATA"))
    options = parser.parse_args(arguments)
    done = set()
    if options.results.exists():
        done = set(pd.read_csv(options.results)[KEYS].itertuples(index=False, name=None))
    for task in tasks(options):
        if task in done or task[-1] not in (options.contenders or [task[-1]]):
            continue
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
            row = process.submit(measure, *task, options.data_home).result()
        table = pd.DataFrame([row]).round(4)
        table.to_csv(options.results, mode="a", header=not options.results.exists(), index=False)
        print(table.to_string(index=False, header=False), flush=True)


if __name__ == "__main__":
    main()
