"""The default outlier detector of ``ClassConditionalDetector``, on data that no table reports.

    python benchmarks/calibrate_outliers.py    # ten minutes; wants SKPOISON_DATA

Writes ``benchmarks/results/calibrate_outliers.csv``, one row for each detector, number of rows of a
class, kind of poison and share of it: average precision, F1 of what "auto" flags, how often it
flags anything, the share of clean rows flagged, and CPU seconds. Honest sets have the share 0.

- flips: wrong labels.
- gradients, flip and keep: `GradientPoisoningAttack` on a linear SVM, in classes of up to 300 rows.
- far: rows in random directions, twice as far from their class's centre as its rows are.
- backdoor: a white patch (of tables: the largest number in the last column) on rows of other
  classes, all under one label.
- group: copies of one row of another class, with a little noise: as dense as poison gets.
"""

import argparse
from itertools import product
from time import process_time
from unittest.mock import patch

import numpy as np
import pandas as pd
from calibrate import FIRST_SEED, PAIRS, run
from sklearn.covariance import EllipticEnvelope
from sklearn.datasets import load_wine
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest
from sklearn.metrics import average_precision_score, f1_score
from sklearn.neighbors import LocalOutlierFactor, NearestNeighbors
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, normalize
from sklearn.svm import SVC

from skpoison.attacks import BackdoorAttack, GradientPoisoningAttack, LabelFlipAttack
from skpoison.attacks.triggers import PatchTrigger
from skpoison.datasets import load_images
from skpoison.detectors import ClassConditionalDetector

IMAGES = [name for name in PAIRS if name not in ("mnist 4 v 9", "breast cancer")]
SIZES, SHARES, LARGEST = (30, 100, 300, 1000), (0.05, 0.2), 0.2


class NeighborDistances(NearestNeighbors):
    """Mean distance to the nearest rows."""

    def score_samples(self, X):
        return -self.kneighbors(X)[0].mean(axis=1)


def neighbors(number):
    return lambda n_rows, seed: LocalOutlierFactor(min(number, n_rows - 1), novelty=True)


def share_of_neighbors(share):
    return lambda n_rows, seed: LocalOutlierFactor(max(int(share * n_rows), 1), novelty=True)


CANDIDATES = {
    "LOF, 20 neighbours": neighbors(20),
    "LOF, 100": neighbors(100),
    "LOF, a third": share_of_neighbors(1 / 3),
    "LOF, half": share_of_neighbors(1 / 2),
    "distances, half": lambda n_rows, seed: NeighborDistances(n_neighbors=(n_rows + 1) // 2),
    "isolation forest": lambda n_rows, seed: IsolationForest(random_state=seed),
    "PCA, envelope": lambda n_rows, seed: make_pipeline(
        PCA(0.5, random_state=seed), EllipticEnvelope(random_state=seed)
    ),
}


def gaussians(n_rows, n_columns, seed):
    """Rows and labels of two classes three deviations apart, n_rows each."""
    y = np.arange(2 * n_rows) % 2
    X = np.random.RandomState(seed).normal(size=(2 * n_rows, n_columns))
    X[:, 0] += 3 * y
    return X, y


def clean_sets(options):
    """Yield (rows of a class, rows, labels, side of the image or None, seed)."""
    for seed in range(FIRST_SEED, FIRST_SEED + options.seeds):
        X, y = load_wine(return_X_y=True)
        yield 60, StandardScaler().fit_transform(X), y, None, seed
        for n_rows, n_columns in product(options.sizes, (2, 10)):
            yield n_rows, *gaussians(n_rows, n_columns, seed), None, seed
        for name in IMAGES if options.data_home else ():
            data, classes = PAIRS[name]
            images = load_images(data, classes=classes, data_home=options.data_home)
            X, y = images.data, images.target
            order = np.random.RandomState(seed).permutation(len(y))
            for n_rows in options.sizes:
                rows = np.concatenate([order[y[order] == label][:n_rows] for label in classes])
                yield n_rows, X[rows].astype(np.float64), y[rows], 28, seed


def poison_of(n_rows, X, y, side, seed):
    """Yield (kind, poison rows, their labels)."""
    rng, n_poison = np.random.RandomState(seed), round(LARGEST * len(y))
    trigger = None if side is None else PatchTrigger(size=3, image_shape=(side, side))
    attacks = {
        "flips": LabelFlipAttack(rate=n_poison, random_state=seed),
        "backdoor": BackdoorAttack(trigger, rate=n_poison, y_target=y[0], random_state=seed),
    }
    if n_rows <= 300:
        attacks |= {
            f"gradients, {labels}": GradientPoisoningAttack(
                SVC(kernel="linear"), labels=labels, rate=n_poison, random_state=seed
            )
            for labels in ("flip", "keep")
        }
    for kind, attack in attacks.items():
        X_out, y_out = attack.fit_resample(X, y)
        yield kind, X_out[attack.poison_mask_], y_out[attack.poison_mask_]
    chosen = rng.permutation(len(y))[:n_poison]
    centres = np.array([X[y == label].mean(axis=0) for label in y[chosen]])
    radii = np.linalg.norm(X[chosen] - centres, axis=1, keepdims=True)
    yield "far", centres + 2 * radii * normalize(rng.normal(size=centres.shape)), y[chosen]
    other = X[y != y[0]]
    noise = 0.1 * other.std() * rng.normal(size=(n_poison, X.shape[1]))
    yield "group", other[rng.randint(len(other))] + noise, np.repeat(y[0], n_poison)


def poisoned_sets(options):
    """Yield (rows of a class, kind, share, rows, labels, which are poison)."""
    for n_rows, X, y, side, seed in clean_sets(options):
        yield n_rows, "none", 0.0, X, y, np.zeros(len(y), bool)
        for kind, X_poison, y_poison in poison_of(n_rows, X, y, side, seed):
            order = np.random.RandomState(seed).permutation(len(y_poison))
            for share in SHARES:
                some = order[: round(share * len(y))]
                rows, labels = np.append(X, X_poison[some], 0), np.append(y, y_poison[some])
                yield n_rows, kind, share, rows, labels, np.arange(len(labels)) >= len(y)


def outliers(options):
    """What each detector finds."""
    found = []
    for n_rows, kind, share, X, y, poison in poisoned_sets(options):
        for name in options.detectors:
            make = CANDIDATES[name]

            def of_class(detector, rows, random_state, make=make):
                return make(len(rows), random_state.randint(2**31 - 1))

            start = process_time()
            with patch.object(ClassConditionalDetector, "_make_detector", of_class):
                detector = ClassConditionalDetector(random_state=0).fit(X, y)
            seconds, scores = process_time() - start, -detector.training_scores_
            flagged = scores > -detector.offset_
            about = {"detector": name, "rows of a class": n_rows, "poison": kind, "share": share}
            about["average precision"] = np.nan
            about["f1"] = np.nan
            if share:
                about["average precision"] = average_precision_score(poison, scores)
                about["f1"] = f1_score(poison, flagged)
            about |= {"sets flagged": flagged.any(), "clean flagged": flagged[~poison].mean()}
            found.append(about | {"cpu_seconds": seconds})
    keys = ["detector", "rows of a class", "poison", "share"]
    means = pd.DataFrame(found).groupby(keys, sort=False).mean()
    yield from means.reset_index().to_dict("records")


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--detectors", nargs="+", default=list(CANDIDATES), choices=CANDIDATES)
    run(outliers, parser, arguments)


if __name__ == "__main__":
    main()
