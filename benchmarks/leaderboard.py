"""Every detector against every attack: one set at a time, pooled, and under an adaptive attacker.

    python benchmarks/leaderboard.py [--part per_set|pooled|adaptive] [--seeds 20] [--jobs 1]
                                     [--cells "mnist 0 v 1" ...] [--detectors ensemble ...]
                                     [--rates 0.05 0.1 0.2 0.3]
    python benchmarks/leaderboard.py --part per_set --detectors ensemble --forget
    python benchmarks/leaderboard_report.py

Appends to ``benchmarks/results/leaderboard_runs.csv.gz``, one row a cell, seed, attack, rate and
detector; what is there is not run again, and ``--forget`` drops rows so that they are. As in the
paper, an attack places 30 poison rows on 100 clean ones, and smaller rates are the first of them
in random order. Poison is kept in ``benchmarks/cache``: delete it when an attack has changed.

- per_set: a detector is fitted to the poisoned set and judges its rows.
- pooled: it is fitted to 15 draws' sets together and judges the rows of five others; every five
  seeds have a pool of their own.
- adaptive: the optimal attack, moved until the detector flags none of it (if it can be).
"""

import argparse
import os
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Memory, Parallel, delayed
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict
from sklearn.preprocessing import minmax_scale
from sklearn.svm import SVC
from threadpoolctl import threadpool_limits

from skpoison.attacks import AdaptivePoisoningAttack, GradientPoisoningAttack
from skpoison.datasets import load_images, split_rows
from skpoison.detectors import BasePoisonDetector
from skpoison.metrics import poison_report, recovered_accuracy
from skpoison.thresholds import FixedThreshold, GaussianMixtureThreshold
from skpoison.utils import make_estimator

HERE = Path(__file__).parent
RUNS = HERE / "results" / "leaderboard_runs.csv.gz"
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
    *["ensemble", "label-noise", "margin", "influence", "label-disagreement"],
    *["confident-learning", "class-conditional", "centroid", "knn", "slab", "spectral"],
    *["activation-clustering", "10-NN + mixture", "cleanlab"],
]
N_TRAIN, N_POISON, N_POOLED, N_ASSESSED = 100, 30, 15, 5
KEYS = ["part", "cell", "seed", "attack", "rate", "detector"]


class Cleanlab(BasePoisonDetector):
    """Peer: cleanlab's find_label_issues on 5-fold logistic regression."""

    auto_threshold = FixedThreshold(0.5)  # not asked: the verdict is cleanlab's

    def fit_predict(self, X, y):
        from cleanlab.filter import find_label_issues

        self.fit(X, y)
        codes = np.searchsorted(self.classes_, y)
        flagged = find_label_issues(codes, self._probabilities, n_jobs=1)
        self.contamination_ = flagged.mean()
        return np.where(flagged, -1, 1)

    def _fit_scores(self, X, y, random_state):
        model = LogisticRegression(max_iter=2000)
        self._probabilities = cross_val_predict(model, X, y, cv=5, method="predict_proba")
        return 1 - self._probabilities

    def _scores(self, X):
        raise NotImplementedError("find_label_issues judges the rows of the fit alone")


def victim_for(image_shape, n_features):
    """The paper's victim: linear for grey images, RBF for colour."""
    if image_shape[-1] == 1:
        return SVC(kernel="linear")
    return SVC(kernel="rbf", gamma=1 / n_features)


def make_detector(name, image_shape, seed):
    """A detector by short name, with the paper's rule where " + mixture" follows, or cleanlab."""
    if name == "cleanlab":
        return Cleanlab(random_state=seed)
    short_name = name.removesuffix(" + mixture")
    return make_estimator(
        "detector",
        "label-disagreement" if short_name == "10-NN" else short_name,
        image_shape=image_shape,
        contamination="auto" if short_name == name else GaussianMixtureThreshold(),
        random_state=seed,
    )


def draw(dataset, classes, seed, data_home):
    """Rows and labels to train on, of the attacker and to test on; image shape; victim."""
    if dataset == "breast_cancer":
        X, y = load_breast_cancer(return_X_y=True)
        X, image_shape, victim = minmax_scale(X), None, SVC(kernel="linear")
    else:
        images = load_images(dataset, classes=classes, data_home=data_home)
        X, y, image_shape = images.data, images.target, images.image_shape
        victim = victim_for(image_shape, X.shape[1])
    parts = split_rows(y, n_train=N_TRAIN, random_state=seed)
    return [(X[part], y[part]) for part in parts], image_shape, victim


@Memory(HERE / "cache" / "leaderboard", verbose=0).cache
def poison_rows(attack, X, y, X_val, y_val):
    """The poison of a set. The cache's key is the attack, its seed included, and the rows."""
    X_out, y_out = attack.fit_resample(X, y, X_val=X_val, y_val=y_val)
    return X_out[attack.poison_mask_], y_out[attack.poison_mask_]


def poisoned_sets(parts, victim, seed, rates, attacks=None):
    """Yield (attack, rate, X, y, poison_mask), first the set without poison."""
    (X, y), attacker, _ = parts
    yield "none", 0.0, X, y, np.zeros(len(X), dtype=bool)
    for name in ATTACKS if attacks is None else attacks:
        attack = make_estimator("attack", name, rate=N_POISON, estimator=victim, random_state=seed)
        X_poison, y_poison = poison_rows(attack, X, y, *attacker)
        order = np.random.default_rng(seed).permutation(N_POISON)
        for rate in rates:
            rows = order[: round(rate * N_TRAIN)]
            mask = np.arange(len(X) + len(rows)) >= len(X)
            yield name, rate, np.append(X, X_poison[rows], 0), np.append(y, y_poison[rows]), mask


def undefended(victim, test, X, y, poison):
    """Accuracy without the poison, and without a defence."""
    return {
        "clean": recovered_accuracy(victim, X, y, 1 - 2 * poison, *test),
        "poisoned": recovered_accuracy(victim, X, y, np.ones(len(y)), *test),
    }


def judge(victim, test, X, y, poison, detector, verdict, scores, seconds):
    """What a row of the table says of the detector."""
    report = poison_report(poison, verdict, scores)
    low, high = getattr(detector, "contamination_interval_", (np.nan, np.nan))
    return {
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
    parts, image_shape, victim = draw(*CELLS[cell], seed, data_home)
    test, rows = parts[2], []
    for attack, rate, X, y, poison in poisoned_sets(parts, victim, seed, rates):
        about = {"attack": attack, "rate": rate} | undefended(victim, test, X, y, poison)
        for name in detectors:
            detector = make_detector(name, image_shape, seed)
            start = time.process_time()
            verdict = detector.fit_predict(X, y)
            seconds = time.process_time() - start
            scores = detector.training_scores_
            row = judge(victim, test, X, y, poison, detector, verdict, scores, seconds)
            rows.append(about | {"detector": name} | row)
    return rows


def pooled(cell, pool, detectors, data_home, rates):
    """All attacks at the largest rate: fitted to one pool, five other draws are judged."""
    sets = {}
    for number in range(N_POOLED):
        seed = 1000 * (pool + 1) + number
        parts, image_shape, victim = draw(*CELLS[cell], seed, data_home)
        for attack, _, X, y, _ in poisoned_sets(parts, victim, seed, rates[-1:]):
            sets.setdefault(attack, []).append((X, y))
    fitted, seconds = {}, {}
    for attack, of_attack in sets.items():
        X, y = (np.concatenate(arrays) for arrays in zip(*of_attack, strict=True))
        for name in detectors:
            start = time.process_time()
            fitted[attack, name] = make_detector(name, image_shape, pool).fit(X, y)
            seconds[attack, name] = time.process_time() - start
    rows = []
    for seed in range(N_ASSESSED * pool, N_ASSESSED * (pool + 1)):
        parts, _, victim = draw(*CELLS[cell], seed, data_home)
        test = parts[2]
        for attack, rate, X, y, poison in poisoned_sets(parts, victim, seed, rates[-1:]):
            about = {"seed": seed, "attack": attack, "rate": rate}
            about |= undefended(victim, test, X, y, poison)
            for name in detectors:
                detector = fitted[attack, name]
                found = detector, detector.predict(X, y), detector.score_samples(X, y)
                row = judge(victim, test, X, y, poison, *found, seconds[attack, name])
                rows.append(about | {"detector": name} | row)
    return rows


def adaptive(cell, seed, detectors, data_home, rates):
    """The accuracy column "poisoned" is that of the plain optimal attack without any defence."""
    parts, image_shape, victim = draw(*CELLS[cell], seed, data_home)
    (X, y), attacker, test = parts
    plain = GradientPoisoningAttack(victim, rate=N_POISON, random_state=seed)
    X_poison, y_poison = poison_rows(plain, X, y, *attacker)
    poison = np.arange(len(X) + N_POISON) >= len(X)
    about = {"attack": "adaptive", "rate": rates[-1]}
    about |= undefended(victim, test, np.append(X, X_poison, 0), np.append(y, y_poison), poison)
    rows = []
    for name in detectors:
        detector = make_detector(name, image_shape, seed)
        attack = AdaptivePoisoningAttack(
            GradientPoisoningAttack(victim), detector, rate=N_POISON, random_state=seed
        )
        start = time.process_time()
        X_out, y_out = attack.fit_resample(X, y, *attacker)
        seconds = time.process_time() - start
        verdict = detector.fit_predict(X_out, y_out)
        scores = detector.training_scores_
        row = judge(victim, test, X_out, y_out, poison, detector, verdict, scores, seconds)
        rows.append(about | {"detector": name} | row)
    return rows


PARTS = {"per_set": per_set, "pooled": pooled, "adaptive": adaptive}


def run(part, cell, seed, detectors, data_home=None, rates=None):
    """Table of one cell and seed."""
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # poison rows that did not move
        table = pd.DataFrame(PARTS[part](cell, seed, detectors, data_home, rates or RATES))
    if "seed" not in table:
        table["seed"] = seed
    return table.assign(part=part, cell=cell)


def missing(options):
    """The arguments of `run` for what is not in the runs."""
    keys = read(options.runs)[["part", "cell", "seed", "detector"]]
    finished = set(keys.itertuples(index=False, name=None))
    n_judged = N_ASSESSED if options.part == "pooled" else 1
    for number, first in enumerate(range(0, options.seeds, n_judged)):
        for cell in options.cells:
            keys = [(options.part, cell, first, name) for name in options.detectors]
            names = [key[-1] for key in keys if key not in finished]
            if names:
                yield options.part, cell, number, names


def run_missing(options):
    """Run what is missing of one part, writing each cell and seed when it is there."""
    todo = list(missing(options))
    tables = Parallel(n_jobs=options.jobs, return_as="generator_unordered")(
        delayed(run)(*task, options.data_home, options.rates) for task in todo
    )
    for number, table in enumerate(tables, 1):
        done = read(options.runs)
        write(pd.concat([done, table.round(4)]) if len(done) else table.round(4), options.runs)
        print(f"{number}/{len(todo)}: {table['cell'][0]}, seed {table['seed'][0]}", flush=True)


def forget(options):
    """Drop the rows of one part and some detectors."""
    done = read(options.runs)
    drop = (done["part"] == options.part) & done["detector"].isin(options.detectors)
    write(done[~drop], options.runs)


def read(path):
    return pd.read_csv(path) if path.exists() else pd.DataFrame(columns=KEYS)


def write(runs, path):
    partial = path.with_suffix(".partial")
    runs.to_csv(partial, index=False, compression="gzip")
    partial.replace(path)


def parse(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--part", choices=PARTS, default="per_set")
    parser.add_argument("--cells", nargs="+", choices=CELLS, default=list(CELLS))
    parser.add_argument("--detectors", nargs="+", default=QUICK_DETECTORS)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--rates", nargs="+", type=float, default=RATES)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--data-home", default=os.environ.get("SKPOISON_DATA"))
    parser.add_argument("--runs", type=Path, default=RUNS)
    parser.add_argument("--forget", action="store_true", help="drop rows instead of running")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    options = parse()
    (forget if options.forget else run_missing)(options)
