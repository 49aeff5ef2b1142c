"""The constants of the threshold rules, tried on data that no reported set has rows of.

    python benchmarks/calibrate.py margins [--seeds 30]      # 2 minutes
    python benchmarks/calibrate.py prior [--seeds 3]         # 15 minutes, wants SKPOISON_DATA
    python benchmarks/calibrate.py sharpening [--seeds 3]    # 10 minutes, wants SKPOISON_DATA
    python benchmarks/calibrate.py surest [--seeds 5]        # 15 minutes
    python benchmarks/calibrate.py denied                    # 4 minutes, wants SKPOISON_DATA
    python benchmarks/calibrate.py groups                    # 2 minutes, wants SKPOISON_DATA

Writes ``benchmarks/results/calibrate_<part>.csv``, one row a setting.

- margins: temperature and its scale of ``MarginDetector.auto_threshold``, on Gaussians.
- prior: scale of the prior of the temperature in ``LabelNoiseDetector``, and how sure its first
  round has to be; on pairs of classes that the leaderboard does not have, other draws of the
  breast cancer table, and classes that overlap.
- sharpening: of probabilities of networks that were trained on the labels they judge. Labels are
  drawn from the probabilities of a weak classifier, which confuses what looks alike as people do,
  for a part of the images of the test split.
- surest: how many of the surest rows tell the share of wrong labels where classes overlap: logistic
  models whose log-odds are linear in the columns or not, and passengers.
- denied: what the linear learner contradicts, how much of that it is sure of and the sum of all
  denies, on honest data that no line divides, images of digits or clothes in two groups among them,
  on images with flips, where the sum agrees, and on pools of poisoned sets, where it judges
  alone: F1 and right rows without that and with it.
- groups: what the linear learner contradicts, and the other, beside chance; the second component
  of that, its share of the class that has most of it, and how many of all rows lie in it and have
  been learnt by the other: on the same sets, on more passengers and on rings; F1 without the
  search for a group and with it.
"""

import argparse
import os
import warnings
from itertools import product
from pathlib import Path
from unittest.mock import patch

import honest_sets
import leaderboard
import numpy as np
import pandas as pd
from scipy.special import expit
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.model_selection import cross_val_predict
from sklearn.neural_network import MLPClassifier
from sklearn.svm import SVC

from skpoison.attacks import GradientPoisoningAttack, LabelFlipAttack
from skpoison.datasets import load_images
from skpoison.detectors import LabelNoiseDetector, MarginDetector, _label_noise, _linear_judge
from skpoison.detectors._cross_fitting import near_duplicate_groups
from skpoison.detectors._linear_judge import HELD, contradiction
from skpoison.detectors._ridge_scores import LeaveOneOutRidge
from skpoison.detectors._standardizer import Standardizer
from skpoison.thresholds import LabelNoiseThreshold, SecondComponentThreshold, _surest_rows

RESULTS = Path(__file__).parent / "results"
N_ROWS = 120
TEMPERATURES, SCALES = (3, 4, 5, 8), (0.1, 0.3, 0.5, 0.8)
PAIRS = {
    "mnist 4 v 9": ("mnist", (4, 9)),
    "mnist 1 v 7": ("mnist", (1, 7)),
    "mnist 6 v 7 v 8": ("mnist", (6, 7, 8)),
    "fashion 0 v 6": ("fashion_mnist", (0, 6)),
    "fashion 3 v 8": ("fashion_mnist", (3, 8)),
    "fashion 1 v 8 v 9": ("fashion_mnist", (1, 8, 9)),
    "breast cancer": ("breast_cancer", None),
}
PRIOR_SCALES, SURES = (0.05, 0.1, 0.2, 0.45), (2.7, 6, np.inf)
FIRST_SEED = 100  # the leaderboard has those before
SHARPENINGS = (1, 1.5, 2, 3, 4, 6)
N_WEAK = 300  # rows of the weak classifier that errs as people do
SMALLEST = 1e-6
SURESTS, LEAST_ROWS = (0.02, 0.05, 0.1, 0.2), (30, 100)
OVERLAPS = ("linear", "bent", "passengers")
POOLS = ("mnist 1 v 7", "fashion 3 v 8")
MORE_POOLS = (*POOLS, "fashion 0 v 6", "mnist 6 v 7 v 8", "fashion 1 v 8 v 9")


def gaussian_sets(seed):
    """Yield (name, rows, labels, which are wrong)."""
    rng = np.random.RandomState(seed)
    y = np.arange(N_ROWS) % 2
    for name, distance in (("overlap", 1.7), ("apart", 6.0), ("random", 0.0)):
        X = rng.normal(size=(N_ROWS, 4))
        X[:, 0] += distance * y
        yield name, X, y, np.zeros(N_ROWS, bool)
        if name != "random":
            attack = LabelFlipAttack(rate=0.3, random_state=seed)
            yield f"{name}, flips", *attack.fit_resample(X, y), attack.poison_mask_


def margins(options):
    """How often anything is flagged, and how much of what is wrong and right."""
    judged = []
    for seed in range(options.seeds or 30):
        for name, X, y, wrong in gaussian_sets(seed):
            scores = MarginDetector(random_state=0).fit(X, y).training_class_scores_
            judged.append((name, scores, y, wrong))
    for temperature, scale in product(TEMPERATURES, SCALES):
        rows = []
        for name, scores, y, wrong in judged:
            rule = LabelNoiseThreshold(temperature, scale).fit(scores, y)
            flagged = rule.anomaly_scores(scores, y) > rule.threshold_
            low, high = rule.contamination_interval_
            rows.append(
                {
                    "set": name,
                    "sets flagged": flagged.any(),
                    "wrong flagged": flagged[wrong].mean() if wrong.any() else np.nan,
                    "right flagged": flagged[~wrong].mean(),
                    "interval covers": low <= wrong.mean() <= high,
                }
            )
        for name, means in pd.DataFrame(rows).groupby("set", sort=False).mean().iterrows():
            yield {"temperature": temperature, "scale": scale, "set": name, **means}


def prior_sets(options):
    """Yield (what it is, rows, labels, which are wrong)."""
    for seed in range(FIRST_SEED, FIRST_SEED + (options.seeds or 3)):
        for cell in options.data or PAIRS:
            parts, _, victim = leaderboard.draw(*PAIRS[cell], seed, options.data_home)
            for _, rate, *found in leaderboard.poisoned_sets(parts, victim, seed, (0.05, 0.1, 0.3)):
                yield f"rate {rate:.0%}", *found
        for n_rows in (150, 300, 900):
            X, y = honest_sets.passengers(n_rows, 2, seed)
            yield f"passengers {n_rows}", X, y, np.zeros(len(y), bool)
        for name, X, y, wrong in gaussian_sets(seed):
            yield f"gaussians {name}", X, y, wrong


def prior(options):
    """F1 of what is flagged, and the share of right rows among them."""
    rows = []
    for name, X, y, wrong in prior_sets(options):
        detector = LabelNoiseDetector(random_state=0).fit(X, y)
        first, scores = detector.first_threshold_, detector.training_class_scores_
        codes = np.unique(y, return_inverse=True)[1]
        for scale, sure in product(PRIOR_SCALES, SURES):
            is_sure = first.noise_ != "none" and first.likelihood_ratio_ > sure
            rule = LabelNoiseThreshold(1.0, HELD if is_sure else scale)
            rule.fit(scores, codes)
            flagged = rule.anomaly_scores(scores, codes) > rule.threshold_
            about = {"scale": scale, "sure from": sure, "set": name}
            about |= {"sets flagged": flagged.any(), "right flagged": flagged[~wrong].mean()}
            rows.append(about | {"f1": f1_score(wrong, flagged) if wrong.any() else np.nan})
    means = pd.DataFrame(rows).groupby(["scale", "sure from", "set"], sort=False).mean()
    yield from means.reset_index().to_dict("records")


def confused(X, y, share, seed):
    """Labels of a weak classifier's probabilities for a part of the rows: labels, which differ."""
    rng = np.random.RandomState(seed)
    few = rng.permutation(len(y))[:N_WEAK]
    weak = LogisticRegression(C=0.01, max_iter=500).fit(X[few], y[few])
    below = weak.predict_proba(X).cumsum(axis=1)
    drawn = weak.classes_[(rng.uniform(size=(len(y), 1)) > below[:, :-1]).sum(axis=1)]
    seen = np.where(rng.uniform(size=len(y)) < share, drawn, y)
    return seen, seen != y


def sharpening(options):
    """F1 and the share that the rule estimates."""
    rows = []
    for data, share, seed in product(
        ("mnist", "fashion_mnist"), (0.2, 0.6), range(options.seeds or 3)
    ):
        X, y = honest_sets.draw_images(data, 5000, seed, "test", options.data_home)
        seen, wrong = confused(X, y, share, seed)
        network = MLPClassifier((256,), max_iter=30, random_state=seed)
        p = cross_val_predict(network, X, seen, cv=3, method="predict_proba")
        scores = -np.log(np.maximum(p, SMALLEST))
        for factor in SHARPENINGS:
            rule = LabelNoiseThreshold(sharpening=factor).fit(scores, seen)
            flagged = rule.anomaly_scores(scores, seen) > rule.threshold_
            about = {"data": data, "redrawn": share, "sharpening": factor, "noise": rule.noise_}
            about |= {"share": wrong.mean(), "estimated": rule.contamination_}
            rows.append(about | {"f1": f1_score(wrong, flagged)})
    keys = ["data", "redrawn", "sharpening"]
    table = pd.DataFrame(rows)
    means = table.drop(columns="noise").groupby(keys, sort=False).mean()
    means["pair noise"] = table["noise"].eq("pair").groupby([table[k] for k in keys]).mean()
    yield from means.reset_index().to_dict("records")


def overlapping(name, n_rows, seed):
    """Rows and right labels of two classes that overlap."""
    if name == "passengers":
        return honest_sets.passengers(n_rows, 2, FIRST_SEED + seed, 0.1)
    rng = np.random.RandomState(FIRST_SEED + seed)
    X = rng.normal(size=(n_rows, 8))
    log_odds = 2.5 * X[:, 0] + 1.5 * X[:, 1] - 1
    if name == "bent":
        log_odds += 1.5 * np.abs(X[:, 2]) + X[:, 3] * X[:, 4] - 1.2
    return X, (rng.uniform(size=n_rows) < expit(log_odds)).astype(int)


def surest(options):
    """Error of the estimated share, and F1; where nothing is wrong, the share that is flagged."""
    rows = []
    for name, n_rows, rate, seed in product(
        OVERLAPS, options.rows, (0, 0.03, 0.1), range(options.seeds or 5)
    ):
        X, y = overlapping(name, n_rows, seed)
        wrong = np.random.RandomState(seed).permutation(n_rows) < rate * n_rows
        y = np.where(wrong, 1 - y, y)
        detector = LabelNoiseDetector(random_state=0).fit(X, y)
        scores = detector.training_class_scores_
        for share, least in product(SURESTS, LEAST_ROWS):
            _surest_rows.SUREST, _surest_rows.MIN_ROWS = share, least
            rule = clone(detector.fitted_threshold_).fit(scores, y)
            flagged = rule.anomaly_scores(scores, y) > rule.threshold_
            about = {"set": name, "rows": n_rows, "rate": rate, "surest": share, "least": least}
            about |= {"estimated": rule.contamination_, "flagged": flagged.mean()}
            about |= {"error": abs(rule.contamination_ - rate)}
            rows.append(about | {"f1": f1_score(wrong, flagged) if rate else np.nan})
    keys = ["set", "rows", "rate", "surest", "least"]
    means = pd.DataFrame(rows).groupby(keys, sort=False).mean()
    yield from means.reset_index().to_dict("records")


def honest(data_home):
    """Yield (name, rows, labels) of data that a linear learner does not explain."""
    X, y = honest_sets.table("digits")
    yield "digits, odd", X, y % 2
    for name in ("mnist", "fashion_mnist"):
        X, y = honest_sets.draw_images(name, 2000, 0, data_home=data_home)
        yield name, X, y
        yield f"{name}, odd", X, y % 2
        yield f"{name}, below 5", X, y < 5
    for error in (0.05, 0.2):
        yield f"passengers, {error}", *honest_sets.passengers(2000, 2, 0, error)
    for seed in range(3):
        clusters = {"n_informative": 5, "n_clusters_per_class": 3, "class_sep": 2.0, "flip_y": 0}
        yield f"clusters {seed}", *make_classification(2000, random_state=seed, **clusters)


def groupings(data_home, n_draws=5):
    """Yield (name, rows, labels) of images whose classes are joined to two at random."""
    for name, seed in product(("mnist", "fashion_mnist"), range(n_draws)):
        X, y = honest_sets.draw_images(name, 2000, seed, data_home=data_home)
        chosen = np.random.RandomState(seed).permutation(10)[: 2 + seed % 4]
        yield f"{name}, {sorted(chosen.tolist())}", X, np.isin(y, chosen)


def pools(names, data_home, n_sets=5, labels="flip"):
    """Yield (name, rows, labels, which are poison) of some sets with gradient poison."""
    for name in names:
        data, classes = PAIRS[name]
        images = load_images(data, classes=classes, data_home=data_home)
        order = np.random.RandomState(FIRST_SEED).permutation(len(images.target))
        sets = []
        for own in order[: n_sets * 300].reshape(n_sets, 300):
            X, y = images.data[own], images.target[own]
            attack = GradientPoisoningAttack(
                SVC(kernel="linear"), labels=labels, rate=0.3, random_state=0
            )
            poisoned = attack.fit_resample(X[:100], y[:100], X_val=X[100:], y_val=y[100:])
            sets.append((*poisoned, attack.poison_mask_))
        yield f"{name}, {labels}", *map(np.concatenate, zip(*sets, strict=True))


def contradictions(kernel, X, labels):
    """How much a learner contradicts each label, out of sample."""
    y = np.unique(labels, return_inverse=True)[1]
    rows = Standardizer(X)(X)
    learner = LeaveOneOutRidge(kernel, 1000, int(y.max()) + 1, 0)
    near = near_duplicate_groups(rows, y)
    return contradiction(learner.fit_predict(rows, y, near, np.ones(len(y))), y)


def mixed_pools(names, data_home, n_sets=20):
    """Yield (name, rows, labels, which are poison) of sets with 10 or 20 rows of mixed poison."""
    for name, rate in product(names, (0.1, 0.2)):
        sets = []
        for seed in range(FIRST_SEED, FIRST_SEED + n_sets):
            drawn, _, victim = leaderboard.draw(*PAIRS[name], seed, data_home)
            *_, poisoned = leaderboard.poisoned_sets(drawn, victim, seed, [rate], ["mixed"])
            sets.append(poisoned[2:])
        yield f"{name}, mixed {rate:.0%}", *map(np.concatenate, zip(*sets, strict=True))


def flipped_images(data_home):
    """Yield (name, images of ten classes, labels, which are wrong)."""
    for data, rate in product(("mnist", "fashion_mnist"), (0.05, 0.1, 0.2)):
        X, y = honest_sets.draw_images(data, 5000, FIRST_SEED, "test", data_home)
        attack = LabelFlipAttack(rate=rate, injection="replace", random_state=FIRST_SEED)
        yield f"{data}, flips {rate:.0%}", *attack.fit_resample(X, y), attack.poison_mask_


def denied(options):
    """What the linear learner contradicts and is sure of, what the sum says, what follows."""
    sets = [(*of_set, None) for of_set in honest(options.data_home)]
    sets += [(*of_set, None) for of_set in groupings(options.data_home)]
    sets += flipped_images(options.data_home)
    sets += pools(POOLS, options.data_home)
    sets += pools(MORE_POOLS, options.data_home, n_sets=10, labels="keep")
    sets += mixed_pools(POOLS, options.data_home)
    for name, X, y, poison in sets:
        found = {"contradicted": (contradictions("linear", X, y) > 0).mean()}
        for how, least in (("sum", np.inf), ("linear", _label_noise.LEAST_DENIED)):
            with patch.object(_label_noise, "LEAST_DENIED", least):
                detector = LabelNoiseDetector(random_state=0).fit(X, y)
            flagged = detector.training_scores_ < detector.offset_
            found[f"estimated_{how}"] = detector.contamination_
            found[f"f1_{how}"] = np.nan if poison is None else f1_score(poison, flagged)
            found[f"right_{how}"] = flagged.sum() if poison is None else (flagged & ~poison).sum()
            first = detector.first_threshold_
        is_sure = first.noise_ != "none" and first.likelihood_ratio_ > _label_noise.SURE
        found["sure_share"] = first.contamination_interval_[0] if is_sure else 0.0
        yield {"set": name, "rows": len(y)} | found


def rings(offset, random_state):
    """Draw two noisy rings, whose centres are `offset` apart: a line knows little of them."""
    rng = np.random.RandomState(random_state)
    y = rng.randint(2, size=2000)
    radius = 0.4 + 0.5 * y + 0.1 * rng.randn(2000)
    angle = rng.uniform(0, 2 * np.pi, size=2000)
    return np.c_[radius * np.cos(angle) + offset * y, radius * np.sin(angle)], y


def groups(options):
    """What the linear learner contradicts, how much of it another has learnt, what follows."""
    sets = [(*of_set, None) for of_set in honest(options.data_home)]
    for offset, seed in product((0.15, 0.3), range(3)):
        sets.append((f"rings {offset} {seed}", *rings(offset, seed), None))
    for n_rows, n_classes, error in product((300, 1000, 5000), (2, 3), (0.02, 0.05, 0.1)):
        drawn = honest_sets.passengers(n_rows, n_classes, 1, error)
        sets.append((f"passengers of {n_classes} classes, {error}", *drawn, None))
    poisoned = pools(MORE_POOLS, options.data_home, n_sets=10)
    for name, X, labels, poison in [*sets, *poisoned]:
        y = np.unique(labels, return_inverse=True)[1]
        linear, other = (contradictions(kernel, X, labels) for kernel in ("linear", "rbf"))
        by_chance = 1 - np.bincount(y).max() / len(y)
        component = SecondComponentThreshold().fit(linear)
        inside = linear > component.threshold_
        found = {
            "contradicted": (linear > 0).mean() / by_chance,
            "by_other": (other > 0).mean() / by_chance,
            "component": component.contamination_,
            "of_class": (np.bincount(y, inside) / np.bincount(y)).max(),
            "learnt": (inside & (other < 0)).mean(),
        }
        for how, least in (("without", np.inf), ("with", _linear_judge.LEAST_LEARNT)):
            with patch.object(_linear_judge, "LEAST_LEARNT", least):
                flagged = LabelNoiseDetector(random_state=0).fit_predict(X, y) == -1
            found[f"flagged_{how}"] = flagged.mean()
            found[f"f1_{how}"] = np.nan if poison is None else f1_score(poison, flagged)
        yield {"set": name, "rows": len(y)} | found


def write(options, part):
    """Run a part, write its rows and print them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        table = pd.DataFrame(part(options))
    table.round(4).to_csv(options.results / f"calibrate_{options.part}.csv", index=False)
    print(table.round(3).to_string(index=False))


def run(part, parser, arguments):
    """Parse what every calibration takes beside its own arguments, and write the part's rows."""
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--data-home", default=os.environ.get("SKPOISON_DATA"))
    options = parser.parse_args(arguments)
    options.part = part.__name__
    write(options, part)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parts = ["margins", "prior", "sharpening", "surest", "denied", "groups"]
    parser.add_argument("part", choices=parts)
    parser.add_argument("--seeds", type=int)
    parser.add_argument("--data", nargs="+", choices=PAIRS, help="pairs of the part prior")
    parser.add_argument("--rows", nargs="+", type=int, default=[3000, 20_000], help="part surest")
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--data-home", default=os.environ.get("SKPOISON_DATA"))
    options = parser.parse_args(arguments)
    write(options, globals()[options.part])


if __name__ == "__main__":
    main()
