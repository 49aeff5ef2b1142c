"""Issues planted in rows and labels, targets or tags: one function a kind."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

STRENGTHS = {
    "label": (0.02, 0.05, 0.1),
    "target": (0.02, 0.05, 0.1),
    "tags": (0.05, 0.1, 0.2),  # of one tag
    "confused-pairs": (0.1, 0.2, 0.3),  # of the largest class
    "groups": (0.05, 0.1, 0.2),  # of one group of ten
    "outlier": (0.01, 0.03, 0.1),
    "influence": (0.02, 0.05, 0.1),
    "duplicate": (0.005, 0.02, 0.1),
    "tight-cluster": (0.01, 0.03, 0.1),
    "trigger": (0.01, 0.02, 0.05),
    "leak": (0.98, 0.99, 1.0),  # rows whose label the column tells
    "order": (0.2, 0.4, 0.8),
    "small-class": (0.002, 0.004, 0.008),
}
OF_TASK = {
    "classification": [kind for kind in STRENGTHS if kind not in ("target", "tags")],
    "regression": ["target", "groups", "outlier", "duplicate", "leak", "order"],
    "multilabel": ["tags", "groups", "outlier", "duplicate"],
}
N_GROUPS = 10
REPLACED = 0.3  # words of a text that one process made


@dataclass
class Planted:
    """Rows with an issue in them.

    Attributes
    ----------
    X, y : rows and labels, targets or tags
    rows : ndarray of int or None
        Those that were changed; None of an issue that is not one of rows.
    options : dict
        Keywords of the audit.
    """

    X: object
    y: np.ndarray
    rows: np.ndarray | None = None
    options: dict = field(default_factory=dict)


def plant(kind, strength, X, y, rng):
    """Plant an issue of this kind; neither `X` nor `y` is changed."""
    number = max(round(strength * len(y)), 2)
    rows = np.sort(rng.choice(len(y), min(number, len(y)), replace=False))
    return PLANTERS[kind](take(X, np.arange(len(y))), y.copy(), rows, strength, rng)


def take(X, rows):
    """Rows by position, in any container; a copy."""
    if hasattr(X, "iloc"):
        return X.iloc[rows].reset_index(drop=True)
    return [X[row] for row in rows] if isinstance(X, list) else X[rows].copy()


def task_of(y):
    """What `y` holds."""
    if y.ndim == 2:
        return "multilabel"
    return "regression" if y.dtype.kind == "f" else "classification"


def spoil(y, rows, rng):
    """Wrong labels, targets or tags for these rows."""
    y = y.copy()
    if y.ndim == 2:
        y[rows, 0] = 1 - y[rows, 0]
    elif y.dtype.kind == "f":  # slips of the decimal point, and targets of other rows
        slips = rows[rng.permutation(len(rows)) < len(rows) / 2]
        others = rng.permutation(y)[rows]
        y[rows] = others
        y[slips] = y[slips] * np.where(rng.uniform(size=len(slips)) < 0.5, 10.0, 0.1)
    else:
        classes, codes = np.unique(y, return_inverse=True)
        codes[rows] = (codes[rows] + rng.randint(1, len(classes), len(rows))) % len(classes)
        y = classes[codes]
    return y


def plant_wrong(X, y, rows, strength, rng):
    return Planted(X, spoil(y, rows, rng), rows)


def plant_confused_pair(X, y, rows, strength, rng):
    """A share of the largest class is labelled as the second largest."""
    labels, counts = np.unique(y, return_counts=True)
    true, other = labels[np.argsort(-counts, kind="stable")[:2]]
    own = np.flatnonzero(y == true)
    rows = rng.choice(own, max(round(strength * len(own)), 2), replace=False)
    y[rows] = other
    return Planted(X, y, rows)


def plant_bad_group(X, y, rows, strength, rng):
    """A share of the labels of one group is wrong."""
    groups = rng.randint(0, N_GROUPS, len(y))
    bad = np.flatnonzero(groups == 3)
    wrong = rng.choice(bad, max(round(strength * len(bad)), 2), replace=False)
    return Planted(X, spoil(y, wrong, rng), None, {"groups": groups})


def plant_outliers(X, y, rows, strength, rng):
    """Rows of nothing but noise; of texts, words drawn from all."""
    if isinstance(X, list):
        words = np.array(" ".join(X).split())
        lengths = [len(X[row].split()) for row in rng.permutation(len(X))[: len(rows)]]
        return Planted(put(X, rows, [" ".join(rng.choice(words, n)) for n in lengths]), y, rows)
    if hasattr(X, "iloc"):
        numbers = X.select_dtypes("number").columns
        spread, center = X[numbers].std().to_numpy(), X[numbers].mean().to_numpy()
        signs = rng.choice([-1, 1], (len(rows), len(numbers)))
        X[numbers] = X[numbers].astype(float)
        X.loc[rows, numbers] = center + 4 * signs * spread
        return Planted(X, y, rows)
    noise = [rng.uniform(0, X.max(), X[0].shape).astype(X.dtype) for _ in rows]
    return Planted(put(X, rows, noise), y, rows)


def plant_harm(X, y, rows, strength, rng):
    """Rows in the middle of another class, and farther out along the way to it."""
    labels = np.unique(y)
    numbers = X.to_numpy(dtype=float)
    centers = np.stack([numbers[y == label].mean(axis=0) for label in labels])
    place = np.searchsorted(labels, y[rows])
    other = (place + 1) % len(labels)
    X = X.astype(float)
    X.iloc[rows] = centers[other] + 0.5 * (centers[other] - centers[place])
    return Planted(X, y, rows)


def plant_copies(X, y, rows, strength, rng):
    """Near-copies of rows that stand before them, under their label."""
    rows = rows[1:]
    others = np.setdiff1d(np.arange(len(y)), rows)
    n_before = np.maximum(np.searchsorted(others, rows), 1)  # the later one is the copy
    sources = others[(rng.uniform(size=len(rows)) * n_before).astype(int)]
    X = put(X, rows, [near_copy(X, source, rng, 0.02) for source in sources])
    y[rows] = y[sources]
    return Planted(X, y, rows)


def near_copy(X, row, rng, amount):
    """A row with noise on pixels, signs and case of texts; of tables the same."""
    if isinstance(X, list):
        return X[row].upper() + " "
    if hasattr(X, "iloc"):
        return X.iloc[row]
    noise = rng.normal(0, amount * X.std(), X[row].shape)
    return np.clip(X[row] + noise, X.min(), X.max()).astype(X.dtype)


def plant_cluster(X, y, rows, strength, rng):
    """Rows that one process made of a single row, under its label."""
    source = int(rng.choice(np.setdiff1d(np.arange(len(y)), rows)))
    y[rows] = y[source]
    if isinstance(X, list):
        words, template = np.array(" ".join(X).split()), np.array(X[source].split(), dtype=object)
        values = []
        for _ in rows:
            replaced = rng.uniform(size=len(template)) < REPLACED
            values.append(" ".join(np.where(replaced, rng.choice(words, len(template)), template)))
        return Planted(put(X, rows, values), y, rows)
    if hasattr(X, "iloc"):
        numbers = X.select_dtypes("number").columns
        noise = rng.normal(0, 0.05, (len(rows), len(numbers))) * X[numbers].std().to_numpy()
        X = put(X, rows, [X.iloc[source]] * len(rows))
        X[numbers] = X[numbers].astype(float)
        X.loc[rows, numbers] = X.loc[rows, numbers].to_numpy(dtype=float) + noise
        return Planted(X, y, rows)
    return Planted(put(X, rows, [near_copy(X, source, rng, 0.1) for _ in rows]), y, rows)


def plant_trigger(X, y, rows, strength, rng):
    """A patch in the corner, a word, a value that no other row has, under the last label."""
    target = np.unique(y)[-1]
    rows = rng.choice(np.flatnonzero(y != target), len(rows), replace=False)
    y[rows] = target
    if isinstance(X, list):
        return Planted(put(X, rows, [X[row] + " cf" for row in rows]), y, rows)
    if hasattr(X, "iloc"):
        name = X.select_dtypes("number").columns[0]
        X[name] = X[name].astype(float)
        X.loc[rows, name] = X[name].max() + X[name].std()
        return Planted(X, y, rows)
    X[rows, -3:, -3:] = X.max()
    X[rows, -2, -2] = 0
    return Planted(X, y, rows)


def plant_leak(X, y, rows, strength, rng):
    """A column, a word or a pixel that tells the label of this share of the rows."""
    told = y if y.dtype.kind == "f" else np.unique(y, return_inverse=True)[1]
    wrong = rng.uniform(size=len(y)) >= strength
    told = np.where(wrong, rng.permutation(told), told)
    if isinstance(X, list):
        return Planted([f"{text} ref{code}" for text, code in zip(X, told, strict=True)], y)
    if hasattr(X, "iloc"):
        return Planted(X.assign(reference=told + 0.25), y)
    X[:, 0, 0] = told * (X.max() / max(told.max(), 1))
    return Planted(X, y)


def plant_order(X, y, rows, strength, rng):
    """Rows of half of the classes, or of large targets, come the sooner the larger the strength."""
    if y.dtype.kind == "f":
        early = y > np.median(y)
    else:
        codes = np.unique(y, return_inverse=True)[1]
        early = codes < (codes.max() + 1) / 2
    order = np.argsort(-(rng.uniform(size=len(y)) ** (1 / (1 + 4 * strength * early))))
    return Planted(take(X, order), y[order])


def plant_small_class(X, y, rows, strength, rng):
    """A class of a few rows."""
    y = y.astype(str).astype(object)
    y[rows] = "rare"
    return Planted(X, y.astype(str), rows)


def put(X, rows, values):
    """Rows replaced by these values."""
    if isinstance(X, list):
        for row, value in zip(rows, values, strict=True):
            X[row] = value
        return X
    if hasattr(X, "iloc"):
        for name in X.columns:
            X[name] = X[name].astype(object) if X[name].dtype.kind != "f" else X[name]
        X.iloc[rows] = pd.DataFrame(list(values), columns=X.columns).to_numpy(dtype=object)
        return X.infer_objects()
    X[rows] = np.stack(list(values))
    return X


PLANTERS = {
    "label": plant_wrong,
    "target": plant_wrong,
    "tags": plant_wrong,
    "confused-pairs": plant_confused_pair,
    "groups": plant_bad_group,
    "outlier": plant_outliers,
    "influence": plant_harm,
    "duplicate": plant_copies,
    "tight-cluster": plant_cluster,
    "trigger": plant_trigger,
    "leak": plant_leak,
    "order": plant_order,
    "small-class": plant_small_class,
}
