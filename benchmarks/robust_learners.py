"""Learners that withstand poison: certified accuracy, and regressions under attack.

    python benchmarks/robust_learners.py --part certificates
    python benchmarks/robust_learners.py --part regression --wheels FOLDER

The folder holds the wheel of ``vega-datasets`` (``pip download --no-deps --dest FOLDER
vega-datasets``), of which the table of cars is read; without it cars are left out.
"""

import argparse
import json
import time
import warnings
from pathlib import Path
from zipfile import ZipFile

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.datasets import load_diabetes
from sklearn.linear_model import HuberRegressor, RANSACRegressor, Ridge, RidgeCV
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import MinMaxScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from skpoison.attacks import GradientRegressionAttack, StatisticalRegressionAttack
from skpoison.datasets import load_images
from skpoison.detectors import ResidualDetector
from skpoison.inspection import CertifiedAccuracyDisplay
from skpoison.robust import (
    CertifiedBaggingClassifier,
    CertifiedNeighborsClassifier,
    PartitionAggregationClassifier,
    SeverRegressor,
    TRIMRegressor,
)

RESULTS = Path(__file__).parent / "results"
RADII = [1, 3, 10, 30, 100, 300, 500]
VICTIM = Ridge(alpha=0.1)
RATES, N_TRAIN, N_TEST = (0.1, 0.2), 300, 1000


# certificates


def rows_of(name, data_home, n_test):
    """Training and test rows and labels."""
    if name == "adult":
        table = pd.read_csv(Path(data_home) / "tables" / "adult-train.csv", header=None)
        y = table.pop(14).str.strip().to_numpy(dtype=str)
        X = pd.get_dummies(table).to_numpy(dtype=np.float64)
    elif name == "mnist":
        images = [load_images(name, subset=part, data_home=data_home) for part in ("train", "test")]
        (X, y), (X_test, y_test) = ((part.data, part.target) for part in images)
        rows = np.random.RandomState(0).permutation(len(y_test))[:n_test]
        return X, X_test[rows], y, y_test[rows]
    else:
        X, y = load_images(name, return_X_y=True)
    return train_test_split(X, y, test_size=min(n_test, len(y) // 4), stratify=y, random_state=0)


def learners_of(name):
    """Name -> classifier; sizes go with the number of rows."""
    inner = DecisionTreeClassifier() if name == "adult" else SVC(C=10)
    parts, bags, bag, voters = {
        "mnist": (1200, 1000, 100, 3000),
        "adult": (500, 500, 60, 301),
        "digits": (50, 500, 30, 31),
    }[name]
    return {
        "partitions": PartitionAggregationClassifier(inner, n_partitions=parts, random_state=0),
        "finite aggregation, d=4": PartitionAggregationClassifier(
            inner, n_partitions=parts, spread_degree=4, random_state=0
        ),
        "bagging": CertifiedBaggingClassifier(
            inner, n_estimators=bags, max_samples=bag, random_state=0
        ),
        "neighbors": CertifiedNeighborsClassifier(voters),
    }


def certify(name, data_home, n_test, ax=None):
    """One line a learner: accuracy, median radius, certified accuracy at several radii, CPU."""
    X, X_test, y, y_test = rows_of(name, data_home, n_test)
    lines = []
    for learner, model in learners_of(name).items():
        begin = time.process_time()
        model.fit(X, y)
        predicted, radius = model.predict(X_test), model.certified_radius(X_test)
        right = np.where(predicted == y_test, radius, -1)
        display = CertifiedAccuracyDisplay.from_predictions(
            y_test, predicted, radius, name=learner, ax=ax
        )
        lines.append(
            {
                "data": name,
                "learner": learner,
                "n_train": len(y),
                "n_test": len(y_test),
                "accuracy": (predicted == y_test).mean(),
                "median_radius": np.median(right),
                **{f"certified_{r}": (right >= r).mean() for r in RADII},
                "cpu_s": time.process_time() - begin,
            }
        )
        if ax is None:
            plt.close(display.figure_)
        print(lines[-1], flush=True)
    return pd.DataFrame(lines)


# regression


def regression_rows(name, data_home, wheels):
    """Columns and target, each scaled to [0, 1] as in the paper of the attacks."""
    if name == "diabetes":
        X, y = load_diabetes(return_X_y=True)
    else:
        if name == "cars":
            with ZipFile(next(Path(wheels).glob("vega_datasets-*.whl"))) as wheel:
                table = pd.DataFrame(json.loads(wheel.read("vega_datasets/_data/cars.json")))
            table = table.drop(columns=["Name", "Year"]).dropna()
            y = table.pop("Miles_per_Gallon")
        elif name == "penguins":
            table = pd.read_csv(Path(data_home) / "tables" / "penguins.csv").dropna()
            y = table.pop("body_mass_g")
        else:  # the age of adults
            table = pd.read_csv(Path(data_home) / "tables" / "adult-train.csv", header=None)
            table = table.sample(2000, random_state=0)
            y = table.pop(0)
            table = table.drop(columns=[3, 13])  # education once; native country
        X, y = pd.get_dummies(table).to_numpy(dtype=np.float64), y.to_numpy(dtype=np.float64)
    y = MinMaxScaler().fit_transform(y.reshape(-1, 1)).ravel()
    return MinMaxScaler().fit_transform(X), y


class RandomPoison:
    """Rows anywhere within the columns' ranges, with the target at a random end."""

    def __init__(self, rate, random_state):
        self.rate, self.random_state = rate, random_state

    def fit_resample(self, X, y):
        rng = np.random.RandomState(self.random_state)
        n_poison = round(self.rate * len(y))
        made = rng.uniform(X.min(axis=0), X.max(axis=0), size=(n_poison, X.shape[1]))
        return np.vstack([X, made]), np.append(y, rng.choice([y.min(), y.max()], n_poison))


def attacks(rate, seed):
    settings = {"rate": rate, "random_state": seed}
    return {
        "random": RandomPoison(**settings),
        "statistical": StatisticalRegressionAttack(VICTIM, **settings),
        "gradient": GradientRegressionAttack(VICTIM, **settings),
    }


def filtered(detector, X, y):
    """The victim on the rows that a detector leaves."""
    kept = detector.fit_predict(X, y) == 1
    return clone(VICTIM).fit(X[kept], y[kept])


def cleanlab(X, y, seed):
    from cleanlab.regression.learn import CleanLearning

    issues = CleanLearning(clone(VICTIM), seed=seed).find_label_issues(X, y)
    kept = ~issues["is_label_issue"].to_numpy()
    return clone(VICTIM).fit(X[kept], y[kept])


def defences(share, seed):
    """Name -> function from rows and targets to a fitted regression; some know the share."""
    linear = {"scale": "constant", "random_state": seed}
    return {
        "none": lambda X, y: clone(VICTIM).fit(X, y),
        "TRIM": lambda X, y: TRIMRegressor(VICTIM, contamination=share, random_state=seed).fit(
            X, y
        ),
        "Sever": lambda X, y: SeverRegressor(VICTIM, contamination=share).fit(X, y),
        "residuals, linear": lambda X, y: filtered(
            ResidualDetector(RidgeCV(), contamination=share or "auto", **linear), X, y
        ),
        "residuals of TRIM, auto": lambda X, y: filtered(
            ResidualDetector(TRIMRegressor(VICTIM, contamination=0.3, n_init=10), **linear), X, y
        ),
        "residuals, auto": lambda X, y: filtered(ResidualDetector(random_state=seed), X, y),
        "Huber": lambda X, y: HuberRegressor(alpha=0.1, max_iter=1000).fit(X, y),
        "RANSAC": lambda X, y: RANSACRegressor(
            clone(VICTIM), min_samples=min(X.shape[1] + 1, len(y) // 2), random_state=seed
        ).fit(X, y),
        "cleanlab": lambda X, y: cleanlab(X, y, seed),
    }


def regress(X, y, seed, names=None):
    """One line a poisoned set and defence: mean squared error on clean test rows, and CPU."""
    X, X_test, y, y_test = train_test_split(
        X, y, train_size=min(N_TRAIN, len(y) * 2 // 3), random_state=seed
    )
    X_test, y_test = X_test[:N_TEST], y_test[:N_TEST]
    sets = {("none", 0.0): (X, y)}
    for rate in RATES:
        for attack, sampler in attacks(rate, seed).items():
            sets[attack, rate] = sampler.fit_resample(X, y)
    lines = []
    for (attack, rate), rows in sets.items():
        known = defences(rate / (1 + rate), seed)
        for defence in known if names is None else names:
            begin = time.process_time()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                model = known[defence](*rows)
            lines.append(
                {
                    "seed": seed,
                    "attack": attack,
                    "rate": rate,
                    "defence": defence,
                    "mse": np.mean((model.predict(X_test) - y_test) ** 2),
                    "cpu_s": time.process_time() - begin,
                }
            )
    return pd.DataFrame(lines)


def summarise(runs):
    """Means over the seeds."""
    keys = ["data", "attack", "rate", "defence"]
    found = runs.groupby(keys, sort=False)[["mse", "cpu_s"]].mean().reset_index()
    return found.pivot_table(
        index=["data", "attack", "rate"], columns="defence", values="mse", sort=False
    ).reset_index()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--part", choices=["certificates", "regression"], required=True)
    parser.add_argument("--data", nargs="+")
    parser.add_argument("--data-home", default=None)
    parser.add_argument("--wheels", default=None)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--n-test", type=int, default=500)
    parser.add_argument("--results", type=Path, default=RESULTS)
    options = parser.parse_args()
    if options.part == "certificates":
        names = options.data or ["digits", "adult", "mnist"]
        figure, axes = plt.subplots(1, len(names), figsize=(4.5 * len(names), 3.6), squeeze=False)
        found = []
        for name, ax in zip(names, axes[0], strict=True):
            found.append(certify(name, options.data_home, options.n_test, ax))
            ax.set_title(name)
            table = pd.concat(found)
            table.to_csv(options.results / "certificates.csv", index=False, float_format="%.4g")
        figure.tight_layout()
        figure.savefig(options.results / "certificates.png", dpi=130)
        return
    names = options.data or ["diabetes", "penguins", "adult", *(["cars"] if options.wheels else [])]
    runs = []
    for name in names:
        X, y = regression_rows(name, options.data_home, options.wheels)
        for seed in range(options.seeds):
            runs.append(regress(X, y, seed).assign(data=name))
            table = pd.concat(runs)
            table.to_csv(options.results / "regression_runs.csv", index=False, float_format="%.4g")
        print(summarise(table).round(4).to_string(), flush=True)
    summarise(table).to_csv(options.results / "regression.csv", index=False, float_format="%.4g")


if __name__ == "__main__":
    main()
