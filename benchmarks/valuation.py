"""Data valuation against wrong labels: this library's detectors, pyDVL and Orange's mislabeled.

    python benchmarks/valuation.py --pydvl-python PYDVL/bin/python \
        --mislabeled-python MISLABELED/bin/python

Wants SKPOISON_DATA. A part of the labels is flipped to any other class, at rates 0 and 10 %, in
1,000 images of MNIST, in the 1,797 digits and in 2,000 rows of adult. Every contender gets the same
rows of numbers: adult as the detectors encode it, columns standardised unless they are pixels. The
peers rank rows and leave the cut to the user; they run as workers in an environment of their own,
which ``make -C benchmarks peers`` makes, and are left out without one. Everything runs in one
thread. Appends to ``benchmarks/results/valuation.csv``, one row a data set, rate, seed and
contender; what is there is not run again.
"""

import argparse
import json
import os
import subprocess
import time
import warnings
from functools import partial
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

import honest_sets
import numpy as np
import pandas as pd
from any_data import adult
from attacks import SINGLE_THREADED
from detection import flip
from sklearn.metrics import average_precision_score, f1_score
from threadpoolctl import threadpool_limits

from skpoison.detectors._cross_fitting import is_unit_scaled
from skpoison.detectors._encoding import kind_of, make_encoder
from skpoison.detectors._standardizer import Standardizer
from skpoison.utils import make_estimator

HERE = Path(__file__).parent
RESULTS = HERE / "results" / "valuation.csv"
KEYS = ["data", "rate", "seed", "contender"]
DETECTORS = ("knn-shapley", "data-oob", "area-under-margin", "self-influence")
DETECTORS += ("label-noise", "ensemble", "margin", "confident-learning", "label-disagreement")
PEERS = {
    "pydvl": ("knn-shapley", "data-oob"),
    "mislabeled": ("area-under-margin", "self-influence", "consensus"),
}
N_ROWS = {"mnist": 1000, "digits": 1797, "adult": 2000}


def draw_rows(data, seed, n_rows, data_home):
    """Rows of numbers on one scale, and their labels."""
    if data == "mnist":
        return honest_sets.draw_images("mnist", n_rows, seed, data_home=data_home)
    if data == "digits":
        X, y = honest_sets.draw_images("digits", 1797, seed)
    else:
        X, y = adult(data_home)
    rows = np.random.RandomState(seed).permutation(len(y))[:n_rows]
    X, y = (X.iloc[rows] if data == "adult" else X[rows]), y[rows]
    encoder = make_encoder(kind_of(X))
    X = np.asarray(X if encoder is None else encoder.fit_transform(X), dtype=np.float64)
    return (X if is_unit_scaled(X) else Standardizer(X)(X)), y


def by_detector(name, X, y, seed):
    """Score rows by a detector of the library."""
    detector = make_estimator("detector", name, random_state=seed)
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        start = time.process_time()
        detector.fit(X, y)
        cpu_s = time.process_time() - start
    flagged = detector.training_scores_ < detector.offset_
    return {"scores": detector.training_scores_, "flagged": flagged, "cpu_s": cpu_s}


def by_peer(python, peer, method, X, y, seed):
    """Score rows by a worker of a peer."""
    with TemporaryDirectory() as folder:
        rows, result = Path(folder) / "rows.npz", Path(folder) / "result.npz"
        codes = np.unique(y, return_inverse=True)[1]
        settings = json.dumps({"method": method, "random_state": seed})
        np.savez(rows, X=X, y=codes, settings=settings)
        worker = HERE / "peers" / f"{peer}_worker.py"
        environment = os.environ | SINGLE_THREADED | {"PYTHONPATH": ""}
        subprocess.run([python, worker, rows, result], check=True, env=environment)
        with np.load(result) as found:
            return {"scores": found["scores"], "flagged": None, "cpu_s": found["cpu_s"].item()}


def measure(wrong, scores, flagged, cpu_s):
    """Average precision, F1 of "auto", and F1 of as many rows as are wrong."""
    row = {"rows": len(wrong), "cpu_s": round(cpu_s, 2)}
    if flagged is not None:
        row["flagged"] = round(flagged.mean(), 4)
    if wrong.any():
        lowest = np.zeros(len(wrong), dtype=bool)
        lowest[np.argsort(scores, kind="stable")[: wrong.sum()]] = True
        row["average_precision"] = round(average_precision_score(wrong, -scores), 4)
        row["f1_at_true_share"] = round(f1_score(wrong, lowest), 4)
        if flagged is not None:
            row["f1"] = round(f1_score(wrong, flagged), 4)
    return row


MEASURES = ["rows", "average_precision", "f1", "f1_at_true_share", "flagged", "cpu_s"]


def contenders(pythons):
    """Names of those that can run here, and how to run each."""
    found = {name: partial(by_detector, name) for name in DETECTORS}
    for peer, methods in PEERS.items():
        if not pythons[peer]:
            print(f"{peer}: left out, for want of --{peer}-python")
            continue
        for method in methods:
            found[f"{peer} {method}"] = partial(by_peer, pythons[peer], peer, method)
    return found


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", nargs="+", choices=N_ROWS, default=list(N_ROWS))
    parser.add_argument("--rates", nargs="+", type=float, default=(0.1, 0.0))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--rows", type=int, help="default: as above")
    parser.add_argument("--contenders", nargs="+", help="default: all")
    for peer in PEERS:
        parser.add_argument(
            f"--{peer}-python", default=os.environ.get(f"SKPOISON_{peer.upper()}_PYTHON", "")
        )
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--data-home", default=os.environ.get("SKPOISON_DATA"))
    options = parser.parse_args(arguments)
    done = set()
    if options.results.exists():
        done = set(pd.read_csv(options.results)[KEYS].itertuples(index=False, name=None))
    pythons = {peer: getattr(options, f"{peer}_python") for peer in PEERS}
    entrants = contenders(pythons)
    entrants = {name: entrants[name] for name in options.contenders or entrants}
    for seed, data in product(range(options.seeds), options.data):
        X, right = draw_rows(data, seed, options.rows or N_ROWS[data], options.data_home)
        for rate, (name, judge) in product(options.rates, entrants.items()):
            key = (data, rate, seed, name)
            if key in done:
                continue
            y, wrong = flip(right, "uniform", rate, seed)
            if rate == 0 and name.split()[0] in PEERS:
                continue  # without a cut there is nothing to count
            row = dict(zip(KEYS, key, strict=True)) | measure(wrong, **judge(X, y, seed))
            table = pd.DataFrame([row], columns=KEYS + MEASURES)
            header = not options.results.exists()
            table.to_csv(options.results, mode="a", header=header, index=False)
            print(table.to_string(index=False, header=False), flush=True)


if __name__ == "__main__":
    main()
