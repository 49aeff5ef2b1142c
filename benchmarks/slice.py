"""Poison, detect, defend on four pairs of real images: all attacks, all detectors, two peers.

    python benchmarks/slice.py [--seeds 5] [--jobs 1] [--data-home DIR]
    python benchmarks/slice.py --markdown    # print the README's table from the results

Each set of 100 clean rows plus poison is judged by detectors fitted to that set alone. Writes
``benchmarks/results/slice.csv`` (means with 95 % intervals over the seeds) and
``slice_runs.csv`` (every run). Seeds that are in ``slice_runs.csv`` already are not run again.
"""

import argparse
import os
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from scipy.stats import t
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict
from sklearn.svm import SVC

from skpoison.datasets import load_images
from skpoison.detectors import BasePoisonDetector, NeighborDisagreementDetector
from skpoison.inspection import compare_on_run
from skpoison.thresholds import FixedThreshold, GaussianMixtureThreshold

RESULTS = Path(__file__).parent / "results"
CELLS = [
    ("mnist", (0, 1)),
    ("fashion_mnist", (0, 1)),
    ("fashion_mnist", (2, 4)),
    ("cifar10", (0, 1)),
]
ATTACKS = ["flipping", "optimal", "semi-optimal", "mixed"]
DETECTORS = ["rae", "cae", "cae+", "magnet", "centroid", "knn"]
RATES = (0.0, 0.1, 0.2, 0.3)
KEYS = ["dataset", "classes", "attack", "rate", "detector"]
VALUES = [
    "clean",
    "poisoned",
    "defended",
    "f1",
    "roc_auc",
    "average_precision",
    "clean_removed",
    "seconds",
]


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


def run(
    dataset, classes, seed, *, data_home=None, attacks=ATTACKS, detectors=DETECTORS, rates=RATES
):
    """One draw of rows: a row of the table for each attack, rate and detector."""
    images = load_images(dataset, classes=classes, data_home=data_home)
    table = compare_on_run(
        images.data,
        images.target,
        images.image_shape,
        attacks=attacks,
        detectors=[
            *detectors,
            (
                "10-NN disagreement",
                NeighborDisagreementDetector(contamination=GaussianMixtureThreshold()),
            ),
            ("cleanlab", Cleanlab()),
        ],
        rates=rates,
        victim=victim_for(images.image_shape, images.data.shape[1]),
        random_state=seed,
    )
    pair = " v ".join(str(label) for label in classes)
    return table.assign(dataset=dataset, classes=pair, seed=seed)


def summarise(runs, keys=KEYS, values=VALUES):
    """Mean and half-width of the 95 % interval of every value over the seeds."""
    groups = runs.groupby(keys, sort=False)[values]
    count = groups.count()
    half_width = groups.std() / np.sqrt(count) * t.ppf(0.975, (count - 1).clip(lower=1))
    table = groups.mean().join(half_width.add_suffix("_ci95"))
    columns = [column for value in values for column in (value, f"{value}_ci95")]
    return table[columns].assign(seeds=runs.groupby(keys, sort=False)["seed"].nunique()).round(4)


def markdown(table):
    """The README's table: accuracies and F1 without poison and at the largest rate, in percent."""
    shown = table[(table["rate"] == 0) | (table["rate"] == table["rate"].max())]
    detectors = list(dict.fromkeys(shown["detector"]))
    lines = [
        "| data | attack | clean | poisoned | " + " | ".join(detectors) + " |",
        "| --- " * (len(detectors) + 4) + "|",
    ]
    for (dataset, classes, attack), cell in shown.groupby(KEYS[:3], sort=False):
        entries = [dataset.replace("_", " ") + f" {classes}", attack]
        entries += [f"{100 * cell[column].iloc[0]:.1f}" for column in ("clean", "poisoned")]
        for detector in detectors:
            row = cell[cell["detector"] == detector].iloc[0]
            found = f"{100 * row['f1']:.0f}" if attack != "none" else "–"
            entries.append(f"{100 * row['defended']:.1f} / {found}")
        lines.append("| " + " | ".join(entries) + " |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--data-home", default=os.environ.get("SKPOISON_DATA"))
    parser.add_argument("--markdown", action="store_true")
    arguments = parser.parse_args()
    if arguments.markdown:
        print(markdown(pd.read_csv(RESULTS / "slice.csv")))
        return

    path = RESULTS / "slice_runs.csv"
    done = pd.read_csv(path) if path.exists() else pd.DataFrame(columns=[*KEYS, "seed"])
    finished = set(zip(done["dataset"], done["classes"], done["seed"], strict=True))
    todo = [
        (dataset, classes, seed)
        for seed in range(arguments.seeds)
        for dataset, classes in CELLS
        if (dataset, " v ".join(map(str, classes)), seed) not in finished
    ]
    tables = Parallel(n_jobs=arguments.jobs, return_as="generator_unordered")(
        delayed(run)(*cell, data_home=arguments.data_home) for cell in todo
    )
    for table in tables:
        done = pd.concat([done, table], ignore_index=True) if len(done) else table
        done = done[[*KEYS, "seed", *VALUES]]
        partial = path.with_suffix(".partial")
        done.round(4).to_csv(partial, index=False)
        partial.replace(path)
        print(f"{done[['dataset', 'classes', 'seed']].drop_duplicates().shape[0]} runs", flush=True)
    order = {f"{d}{' v '.join(map(str, c))}": k for k, (d, c) in enumerate(CELLS)}
    done["order"] = [order[d + c] for d, c in zip(done["dataset"], done["classes"], strict=True)]
    summarise(done.sort_values(["order", "seed"], kind="stable")).to_csv(RESULTS / "slice.csv")


if __name__ == "__main__":
    main()
