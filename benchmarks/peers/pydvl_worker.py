"""pyDVL's values of the rows of one run: ``python pydvl_worker.py rows.npz result.npz``.

Runs in an environment of its own and imports nothing of skpoison.
"""

import json
import sys
import time

import numpy as np
from pydvl.valuation.dataset import Dataset
from pydvl.valuation.methods.data_oob import DataOOBValuation
from pydvl.valuation.methods.knn_shapley import KNNShapleyValuation
from sklearn.ensemble import BaggingClassifier
from sklearn.model_selection import StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier

N_NEIGHBORS, N_FOLDS, N_ESTIMATORS = 10, 5, 100  # as in the library's detectors; folds see below


def knn_shapley(X, y, seed):
    """Mean over folds of the values of the rows outside, on the rows inside.

    pyDVL asks for rows to classify apart from the valued ones; there are none but these.
    """
    values = np.zeros(len(y))
    for others, fold in StratifiedKFold(N_FOLDS, shuffle=True, random_state=seed).split(X, y):
        model = KNeighborsClassifier(N_NEIGHBORS)
        valuation = KNNShapleyValuation(model, Dataset(X[fold], y[fold]), progress=False)
        valuation.fit(Dataset(X[others], y[others]))
        values[others] += valuation.result.values / (N_FOLDS - 1)
    return values


def data_oob(X, y, seed):
    """Out-of-bag accuracy of bagged trees."""
    model = BaggingClassifier(DecisionTreeClassifier(), N_ESTIMATORS, random_state=seed).fit(X, y)
    return DataOOBValuation(model).fit(Dataset(X, y)).result.values


def main(rows_path, result_path):
    rows = np.load(rows_path)
    settings = json.loads(str(rows["settings"]))
    method = {"knn-shapley": knn_shapley, "data-oob": data_oob}[settings["method"]]
    begin = time.process_time()
    scores = method(rows["X"], rows["y"], settings["random_state"])
    np.savez(result_path, scores=scores, cpu_s=time.process_time() - begin)


if __name__ == "__main__":
    main(*sys.argv[1:])
