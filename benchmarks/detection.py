"""Wrong labels in sets of 150 to 60,000 rows: how well, how silent, how fast, beside cleanlab.

    python benchmarks/detection.py --part flips --sizes 500 1000 5000 [--seeds 5] [--rates 0.05]
                                   [--data mnist ...] [--detectors ensemble cleanlab ...]
    python benchmarks/detection.py --part flips --detectors ensemble --forget
    python benchmarks/detection_report.py

Appends to ``benchmarks/results/detection_runs.csv``, one row a data set, noise, seed and
contender; what is there is not run again, and ``--forget`` drops rows so that they are.

Constants are tried with ``--tuning --runs FILE``, on the images' test split, which no reported set
has rows of.

- flips: images, labels flipped to any other class (uniform) or to the next one (pair).
- honest: nothing is wrong; tables, images, classes that overlap, rare classes.
- rare: one class thinned to 3 %, 2 % of all labels flipped.
- human: labels that people got wrong, with the class probabilities of others.
- batches: fitted to trusted rows, judging new ones, a tenth of them wrong.
- invariance: verdicts after changes that should not matter.
- cost: CPU seconds and memory by the number of rows, each fit in a process of its own.
"""

import argparse
import os
import time
import warnings
from dataclasses import asdict, dataclass
from pathlib import Path

import honest_sets
import numpy as np
import pandas as pd
from contenders import (
    FILTERS,
    PEERS,
    by_best_cut,
    by_probabilities,
    fit,
    fit_alone,
    judge_probabilities,
    logistic_regression,
    make_detector,
    of_detector,
)
from threadpoolctl import threadpool_limits

from skpoison.metrics import poison_report

RUNS = Path(__file__).parent / "results" / "detection_runs.csv"
KEYS = ["part", "data", "variant", "n", "rate", "seed", "contender"]
MEASURES = ["rows", "share", "flagged", "f1", "precision", "recall", "average_precision"]
MEASURES += ["estimated", "low", "high", "n_rare", "rare_flagged", "jaccard"]
MEASURES += ["seconds", "peak_mib", "predict_seconds", "rows_seconds", "run"]
DETECTORS = ["ensemble", "cleanlab-same-scores", "cleanlab"]
TABLES = (*honest_sets.TABLES, "penguins")
IMAGES = ("mnist", "fashion_mnist")
SIZES = {"flips": (500, 1000, 5000, 20_000, 60_000), "honest": (1000, 5000)}
SIZES |= {"batches": (500, 1000), "cost": (1000, 2000, 5000, 10_000, 20_000, 60_000)}
RATES = {"uniform": (0.02, 0.05, 0.1, 0.2, 0.4), "pair": (0.05, 0.1, 0.2)}
FRESH_FROM = 20_000  # rows from which a fit of flips has a process of its own
PASSENGERS = [(n_classes, n) for n_classes in (2, 4) for n in (300, 900, 3000)]
RARE_CLASSES = {"digits": (0, 1, 5, 8), "breast_cancer": (0, 1)}
RARE_SHARES = (0.01, 0.03, 0.05)
CHANGED = {"digits": 500, "breast_cancer": 0, "mnist": 1000}  # sets of invariance, and their rows
N_NEW = 700  # rows of a batch
UNKNOWN = 99  # a label that no trusted row has
HUMAN = ["cifar10n_aggregate_resnet18", "cifar10n_worst_resnet18", "roman_numerals_resnet50d"]


@dataclass(frozen=True)
class Task:
    """What is drawn; `n` is 0 for sets that are taken whole."""

    part: str
    data: str
    variant: str = "-"
    n: int = 0
    rate: float = 0.0
    seed: int = 0


def flip(y, variant, rate, seed):
    """Give a share of the rows a wrong label: any other one, or the next. Returns labels, mask."""
    rng = np.random.default_rng(seed)
    classes, codes = np.unique(y, return_inverse=True)
    wrong = rng.permutation(len(y)) < round(rate * len(y))
    step = np.ones(len(y), int) if variant == "pair" else rng.integers(1, len(classes), len(y))
    return classes[(codes + wrong * step) % len(classes)], wrong


def draw_images(task, n_rows, options):
    subset = "test" if options.tuning else "train"
    return honest_sets.draw_images(task.data, n_rows, task.seed, subset, options.data_home)


def record(task, contender, verdict, wrong, rare=None, **more):
    """One row of the table."""
    flagged, scores = verdict["flagged"], np.nan_to_num(verdict["scores"], neginf=-1e300)
    row = asdict(task) | {"contender": contender, "rows": len(wrong), "share": wrong.mean()}
    row["flagged"] = int(flagged.sum())
    if wrong.any():
        report = poison_report(wrong, 1 - 2 * flagged.astype(int), scores)
        row |= {name: report[name] for name in MEASURES if name in report}
    if rare is not None:
        row |= {"n_rare": int(rare.sum()), "rare_flagged": flagged[rare].mean()}
    return {name: verdict[name] for name in MEASURES if name in verdict} | row | more


def fitted(task, names, X, y, wrong, rare=None, standardise=False):
    """Fit the contenders to one set; cleanlab on the same scores goes with the ensemble."""
    fresh = task.part == "cost" or len(y) >= FRESH_FROM
    settings = {"standardise": standardise, "again": task.part == "cost"}
    names = list(names)
    if "cleanlab-same-scores" in names and "ensemble" not in names:
        names.insert(0, "ensemble")
    for name in names:
        if name == "cleanlab-same-scores":
            continue
        verdict = (fit_alone if fresh else fit)(name, X, y, task.seed, **settings)
        if not fresh:
            verdict["peak_mib"] = np.nan
        yield record(task, name, verdict, wrong, rare)
        if name == "ensemble" and "cleanlab-same-scores" in names:
            codes = np.unique(y, return_inverse=True)[1]
            peer = by_probabilities(codes, verdict["probabilities"])
            yield record(task, "cleanlab-same-scores", peer | {"seconds": np.nan}, wrong, rare)


def flips_tasks(options):
    for seed in range(options.seeds):
        for data in options.data or IMAGES:
            for n in options.sizes or SIZES["flips"]:
                for variant, rates in RATES.items():
                    for rate in rates:
                        if options.rates is None or rate in options.rates:
                            yield Task("flips", data, variant, n, rate, seed)


def run_flips(task, names, options):
    X, y = draw_images(task, task.n, options)
    y, wrong = flip(y, task.variant, task.rate, task.seed)
    yield from fitted(task, names, X, y, wrong)


def honest_tasks(options):
    for seed in range(options.seeds):
        for data in options.data or TABLES:
            if data in TABLES and (data != "penguins" or options.data_home):
                yield Task("honest", data, seed=seed)
        for data in options.data or IMAGES:
            if data in IMAGES:
                for n in options.sizes or SIZES["honest"]:
                    yield Task("honest", data, n=n, seed=seed)
        if "passengers" in (options.data or ["passengers"]):
            for n_classes, n in PASSENGERS:
                yield Task("honest", "passengers", f"{n_classes} classes", n, seed=seed)
        for data, classes in RARE_CLASSES.items():
            for share in RARE_SHARES if data in (options.data or [data]) else ():
                for label in classes:
                    yield Task("honest", data, f"class {label} at {share:.0%}", seed=seed)
        for share in RARE_SHARES if "gaussians" in (options.data or ["gaussians"]) else ():
            for distance in (2, 3):
                variant = f"{distance} deviations apart, class 1 at {share:.0%}"
                yield Task("honest", "gaussians", variant, 1500, seed=seed)


def run_honest(task, names, options):
    rare, words = None, task.variant.split()
    if task.data == "passengers":
        X, y = honest_sets.passengers(task.n, int(words[0]), task.seed)
    elif task.data == "gaussians":
        share, distance = int(words[-1].rstrip("%")) / 100, int(words[0])
        X, y = honest_sets.rare_gaussians(task.n, share, distance, task.seed)
        rare = y == 1
    elif task.n:
        X, y = draw_images(task, task.n, options)
    elif task.variant == "-":
        X, y = honest_sets.table(task.data, options.data_home)
    else:
        X, y, rare = thinned(task)
    wrong = np.zeros(len(y), bool)
    yield from fitted(task, names, X, y, wrong, rare, standardise=task.data not in IMAGES)


def thinned(task):
    """The table of a variant "class 3 at 1%": rows, labels, which are of the rare class."""
    _, label, _, share = task.variant.split()
    X, y = honest_sets.table(task.data)
    X, y = honest_sets.thin(X, y, int(label), int(share.rstrip("%")) / 100, task.seed)
    return X, y, y == int(label)


def rare_tasks(options):
    for seed in range(options.seeds):
        for data in options.data or RARE_CLASSES:
            for label in RARE_CLASSES[data]:
                yield Task("rare", data, f"class {label} at 3%", 0, 0.02, seed)


def run_rare(task, names, options):
    X, y, rare = thinned(task)
    y, wrong = flip(y, "uniform", task.rate, task.seed)
    yield from fitted(task, names, X, y, wrong, rare & ~wrong, standardise=True)


def human_tasks(options):
    return [Task("human", data) for data in options.data or HUMAN]


def run_human(task, names, options):
    with np.load(Path(options.data_home) / "human_label_errors" / f"{task.data}.npz") as file:
        p, y, wrong = file["pred_proba"].astype(float), file["y"].astype(int), file["wrong"]
    p = p / p.sum(axis=1, keepdims=True)
    start = time.process_time()
    with threadpool_limits(1):
        rule, flagged = judge_probabilities(p, y)
    low, high = rule.contamination_interval_
    verdict = {"flagged": flagged, "scores": -rule.anomaly_scores(-np.log(p), y)}
    verdict |= {"estimated": rule.contamination_, "low": low, "high": high}
    yield record(task, "rule", verdict, wrong, seconds=time.process_time() - start)
    for filter_by in FILTERS:
        yield record(task, f"cleanlab {filter_by}", by_probabilities(y, p, filter_by), wrong)
    own = p[np.arange(len(y)), y]
    others = np.where(np.arange(p.shape[1]) == y[:, None], -1, p).max(axis=1)
    margin = own - others
    yield record(task, "argmax", {"flagged": p.argmax(axis=1) != y, "scores": margin}, wrong)
    yield record(task, "best cut of p(label)", by_best_cut(wrong, own), wrong)
    yield record(task, "best cut of the margin", by_best_cut(wrong, margin), wrong)
    yield record(task, "best cut of the rule", by_best_cut(wrong, verdict["scores"]), wrong)


def batches_tasks(options):
    for seed in range(options.seeds):
        for data in options.data or ("digits", "mnist"):
            for n in options.sizes or SIZES["batches"]:
                yield Task("batches", data, "-", n, 0.1, seed)


def run_batches(task, names, options):
    X, y = draw_images(task, task.n + N_NEW, options)
    trusted, X, y_new = (X[: task.n], y[: task.n]), X[task.n :], y[task.n :]
    y, wrong = flip(y_new, "uniform", task.rate, task.seed)
    unknown = np.random.default_rng(task.seed).uniform(size=N_NEW) < 0.05
    for name in names:
        start = time.process_time()
        with threadpool_limits(1), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if name == "cleanlab":
                model = logistic_regression(False).fit(*trusted)
                codes = np.searchsorted(model.classes_, y)
                verdict = by_probabilities(codes, model.predict_proba(X))
                yield record(task, name, verdict, wrong)
                continue
            detector = make_detector(name, task.seed).fit(*trusted)
            about = of_detector(detector) | {"seconds": time.process_time() - start}
            yield record(task, name, about | new_verdict(detector, X, y), wrong)
            for member_name, member in getattr(detector, "detectors_", []):
                verdict = new_verdict(member, X, y)
                yield record(task, f"{name}: {member_name}", verdict, wrong)
            verdict = new_verdict(detector, X, np.where(unknown, UNKNOWN, y))
            row = record(task, name, verdict, wrong | unknown, unknown)
            yield row | {"variant": "5 % of the labels unknown"}


def new_verdict(detector, X, y):
    return {"flagged": detector.predict(X, y) == -1, "scores": detector.score_samples(X, y)}


def invariance_tasks(options):
    for seed in range(options.seeds):
        for data in options.data or CHANGED:
            yield Task("invariance", data, "reference", CHANGED[data], 0.1, seed)


def changes(X, y, seed):
    """Yield (name, rows, labels, which of them are the reference's rows, in its order)."""
    rng, everything = np.random.default_rng(seed), np.arange(len(y))
    powers, offsets = 10.0 ** rng.integers(-3, 4, X.shape[1]), rng.integers(-9, 10, X.shape[1])
    yield "columns x 255", X * 255, y, everything
    yield "a unit for each column", powers * (X + offsets * X.std(axis=0)), y, everything
    order = rng.permutation(len(y))
    yield "row order", X[order], y[order], np.argsort(order)
    names = np.array([f"label {99 - label}" for label in y])
    yield "label names", X, names, everything
    yield "float32", X.astype(np.float32), y, everything
    factor = 255 if X.max() <= 1 else 1
    pixels = np.round(np.clip(X * factor, 0, 255))
    if np.allclose(pixels, X * factor, atol=1e-3):
        yield "uint8", pixels.astype(np.uint8), y, everything
    again = rng.choice(len(y), len(y) // 10, replace=False)
    yield "a tenth of the rows twice", np.vstack([X, X[again]]), np.append(y, y[again]), everything


def run_invariance(task, names, options):
    if task.data in honest_sets.TABLES:
        X, y = honest_sets.table(task.data)
        if task.n:
            rows = np.random.default_rng(task.seed).permutation(len(y))[: task.n]
            X, y = X[rows], y[rows]
    else:
        X, y = draw_images(task, task.n, options)
    X = X.astype(np.float64)
    y, wrong = flip(y, "uniform", task.rate, task.seed)
    for name in names:
        reference = fit(name, X, y, task.seed) | {"peak_mib": np.nan}
        for change, X_new, y_new, rows in changes(X, y, task.seed):
            verdict = fit(name, X_new, y_new, task.seed)
            yield compared(task, name, change, reference, verdict, wrong, rows)
        verdict, rows = fit(name, X, y, task.seed + 1000), slice(None)
        yield compared(task, name, "another random_state", reference, verdict, wrong, rows)
        yield record(task, name, reference, wrong, jaccard=1.0)


def compared(task, name, change, reference, verdict, wrong, rows):
    flagged = verdict["flagged"][rows]
    verdict |= {"flagged": flagged, "scores": verdict["scores"][rows], "peak_mib": np.nan}
    either = (flagged | reference["flagged"]).sum()
    jaccard = (flagged & reference["flagged"]).sum() / either if either else 1.0
    return record(task, name, verdict, wrong, jaccard=jaccard) | {"variant": change}


def cost_tasks(options):
    for seed in range(options.seeds):
        for data in options.data or IMAGES[:1]:
            for n in options.sizes or SIZES["cost"]:
                yield Task("cost", data, "uniform", n, 0.05, seed)


PARTS = {
    "flips": (flips_tasks, run_flips),
    "honest": (honest_tasks, run_honest),
    "rare": (rare_tasks, run_rare),
    "human": (human_tasks, run_human),
    "batches": (batches_tasks, run_batches),
    "invariance": (invariance_tasks, run_invariance),
    "cost": (cost_tasks, run_flips),
}


def contenders_of(part, detectors):
    """The contenders whose rows tell that a task is done."""
    if part == "human":
        return ["rule", "best cut of the rule"]
    if part in ("batches", "cost"):
        return [name for name in detectors if name != "cleanlab-same-scores"]
    return [name for name in detectors if part != "invariance" or name not in PEERS]


def run(options):
    """Run what is missing of one part, writing each row when it is there."""
    tasks, measure = PARTS[options.part]
    done = pd.read_csv(options.runs) if options.runs.exists() else pd.DataFrame(columns=KEYS)
    finished = set(done[KEYS].itertuples(index=False, name=None))
    run_name = time.strftime("%Y-%m-%d %H:%M:%S")
    names = contenders_of(options.part, options.detectors)
    for task in tasks(options):
        missing = [name for name in names if (*asdict(task).values(), name) not in finished]
        if not missing:
            continue
        start = time.perf_counter()
        for row in measure(task, missing, options):
            row = pd.DataFrame([row | {"run": run_name}], columns=KEYS + MEASURES)
            header = not options.runs.exists()
            row.round(5).to_csv(options.runs, mode="a", header=header, index=False)
        print(*asdict(task).values(), f"{time.perf_counter() - start:.1f} s", flush=True)


def forget(options):
    """Drop the rows of one part and some contenders, members of an ensemble included."""
    done = pd.read_csv(options.runs)
    names = done["contender"].str.split(":").str[0]
    drop = (done["part"] == options.part) & names.isin(options.detectors)
    done[~drop].to_csv(options.runs, index=False)


def parse(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--part", choices=PARTS, required=True)
    parser.add_argument("--data", nargs="+", help="default: all of the part")
    parser.add_argument("--sizes", nargs="+", type=int, help="default: all of the part")
    parser.add_argument("--rates", nargs="+", type=float, help="of flips; default: all")
    parser.add_argument("--detectors", nargs="+", default=DETECTORS)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--data-home", default=os.environ.get("SKPOISON_DATA"))
    parser.add_argument("--tuning", action="store_true", help="images of the test split")
    parser.add_argument("--runs", type=Path, default=RUNS)
    parser.add_argument("--forget", action="store_true", help="drop rows instead of running")
    options = parser.parse_args(arguments)
    if options.tuning and options.runs == RUNS:
        parser.error("--tuning asks for --runs of its own: what is reported is not tuned on")
    return options


if __name__ == "__main__":
    options = parse()
    (forget if options.forget else run)(options)
