"""When tags take a share of wrong values together, tried on data that no reported set has rows of.

    python benchmarks/calibrate_tags.py

Writes ``benchmarks/results/calibrate_tags.csv``, one row a setting: the level of the intervals by
which ``TagwiseDetector`` gives tags a share that they have together, 1: never; F1 of wrong values
and right ones flagged, where all tags have as many wrong values and where every other one has none;
on made tags and on columns of tables.
"""

import argparse
from copy import deepcopy
from itertools import product
from unittest.mock import patch

import honest_sets
import numpy as np
import pandas as pd
from calibrate import FIRST_SEED, run
from sklearn.datasets import (
    load_breast_cancer,
    load_diabetes,
    load_digits,
    make_multilabel_classification,
)
from sklearn.metrics import f1_score

from skpoison.detectors import TagwiseDetector
from skpoison.detectors import _tagwise as tags_module

LEVELS = (0.9, 0.99, 1.0)
TURNED = {"0 %": (0.0,), "5 %": (0.05,), "10 %": (0.1,), "20 %": (0.2,), "20 % or 0": (0.2, 0.0)}


def tagged_sets(seed):
    """Yield (name, rows, right tags)."""
    for n_tags, n_labels, n_columns in ((4, 1, 10), (8, 3, 30)):
        shape = {"n_features": n_columns, "n_classes": n_tags, "n_labels": n_labels}
        yield f"{n_tags} made", *make_multilabel_classification(600, random_state=seed, **shape)
    for load, columns in ((load_diabetes, (2, 3, 8, 9)), (load_breast_cancer, (1, 4, 8, 18))):
        X = load().data
        tags = [X[:, column] > np.quantile(X[:, column], 0.6) for column in columns]
        yield load.__name__, np.delete(X, columns, axis=1), np.column_stack(tags).astype(int)
    X, digits = load_digits(return_X_y=True)
    chosen = np.random.RandomState(seed).permutation(len(X))[:600]
    groups = ((1, 3, 5, 7, 9), (5, 6, 7, 8, 9), (0, 6, 8, 9), (3,))
    tags = [np.isin(digits[chosen], group) for group in groups]
    yield "digits", X[chosen], np.column_stack(tags).astype(int)
    X = honest_sets.draw_passengers(600, seed)
    probability = honest_sets.passenger_probabilities(X, 4)
    drawn = np.random.RandomState(seed).uniform(size=probability.shape) < probability
    yield "passengers", X, drawn.astype(int)


def tags(options):
    """F1 of wrong values, right ones flagged, and how far the shares are from the true ones."""
    rows = []
    for seed in range(FIRST_SEED, FIRST_SEED + (options.seeds or 2)):
        for (name, X, right), (turned, rates) in product(tagged_sets(seed), TURNED.items()):
            rate = np.resize(rates, right.shape[1])
            wrong = np.random.RandomState(seed).uniform(size=right.shape) < rate
            values = np.where(wrong, 1 - right, right)
            with patch.object(tags_module, "LEVEL", 1.0):
                alone = TagwiseDetector(random_state=seed).fit(X, values)
            for level in LEVELS:
                detectors = deepcopy(alone.detectors_)
                with patch.object(tags_module, "LEVEL", level):
                    tags_module.judge_together(detectors, list(values.T))
                flagged = np.column_stack([found.training_scores_ < 0 for found in detectors])
                shares = np.array([found.contamination_ for found in detectors])
                about = {"set": name, "turned": turned, "level": level}
                about |= {"f1": f1_score(wrong.ravel(), flagged.ravel()) if rate.any() else np.nan}
                about |= {"right flagged": flagged[~wrong].mean()}
                rows.append(about | {"error of the share": np.abs(shares - rate).mean()})
    means = pd.DataFrame(rows).groupby(["set", "turned", "level"], sort=False).mean()
    yield from means.reset_index().to_dict("records")


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int)
    run(tags, parser, arguments)


if __name__ == "__main__":
    main()
