"""Planted issues: what `skpoison.audit` finds, and what it finds where nothing was planted.

    python benchmarks/audit_planted.py [--sets mnist adult banking] [--seeds 1] [--rows 1500]

Writes ``benchmarks/results/audit_planted.csv``, one line a data set, issue, strength and seed:
`found` tells whether the kind said so, `recall` and `precision` compare its flagged rows with those
planted, and `others` lists the other kinds that found something: wrong labels go with many of these
issues. Lines of the issue "none" are honest sets, where `others` lists all that found something.

Sets: images (mnist, or digits), a mixed table (adult, penguins), texts (banking), numbers
(breast_cancer); those of SKPOISON_DATA where that is set. Rows are drawn by the seed and shuffled.
Strengths are shares of the rows, of the class for flips in one direction, and for a leak the share
of rows that it tells.
"""

import argparse
import os
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine

from skpoison.audit import audit

RESULTS = Path(__file__).parent / "results" / "audit_planted.csv"
STRENGTHS = {
    "label": (0.02, 0.05, 0.1),
    "confused-pairs": (0.05, 0.1, 0.2),
    "outlier": (0.01, 0.03, 0.1),
    "influence": (0.02, 0.05, 0.1),
    "duplicate": (0.005, 0.02, 0.1),
    "tight-cluster": (0.01, 0.03, 0.1),
    "trigger": (0.01, 0.02, 0.05),
    "leak": (0.98, 0.99, 1.0),
    "order": (0.2, 0.4, 0.8),
    "small-class": (0.001, 0.002, 0.003),
    "groups": (0.05, 0.1, 0.2),
}
MEASURES = ["found", "recall", "precision", "flagged", "others"]


def load(name, data_home=None):
    """Rows and labels of a set."""
    tables = Path(data_home or ".") / "tables"
    if name == "mnist":
        data = np.load(Path(data_home) / "mnist.npz")
        return data["x_train"], data["y_train"]
    if name == "digits":
        X, y = load_digits(return_X_y=True)
        return (X.reshape(-1, 8, 8) / 16).astype(np.float32), y
    if name == "adult":
        X = pd.read_csv(
            tables / "adult-train.csv", header=None, na_values="?", skipinitialspace=True
        )
        X.columns = [f"column {number}" for number in X.columns]
        return X, X.pop(X.columns[-1]).to_numpy(dtype=str)
    if name == "penguins":
        X = pd.read_csv(tables / "penguins.csv")
        return X, X.pop("species").to_numpy(dtype=str)
    if name == "banking":
        X = pd.read_csv(tables / "banking_train.csv")
        return X["text"].tolist(), X["category"].to_numpy(dtype=str)
    loader = {"breast_cancer": load_breast_cancer, "iris": load_iris, "wine": load_wine}[name]
    return loader(return_X_y=True, as_frame=True)


def take(X, rows):
    """Rows by position, in any container."""
    if hasattr(X, "iloc"):
        return X.iloc[rows].reset_index(drop=True)
    return [X[row] for row in rows] if isinstance(X, list) else X[rows].copy()


def flip(y, rows, rng):
    """Other labels for these rows."""
    classes, codes = np.unique(y, return_inverse=True)
    codes[rows] = (codes[rows] + rng.randint(1, len(classes), len(rows))) % len(classes)
    return classes[codes]


def change(X, row, rng, amount):
    """A near-copy of a row: noise on numbers, signs and case of texts, the same categories."""
    if isinstance(X, list):
        return X[row].upper() + " "
    if hasattr(X, "iloc"):
        return X.iloc[row]
    noise = rng.normal(0, amount * X.std(), X[row].shape)
    return np.clip(X[row] + noise, X.min(), X.max()).astype(X.dtype)


def put(X, rows, values):
    """Rows replaced by these values."""
    if isinstance(X, list):
        for row, value in zip(rows, values, strict=True):
            X[row] = value
    elif hasattr(X, "iloc"):
        for name in X.columns:
            X[name] = X[name].astype(object) if X[name].dtype.kind not in "f" else X[name]
        X.iloc[rows] = pd.DataFrame(list(values), columns=X.columns).to_numpy(dtype=object)
        return X.infer_objects()
    else:
        X[rows] = np.stack(list(values))
    return X


def plant(issue, strength, X, y, rng):
    """Rows, labels, keywords of the audit, and the mask of the rows planted (None: no rows)."""
    n = len(y)
    number = max(int(round(strength * n)), 2)
    rows, options = rng.choice(n, min(number, n), replace=False), {}
    if issue == "label":
        y = flip(y, rows, rng)
    elif issue == "confused-pairs":
        labels, counts = np.unique(y, return_counts=True)
        true, other = labels[np.argsort(-counts)[:2]]
        own = np.flatnonzero(y == true)
        rows = rng.choice(own, max(int(round(strength * len(own))), 2), replace=False)
        y = y.copy()
        y[rows] = other
    elif issue == "outlier":
        X = put_noise(X, rows, rng)
    elif issue == "influence":
        X, y = harm(X, y, rows)
    elif issue == "duplicate":
        rows = np.sort(rows)[1:]
        others = np.setdiff1d(np.arange(n), rows)
        n_before = np.maximum(np.searchsorted(others, rows), 1)  # the later one is the copy
        sources = others[(rng.uniform(size=len(rows)) * n_before).astype(int)]
        X = put(X, rows, [change(X, source, rng, 0.02) for source in sources])
        y = y.copy()
        y[rows] = y[sources]
    elif issue == "tight-cluster":
        X, y = gather(X, y, rows, rng)
    elif issue == "trigger":
        target = np.unique(y)[-1]
        rows = rng.choice(np.flatnonzero(y != target), len(rows), replace=False)
        X, y = stamp(X, rows), y.copy()
        y[rows] = target
    elif issue == "leak":
        codes = np.unique(y, return_inverse=True)[1]
        wrong = rng.uniform(size=n) >= strength
        codes[wrong] = rng.permutation(codes)[wrong]
        X, rows = add_column(X, codes), None
    elif issue == "order":
        # a part of the rows moves to the front, where one class is twice as frequent
        label = np.unique(y)[0]
        weight = 1 + strength * 4 * (y == label)
        order = np.argsort(-(rng.uniform(size=n) ** (1 / weight)))
        X, y, rows = take(X, order), y[order], None
    elif issue == "small-class":
        y = y.astype(object)
        rows = rows[:9]
        y[rows] = "rare"
        y = np.array([str(label) for label in y])
    elif issue == "groups":
        groups = rng.randint(0, 10, n)
        bad = np.flatnonzero(groups == 3)
        wrong = rng.choice(bad, max(int(round(strength * len(bad))), 2), replace=False)
        y, rows, options = flip(y, wrong, rng), None, {"groups": groups}
    mask = None
    if rows is not None:
        mask = np.zeros(n, dtype=bool)
        mask[rows] = True
    return X, y, options, mask


def put_noise(X, rows, rng):
    """Rows of nothing but noise; of texts, words drawn from all."""
    if isinstance(X, list):
        words = np.array(" ".join(X).split())
        return put(X, rows, [" ".join(rng.choice(words, 60)) for _ in rows])
    if hasattr(X, "iloc"):
        numbers = X.select_dtypes("number").columns
        spread, center = X[numbers].std().to_numpy(), X[numbers].mean().to_numpy()
        signs = rng.choice([-1, 1], (len(rows), len(numbers)))
        X[numbers] = X[numbers].astype(float)
        X.loc[rows, numbers] = center + 4 * signs * spread
        return X
    high = X.max()
    return put(X, rows, [(rng.uniform(0, high, X[0].shape)).astype(X.dtype) for _ in rows])


def harm(X, y, rows):
    """Rows that look like the middle of another class, far out along the way to it."""
    labels = np.unique(y)
    numbers = X.to_numpy(dtype=float)
    centers = np.stack([numbers[y == label].mean(axis=0) for label in labels])
    place = np.searchsorted(labels, y[rows])
    other = (place + 1) % len(labels)
    X.iloc[rows] = centers[other] + 0.5 * (centers[other] - centers[place])
    return X, y


def gather(X, y, rows, rng):
    """Rows that one process made of a single row, under its label."""
    source = int(rng.choice(np.setdiff1d(np.arange(len(y)), rows)))
    y = y.copy()
    y[rows] = y[source]
    if isinstance(X, list):
        words = X[source].split()
        values = [" ".join(np.append(words, rng.choice(words, 2))) for _ in rows]
        return put(X, rows, values), y
    if hasattr(X, "iloc"):
        numbers = X.select_dtypes("number").columns
        noise = rng.normal(0, 0.05, (len(rows), len(numbers))) * X[numbers].std().to_numpy()
        X = put(X, rows, [X.iloc[source]] * len(rows))
        X[numbers] = X[numbers].astype(float)
        X.loc[rows, numbers] = X.loc[rows, numbers].to_numpy(dtype=float) + noise
        return X, y
    return put(X, rows, [change(X, source, rng, 0.1) for _ in rows]), y


def stamp(X, rows):
    """A trigger: a patch in the corner, a word, a value that none other has."""
    if isinstance(X, list):
        return put(X, rows, [X[row] + " cf" for row in rows])
    if hasattr(X, "iloc"):
        name = X.select_dtypes("number").columns[0]
        X[name] = X[name].astype(float)
        X.loc[rows, name] = X[name].max() + X[name].std()
        return X
    X[rows, -3:, -3:] = X.max()
    X[rows, -2, -2] = 0
    return X


def add_column(X, codes):
    """A column, a word or a row of pixels that gives the label away."""
    if isinstance(X, list):
        return [f"{text} ref{code}" for text, code in zip(X, codes, strict=True)]
    if hasattr(X, "iloc"):
        return X.assign(reference=codes + 0.25)
    X = X.copy()
    X[:, 0, 0] = codes * (X.max() / max(codes.max(), 1))
    return X


def measure(name, issue, strength, seed, n_rows, data_home=None, only=None):
    """One line of the results."""
    rng = np.random.RandomState(seed)
    X, y = load(name, data_home)
    y = np.asarray(y)
    rows = rng.permutation(len(y))[:n_rows]
    X, y = take(X, rows), y[rows]
    options, mask = {}, None
    if issue != "none":
        X, y, options, mask = plant(issue, strength, X, y, rng)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = audit(X, y, random_state=seed, only=only, **options)
    others = [kind for kind, f in found.findings.items() if f.found and kind != issue]
    line = {"set": name, "issue": issue, "strength": strength, "seed": seed, "rows": len(y)}
    line["others"] = " ".join(others)
    if issue == "none":
        return line | {"flagged": int(found.rows["flagged"].sum())}
    flagged = found.findings[issue].flagged
    line |= {"found": bool(found.findings[issue].found), "flagged": int(flagged.sum())}
    if mask is not None:
        line["recall"] = float((flagged & mask).sum() / mask.sum())
        line["precision"] = float((flagged & mask).sum() / max(flagged.sum(), 1))
    return line


def suits(name, issue):
    """Whether the issue can be planted there."""
    if issue == "influence":
        return name in ("iris", "wine")
    if issue in ("outlier", "tight-cluster"):
        return name not in ("adult", "penguins")  # not asked of mixed tables
    return not (issue == "leak" and name == "banking")  # no word tells one of 77 labels


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    data_home = os.environ.get("SKPOISON_DATA")
    sets = ["mnist", "adult", "banking", "breast_cancer", "wine"]
    if not data_home:
        sets = ["digits", "breast_cancer", "wine"]
    parser.add_argument("--sets", nargs="+", default=sets)
    parser.add_argument("--issues", nargs="+", default=["none", *STRENGTHS])
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--rows", type=int, default=1500)
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--smoke", action="store_true", help="one seed at the largest strength")
    options = parser.parse_args(arguments)
    n_seeds, first = (1, -1) if options.smoke else (options.seeds, 0)
    lines = []
    for name in options.sets:
        for issue in options.issues:
            for strength in STRENGTHS.get(issue, (0.0,))[first:]:
                for seed in range(n_seeds):
                    if issue == "none" or suits(name, issue):
                        line = measure(name, issue, strength, seed, options.rows, data_home)
                        lines.append(line)
                        print(line, flush=True)
        columns = ["set", "issue", "strength", "seed", "rows", *MEASURES]
        pd.DataFrame(lines, columns=columns).round(3).to_csv(options.results, index=False)


if __name__ == "__main__":
    main()
