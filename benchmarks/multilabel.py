"""Several labels a row: TagwiseDetector beside cleanlab's filter for multi-label data.

    python benchmarks/multilabel.py

Wants SKPOISON_DATA. Of each tag a share of values is turned over, at rates 0 and 10 %.

- adult: 1,000 people of the census; four of its columns are the tags (income, sex, married, 40
  hours a week or more) and the others, but for that which says wife or husband, the rows.
- made: 1,000 rows of scikit-learn's make_multilabel_classification with five tags.

cleanlab gets the rows as the detector encodes them and cross-fits the classifier that its
contender is named after for each tag; "same scores" are the probabilities of our detectors. F1 is
that of the values (a tag of a row), and of the rows that have a wrong one; average precision is
the mean of the tags'. Everything runs in one thread. Appends to
``benchmarks/results/multilabel.csv``; what is there is not run again.
"""

import argparse
import os
import time
import warnings
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
from any_data import adult, peer_classifier
from cleanlab.multilabel_classification.filter import (
    find_label_issues,
    find_multilabel_issues_per_class,
)
from contenders import own_probabilities
from sklearn.datasets import make_multilabel_classification
from sklearn.metrics import average_precision_score, f1_score
from sklearn.model_selection import cross_val_predict
from threadpoolctl import threadpool_limits

from skpoison.detectors import LabelNoiseDetector, TagwiseDetector
from skpoison.detectors._encoding import kind_of, make_encoder

RESULTS = Path(__file__).parent / "results" / "multilabel.csv"
KEYS = ["data", "rate", "seed", "contender"]
RATES = (0.0, 0.1)
N_ROWS = {"adult": 1000, "made": 1000}
PEERS = ("logistic C=.1", "boosting")
MARITAL, RELATION, SEX, HOURS = (f"column {number}" for number in (5, 7, 9, 12))


def draw(data, n_rows, seed, data_home):
    """Rows and their right tags, 0 and 1."""
    if data == "made":
        return make_multilabel_classification(n_rows, n_classes=5, random_state=seed)
    rows, income = adult(data_home)
    chosen = np.random.RandomState(seed).permutation(len(rows))[:n_rows]
    rows, income = rows.iloc[chosen].reset_index(drop=True), income[chosen]
    marital, sex, hours = (rows.pop(name) for name in (MARITAL, SEX, HOURS))
    married = marital.str.startswith("Married")
    tags = np.column_stack([income == ">50K", sex == "Female", married, hours >= 40])
    return rows.drop(columns=RELATION), tags.astype(int)


def by_cleanlab(tags, pred_proba):
    """Cleanlab's verdicts on values and rows, and the values' probabilities, of those of a 1."""
    labels = [np.flatnonzero(row).tolist() for row in tags]
    values = find_multilabel_issues_per_class(labels, pred_proba, n_jobs=1)  # (n_rows, n_tags)
    right = np.where(tags == 1, pred_proba, 1 - pred_proba)
    return values, find_label_issues(labels, pred_proba, n_jobs=1), right


def contenders(X, tags, rate, seed):
    """Yield a name, verdicts on values and on rows, values' scores (low: wrong), CPU seconds."""
    detectors = {"tagwise": LabelNoiseDetector()}
    if rate:
        detectors["tagwise, told the share"] = LabelNoiseDetector(contamination=rate)
    for name, detector in detectors.items():
        begin = time.process_time()
        fitted = TagwiseDetector(detector, random_state=seed).fit(X, tags)
        verdicts = fitted.predict_tags(X, tags) == -1, fitted.predict(X, tags) == -1
        cpu_s = time.process_time() - begin
        scores = np.column_stack([of_tag.training_scores_ for of_tag in fitted.detectors_])
        yield name, *verdicts, scores, cpu_s
        if name == "tagwise":
            own = np.column_stack([own_probabilities(of_tag)[:, 1] for of_tag in fitted.detectors_])
            yield "cleanlab, same scores", *by_cleanlab(tags, own), np.nan
    encoder = make_encoder(kind_of(X))
    for peer in PEERS:
        begin = time.process_time()
        rows = X if encoder is None else encoder.fit_transform(X)
        classifier = peer_classifier(peer)
        pred_proba = [
            cross_val_predict(classifier, rows, tag, cv=5, method="predict_proba")[:, 1]
            for tag in tags.T
        ]
        flagged = by_cleanlab(tags, np.column_stack(pred_proba))
        yield f"cleanlab, {peer}", *flagged, time.process_time() - begin


def measure(data, rate, seed, n_rows, data_home):
    """Yield one record a contender."""
    X, right = draw(data, n_rows, seed, data_home)
    wrong = np.random.RandomState(seed).uniform(size=right.shape) < rate
    tags = np.where(wrong, 1 - right, right)
    for contender, values, rows, scores, cpu_s in contenders(X, tags, rate, seed):
        record = dict(zip(KEYS, (data, rate, seed, contender), strict=True))
        record |= {"values_flagged": values.mean(), "rows_flagged": rows.mean()}
        record |= dict.fromkeys(("f1_values", "f1_rows", "average_precision"), np.nan)
        if rate:
            record["f1_values"] = f1_score(wrong.ravel(), values.ravel())
            record["f1_rows"] = f1_score(wrong.any(axis=1), rows)
            of_tags = map(average_precision_score, wrong.T, -scores.T)
            record["average_precision"] = np.mean(list(of_tags))
        yield record | {"cpu_s": cpu_s}


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", nargs="+", choices=N_ROWS, default=list(N_ROWS))
    parser.add_argument("--rates", nargs="+", type=float, default=RATES)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--rows", type=int, help="default: as above")
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--data-home", default=os.environ.get("SKPOISON_DATA"))
    options = parser.parse_args(arguments)
    runs = pd.read_csv(options.results) if options.results.exists() else pd.DataFrame()
    done = set() if runs.empty else set(runs[KEYS[:3]].itertuples(index=False, name=None))
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for seed, data, rate in product(range(options.seeds), options.data, options.rates):
            if (data, rate, seed) in done:
                continue
            records = measure(data, rate, seed, options.rows or N_ROWS[data], options.data_home)
            runs = pd.concat([runs, pd.DataFrame(records)], ignore_index=True)
            runs.to_csv(options.results, index=False, float_format="%.4g")
    means = runs.groupby(["data", "rate", "contender"], sort=False).mean(numeric_only=True)
    print(means.drop(columns="seed").round(3).to_string())


if __name__ == "__main__":
    main()
