"""What holds CAE+ back: encoders, classifiers and cuts, one changed at a time.

    python benchmarks/cae_plus.py [--seeds 3] [--cells "mnist 3 v 5" ...]
    python benchmarks/cae_plus.py --report

Appends to ``benchmarks/results/cae_plus_runs.csv``, one row a set and contender; sets that are
there are not run again. ``--report`` writes ``cae_plus.md`` from it: means, and differences to the
plain contender, paired by draw, with 95 % intervals; and ``cae_plus_leaderboard.md`` from the
leaderboard's runs: the cross-fitted CAE+ against its rivals on the same poisoned sets.

Pairs of classes that no reported table has. 100 clean rows and 30 poison rows, everything fitted
to these rows alone. A contender is "encoder / classifier / cut":

- encoder: pixels; PCA, the linear auto-encoder; "random", the paper's encoder as it starts;
  "auto-encoder" and "denoising", trained without labels.
- classifier: leave-one-out ridge regression on the code, linear ("ridge"), RBF, or both; "trimmed"
  learns a second time with the probability of a right label as weight (small-loss selection).
- the paper's network end to end, out of fold: "network" by cross-entropy, "GCE" by generalised
  cross-entropy, q = .7.
- cut: "noise", the likelihood of label noise; "mixture", the paper's; "component", the library's.
- "+ row" flags what stands out by the reconstruction error, too.
"""

import argparse
import os
import time
import warnings
from dataclasses import dataclass
from pathlib import Path

import leaderboard
import numpy as np
import pandas as pd
from keras import ops
from leaderboard import draw, judge, poisoned_sets, undefended
from scipy.stats import t
from sklearn.decomposition import PCA
from threadpoolctl import threadpool_limits

from skpoison.detectors import CAEPlusDetector
from skpoison.detectors._cross_fitting import CrossFit, near_duplicate_groups
from skpoison.detectors._network_scores import cross_entropy, reconstruction_error
from skpoison.detectors._ridge_scores import LeaveOneOutRidge
from skpoison.detectors._standardizer import Standardizer
from skpoison.networks import Architecture, train
from skpoison.thresholds import (
    GaussianMixtureThreshold,
    LabelNoiseThreshold,
    SecondComponentThreshold,
)

RESULTS = Path(__file__).parent / "results"
RUNS = RESULTS / "cae_plus_runs.csv"
CELLS = {
    "mnist 3 v 5": ("mnist", (3, 5)),
    "fashion 0 v 6": ("fashion_mnist", (0, 6)),
    "mnist 7 v 9": ("mnist", (7, 9)),
    "fashion 3 v 4": ("fashion_mnist", (3, 4)),
}
ATTACKS = ("flipping", "optimal", "semi-optimal")
REFERENCE = "published"
ENCODER = {"epochs": 50, "batch_size": 32, "steps_per_epoch": 10, "learning_rate": 0.01}
CLASSIFIER = {"epochs": 30, "batch_size": 26, "steps_per_epoch": 10, "learning_rate": 0.005}


@dataclass(frozen=True)
class Generalised(Architecture):
    """Generalised cross-entropy: rows of a contradicted label pull less."""

    def loss(self, rows, codes, outputs):
        entropy = _entropy(codes, outputs)
        robust = (1 - ops.exp(-0.7 * entropy)) / 0.7
        return super().loss(rows, codes, outputs) + robust - entropy


def _entropy(codes, outputs):
    chosen = ops.take_along_axis(outputs[1], ops.expand_dims(codes, 1), axis=1)[:, 0]
    return -ops.log(ops.maximum(chosen, 1e-7))


def trained(plan, X, codes, seed, **settings):
    settings = {"validation_split": 0.0} | settings
    return train(plan, X, codes, random_state=np.random.RandomState(seed), **settings)


def encoders(X, image_shape, seed):
    """Codes of the rows by each encoder, and the reconstruction error of the auto-encoder."""
    no_labels = np.zeros(len(X), dtype=int)
    plan = Architecture(image_shape)
    auto = trained(plan, X, no_labels, seed, **ENCODER)
    random = trained(plan, X, no_labels, seed, epochs=1, learning_rate=1e-9)
    denoising = trained(Architecture(image_shape, noise=0.1), X, no_labels, seed, **ENCODER)
    networks = {"auto-encoder": auto, "random": random, "denoising": denoising}
    codes = {"pixels": X, "PCA": PCA(10, random_state=seed).fit_transform(X)}
    codes |= {name: network.encode(X) for name, network in networks.items()}
    return codes, reconstruction_error(X, auto.predict(X)[0])


def ridge(kernel, code, y, groups, weight=None):
    """Leave-one-out costs of each label."""
    learner = LeaveOneOutRidge(kernel, 1000, y.max() + 1, 0)
    weight = np.ones(len(y)) if weight is None else weight
    return -learner.fit_predict(Standardizer(code)(code), y, groups, weight)


def trimmed(kernel, code, y, groups):
    first = ridge("linear", code, y, groups)
    rule = noise_rule().fit(first, y)
    return ridge(kernel, code, y, groups, 1 - rule.poison_probability(first, y))


def noise_rule(temperature=4.0, scale=0.2):
    return LabelNoiseThreshold(temperature, scale, noise="uniform")


def network_costs(plan, X, y, seed):
    """Cross-entropies of every row by the one network of three that has not learnt it."""
    folds = CrossFit(
        lambda rows, codes: trained(plan, rows, codes, seed, **CLASSIFIER),
        X,
        y,
        n_folds=3,
        random_state=np.random.RandomState(seed),
    )
    return folds.predict_out_of_fold(
        X, lambda network, rows: cross_entropy(network.predict(rows)[1])
    )


def contenders(X, y, image_shape, seed):
    """Yield (name, costs of each label, rule, log-odds of a row that stands out or None)."""
    groups = near_duplicate_groups(X, y)
    codes, errors = encoders(X, image_shape, seed)
    row_rule = SecondComponentThreshold().fit(np.log(errors))
    row = row_rule.log_odds(np.log(errors))
    for name, code in codes.items():
        yield f"{name} / ridge / noise", ridge("linear", code, y, groups), noise_rule(), None
    for name in ("pixels", "PCA", "auto-encoder"):
        rbf = ridge("rbf", codes[name], y, groups)
        yield f"{name} / RBF / noise", rbf, noise_rule(2.5, 0.5), None
    code = codes["auto-encoder"]
    linear, rbf = (ridge(kernel, code, y, groups) for kernel in ("linear", "rbf"))
    second = trimmed("linear", code, y, groups)
    yield "auto-encoder / ridge + RBF / noise", linear + rbf / 2, noise_rule(), None
    yield "auto-encoder / trimmed ridge / noise", second, noise_rule(), None
    yield "auto-encoder / trimmed ridge / noise + row", second, noise_rule(), row
    yield "auto-encoder / ridge / noise + row", linear, noise_rule(), row
    for prior in ((2.5, 0.2), (5.0, 0.5), (10.0, 0.2)):
        yield f"auto-encoder / ridge / noise {prior}", linear, noise_rule(*prior), None
    yield "auto-encoder / ridge / mixture", linear, GaussianMixtureThreshold(seed), None
    yield "auto-encoder / ridge / component", linear, SecondComponentThreshold(), None
    shape, k = image_shape, int(y.max()) + 1
    for name, plan in {"network": Architecture(shape, k), "GCE": Generalised(shape, k)}.items():
        yield f"{name} / noise", network_costs(plan, X, y, seed), noise_rule(4.0, 0.7), None


def label_margins(costs, y):
    """How much more the label of each row costs than the best other one."""
    own = costs[np.arange(len(y)), y]
    others = np.where(np.arange(costs.shape[1]) == y[:, np.newaxis], np.inf, costs)
    return own - others.min(axis=1)


class Verdict:
    """What `leaderboard.judge` reads of a fitted detector."""

    def __init__(self, costs, y, rule, row):
        rule.fit(costs if isinstance(rule, LabelNoiseThreshold) else label_margins(costs, y), y)
        if isinstance(rule, LabelNoiseThreshold):
            log_odds = rule.log_odds(costs, y)
        else:
            log_odds = label_margins(costs, y) - rule.threshold_
        self.flagged = log_odds > 0
        self.scores = -label_margins(costs, y)
        if row is not None:
            self.flagged |= row > 0
            self.scores = -np.logaddexp(rule.anomaly_scores(costs, y), np.where(row > 0, row, -40))


def run(cell, seed, published):
    """Rows of all contenders on all sets of one draw."""
    parts, image_shape, victim = draw(*CELLS[cell], seed, os.environ.get("SKPOISON_DATA"))
    rows = []
    for attack, _, X, y, poison in poisoned_sets(parts, victim, seed, (0.3,), ATTACKS):
        codes = np.unique(y, return_inverse=True)[1]
        about = {"cell": cell, "seed": seed, "attack": attack}
        about |= undefended(victim, parts[2], X, y, poison)

        def note(name, flagged, scores, seconds=np.nan, about=about, y=y, X=X, poison=poison):
            verdict = np.where(flagged, -1, 1)
            found = judge(victim, parts[2], X, y, poison, None, verdict, scores, seconds)
            measures = ("defended", "f1", "average_precision", "clean_removed", "seconds")
            rows.append(about | {"contender": name} | {key: found[key] for key in measures})

        for name, costs, rule, row in contenders(X, codes, image_shape, seed):
            verdict = Verdict(costs, codes, rule, row)
            note(name, verdict.flagged, verdict.scores)
        if published:
            rule = GaussianMixtureThreshold()
            detector = CAEPlusDetector(
                image_shape=image_shape, contamination=rule, random_state=seed
            )
            start = time.process_time()
            flagged = detector.fit_predict(X, y) < 0
            seconds = time.process_time() - start
            note(REFERENCE, flagged, detector.training_scores_, seconds)
    return pd.DataFrame(rows)


def read():
    return pd.read_csv(RUNS) if RUNS.exists() else pd.DataFrame(columns=["cell", "seed"])


def write(runs):
    partial = RUNS.with_suffix(".partial")
    runs.round(4).to_csv(partial, index=False)
    partial.replace(RUNS)


def interval(differences):
    """Mean and half the width of its 95 % interval; of a single difference there is none."""
    n = len(differences)
    if n == 1:
        return f"{differences.iloc[0]:+.2f}"
    half = t.ppf(0.975, n - 1) * differences.std(ddof=1) / np.sqrt(n)
    return f"{differences.mean():+.2f} ± {half:.2f}"


def report(runs):
    """Means by attack, and differences in F1 and average precision paired by draw."""
    runs["points lost"] = 100 * (runs["clean"] - runs["defended"])
    attacked = runs[runs["attack"] != "none"]
    keys = ["cell", "seed"]
    means = {
        name: table.groupby(keys)[["f1", "average_precision"]].mean()
        for name, table in attacked.groupby("contender")
    }
    base = means["auto-encoder / ridge / noise"]
    lines = [
        "| contender | F1 flipping | optimal | semi-optimal | AP | points lost "
        "| clean rows removed, % | of those without poison, % | F1 against published "
        "| F1 against auto-encoder / ridge / noise | AP against it | draws |",
        "| --- " + "| ---: " * 11 + "|",
    ]
    order = attacked.groupby("contender")["f1"].mean().sort_values(ascending=False).index
    for name in order:
        own = attacked[attacked["contender"] == name]
        honest = runs[(runs["contender"] == name) & (runs["attack"] == "none")]
        f1 = own.groupby("attack")["f1"].mean()
        cells = [f"{f1[attack]:.2f}" for attack in ATTACKS]
        cells += [f"{own['average_precision'].mean():.2f}", f"{own['points lost'].mean():.1f}"]
        cells += [f"{100 * table['clean_removed'].mean():.1f}" for table in (own, honest)]
        published = (means[name] - means[REFERENCE]).dropna() if REFERENCE in means else None
        cells.append("–" if published is None else interval(published["f1"]))
        paired = (means[name] - base).dropna()
        cells += [interval(paired["f1"]), interval(paired["average_precision"]), str(len(paired))]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    text = "\n".join(lines) + "\n"
    (RESULTS / "cae_plus.md").write_text(text)
    print(text)


def compare_on_leaderboard(runs):
    """F1 and points lost of the cross-fitted CAE+, and differences paired by set, cell by cell."""
    runs = runs[runs["rate"].isin([0, 0.3]) & (runs["part"] == "per_set")].copy()
    runs["lost"] = 100 * (runs["clean"] - runs["defended"])
    keys = ["cell", "seed", "attack"]
    own, *rivals = (
        runs[runs["detector"] == name].set_index(keys)[["f1", "lost", "clean_removed"]]
        for name in ("cae+-cross-fitted", "cae+ + mixture", "ensemble", "cleanlab")
    )
    lines = [
        "| data | F1 | points lost | clean rows removed, % | of those without poison, % "
        "| F1 against `cae+` as published, paired draws | ensemble | cleanlab | draws |",
        "| --- " + "| ---: " * 8 + "|",
    ]
    attacked = own.query("attack != 'none'")
    cells = {cell: attacked.loc[[cell]] for cell in attacked.index.unique("cell")}
    for name, table in (cells | {"all": attacked}).items():
        honest = own.query("attack == 'none'")
        honest = honest if name == "all" else honest.loc[[name]]
        row = [name, f"{table['f1'].mean():.2f}", f"{table['lost'].mean():.1f}"]
        row += [f"{100 * part['clean_removed'].mean():.1f}" for part in (table, honest)]
        by = ["cell", "seed"] if name != "all" else ["seed"]
        for rival in rivals:
            paired = (table["f1"] - rival["f1"]).dropna()
            n = len(paired.index.unique("seed"))
            row.append(f"{interval(paired.groupby(by).mean())}, {n}" if n else "–")
        row.append(str(len(table.index.unique("seed"))))
        lines.append("| " + " | ".join(row) + " |")
    text = "\n".join(lines) + "\n"
    (RESULTS / "cae_plus_leaderboard.md").write_text(text)
    print(text)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cells", nargs="+", choices=CELLS, default=list(CELLS))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--without-published", action="store_true")
    parser.add_argument("--report", action="store_true")
    options = parser.parse_args()
    if options.report:
        report(read())
        compare_on_leaderboard(pd.read_csv(leaderboard.RUNS))
    else:
        for seed in range(options.seeds):
            for cell in options.cells:
                done = read()
                if not ((done["cell"] == cell) & (done["seed"] == seed)).any():
                    with threadpool_limits(1), warnings.catch_warnings():
                        warnings.simplefilter("ignore")  # poison rows that did not move
                        table = run(cell, seed, not options.without_published)
                    write(pd.concat([read(), table]) if len(done) else table)
                    print(f"{cell}, seed {seed}", flush=True)
