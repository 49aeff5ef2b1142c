"""Every detector against every attack: one set at a time, pooled, and under an adaptive attacker.

    python benchmarks/leaderboard.py [--part per_set|pooled|adaptive] [--seeds 20] [--jobs 1]
                                     [--cells "mnist 0 v 1" ...] [--detectors ensemble ...]
                                     [--rates 0.05 0.1 0.2 0.3]
    python benchmarks/leaderboard_report.py

Appends to ``benchmarks/results/leaderboard_runs.csv.gz``, one row a cell, seed, attack, rate and
detector; what is there is not run again. As in the paper, an attack places 30 poison rows on 100
clean ones, and smaller rates are the first of them in random order.

- per_set: a detector is fitted to the poisoned set and judges its rows.
- pooled: it is fitted to 15 draws' sets together and judges the rows of five others.
- adaptive: the optimal attack, moved until the detector flags none of it (if it can be).
"""

import argparse
import os
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from sklearn.datasets import load_breast_cancer
from sklearn.preprocessing import minmax_scale
from sklearn.svm import SVC
from slice import Cleanlab, victim_for

from skpoison.attacks import AdaptivePoisoningAttack, GradientPoisoningAttack
from skpoison.datasets import load_images, split_rows
from skpoison.detectors import NeighborDisagreementDetector
from skpoison.metrics import poison_report, recovered_accuracy
from skpoison.thresholds import GaussianMixtureThreshold
from skpoison.utils import make_estimator

RUNS = Path(__file__).parent / "results" / "leaderboard_runs.csv.gz"
CELLS = {
    "mnist 0 v 1": ("mnist", (0, 1)),
    "mnist 3 v 8": ("mnist", (3, 8)),
    "fashion 0 v 1": ("fashion_mnist", (0, 1)),
    "fashion 2 v 4": ("fashion_mnist", (2, 4)),
    "fashion 5 v 7 v 9": ("fashion_mnist", (5, 7, 9)),
    "cifar10 0 v 1": ("cifar10", (0, 1)),
    "breast cancer": ("breast_cancer", None),
}
ATTACKS = ["flipping", "adversarial-flipping", "optimal", "semi-optimal", "mixed"]
RATES = (0.05, 0.1, 0.2, 0.3)
QUICK_DETECTORS = [
    *["ensemble", "margin", "influence", "label-disagreement", "confident-learning"],
    *["class-conditional", "centroid", "knn", "slab", "spectral", "activation-clustering"],
    *["10-NN + mixture", "cleanlab"],
]
N_TRAIN, N_POISON, N_POOLED, N_ASSESSED = 100, 30, 15, 5
KEYS = ["part", "cell", "seed", "attack", "rate", "detector"]


def make_detector(name, image_shape, seed):
    """A library's detector by its short name, or one of the two peers."""
    if name == "10-NN + mixture":
        return NeighborDisagreementDetector(
            contamination=GaussianMixtureThreshold(), random_state=seed
        )
    if name == "cleanlab":
        return Cleanlab(random_state=seed)
    return make_estimator("detector", name, image_shape=image_shape, random_state=seed)


def draw(cell, seed, data_home):
    """Rows, labels and image shape; positions of training, attacker's and test rows; victim."""
    dataset, classes = CELLS[cell]
    if dataset == "breast_cancer":
        X, y = load_breast_cancer(return_X_y=True)
        X, image_shape, victim = minmax_scale(X), None, SVC(kernel="linear")
    else:
        images = load_images(dataset, classes=classes, data_home=data_home)
        X, y, image_shape = images.data, images.target, images.image_shape
        victim = victim_for(image_shape, X.shape[1])
    parts = split_rows(y, n_train=N_TRAIN, random_state=seed)
    return [(X[part], y[part]) for part in parts], image_shape, victim


def poisoned_sets(cell, seed, data_home, rates):
    """Yield (attack, rate, X, y, poison_mask), first the set without poison."""
    ((X, y), (X_val, y_val), _), _, victim = draw(cell, seed, data_home)
    yield "none", 0.0, X, y, np.zeros(len(X), dtype=bool)
    for name in ATTACKS:
        attack = make_estimator("attack", name, rate=N_POISON, estimator=victim, random_state=seed)
        X_out, y_out = attack.fit_resample(X, y, X_val=X_val, y_val=y_val)
        poison = np.flatnonzero(attack.poison_mask_)
        poison = np.random.default_rng(seed).permutation(poison)
        for rate in rates:
            rows = np.append(np.arange(len(X)), poison[: round(rate * N_TRAIN)])
            yield name, rate, X_out[rows], y_out[rows], attack.poison_mask_[rows]


def judge(victim, test, X, y, poison, detector, verdict, scores, seconds):
    """One row of the table."""
    report = poison_report(poison, verdict, scores)
    low, high = getattr(detector, "contamination_interval_", (np.nan, np.nan))
    return {
        "clean": recovered_accuracy(victim, X, y, 1 - 2 * poison, *test),
        "poisoned": recovered_accuracy(victim, X, y, np.ones(len(y)), *test),
        "defended": recovered_accuracy(victim, X, y, verdict, *test),
        **{
            name: report[name]
            for name in ("f1", "roc_auc", "average_precision", "false_negative_rate")
        },
        "clean_removed": report["clean_removed"],
        "share": poison.mean(),
        "estimated": getattr(detector, "contamination_", np.nan),
        "low": low,
        "high": high,
        "seconds": seconds,
    }


def per_set(cell, seed, detectors, data_home, rates):
    (_, _, test), image_shape, victim = draw(cell, seed, data_home)
    rows = []
    for attack, rate, X, y, poison in poisoned_sets(cell, seed, data_home, rates):
        for name in detectors:
            detector = make_detector(name, image_shape, seed)
            start = time.process_time()
            verdict = detector.fit_predict(X, y)
            seconds = time.process_time() - start
            row = judge(
                victim, test, X, y, poison, detector, verdict, detector.training_scores_, seconds
            )
            rows.append({"attack": attack, "rate": rate, "detector": name} | row)
    return rows


def pooled(cell, pool, detectors, data_home, rates):
    """All attacks at the largest rate: fitted to one pool, five other draws are judged."""
    sets = {}
    for number in range(N_POOLED):
        seed = 1000 * (pool + 1) + number
        for attack, _, X, y, _ in poisoned_sets(cell, seed, data_home, rates[-1:]):
            sets.setdefault(attack, []).append((X, y))
    _, image_shape, victim = draw(cell, 0, data_home)
    fitted, seconds = {}, {}
    for attack, of_attack in sets.items():
        X, y = (np.concatenate(arrays) for arrays in zip(*of_attack, strict=True))
        for name in detectors:
            start = time.process_time()
            fitted[attack, name] = make_detector(name, image_shape, pool).fit(X, y)
            seconds[attack, name] = time.process_time() - start
    rows = []
    for seed in range(N_ASSESSED * pool, N_ASSESSED * (pool + 1)):
        (_, _, test), _, _ = draw(cell, seed, data_home)
        for attack, rate, X, y, poison in poisoned_sets(cell, seed, data_home, rates[-1:]):
            for name in detectors:
                detector = fitted[attack, name]
                scores, verdict = detector.score_samples(X, y), detector.predict(X, y)
                row = judge(
                    victim, test, X, y, poison, detector, verdict, scores, seconds[attack, name]
                )
                rows.append({"seed": seed, "attack": attack, "rate": rate, "detector": name} | row)
    return rows


def adaptive(cell, seed, detectors, data_home, rates):
    """The accuracy column "poisoned" is that of the plain optimal attack without any defence."""
    ((X, y), (X_val, y_val), test), image_shape, victim = draw(cell, seed, data_home)
    plain = GradientPoisoningAttack(victim, rate=N_POISON, random_state=seed)
    X_out, y_out = plain.fit_resample(X, y, X_val=X_val, y_val=y_val)
    poisoned = recovered_accuracy(victim, X_out, y_out, np.ones(len(y_out)), *test)
    rows = []
    for name in detectors:
        detector = make_detector(name, image_shape, seed)
        attack = AdaptivePoisoningAttack(
            GradientPoisoningAttack(victim), detector, rate=N_POISON, random_state=seed
        )
        start = time.process_time()
        X_out, y_out = attack.fit_resample(X, y, X_val=X_val, y_val=y_val)
        seconds = time.process_time() - start
        verdict = detector.fit_predict(X_out, y_out)
        poison = attack.poison_mask_
        scores = detector.training_scores_
        row = judge(victim, test, X_out, y_out, poison, detector, verdict, scores, seconds)
        row["poisoned"] = poisoned
        rows.append({"attack": "adaptive", "rate": rates[-1], "detector": name} | row)
    return rows


PARTS = {"per_set": per_set, "pooled": pooled, "adaptive": adaptive}


def run(part, cell, seed, detectors, data_home=None, rates=None):
    """Table of one cell and seed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # poison rows that did not move
        table = pd.DataFrame(PARTS[part](cell, seed, detectors, data_home, rates or RATES))
    if "seed" not in table:
        table["seed"] = seed
    return table.assign(part=part, cell=cell)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--part", choices=PARTS, default="per_set")
    parser.add_argument("--cells", nargs="+", choices=CELLS, default=list(CELLS))
    parser.add_argument("--detectors", nargs="+", default=QUICK_DETECTORS)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--rates", nargs="+", type=float, default=RATES)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--data-home", default=os.environ.get("SKPOISON_DATA"))
    parser.add_argument("--runs", type=Path, default=RUNS)
    arguments = parser.parse_args()

    done = pd.read_csv(arguments.runs) if arguments.runs.exists() else pd.DataFrame(columns=KEYS)
    finished = set(done[["part", "cell", "seed", "detector"]].itertuples(index=False, name=None))
    todo = []
    for seed in range(1 if arguments.part == "pooled" else arguments.seeds):
        for cell in arguments.cells:
            missing = [
                name
                for name in arguments.detectors
                if (arguments.part, cell, seed, name) not in finished
            ]
            if missing:
                todo.append((arguments.part, cell, seed, missing))
    tables = Parallel(n_jobs=arguments.jobs, return_as="generator_unordered")(
        delayed(run)(*task, arguments.data_home, arguments.rates) for task in todo
    )
    for number, table in enumerate(tables, 1):
        done = pd.concat([done, table.round(4)], ignore_index=True) if len(done) else table.round(4)
        partial = arguments.runs.with_suffix(".partial")
        done.to_csv(partial, index=False, compression="gzip")
        partial.replace(arguments.runs)
        print(f"{number}/{len(todo)}: {table['cell'][0]}, seed {table['seed'][0]}", flush=True)


if __name__ == "__main__":
    main()
