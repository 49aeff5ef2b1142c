"""Fits side by side on joblib's back ends, processes and a Dask cluster among them."""

import joblib
import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

from skpoison.detectors import ConfidentLearningDetector, EnsembleDetector

CASES = {
    "loky": EnsembleDetector(random_state=0),
    "dask": ConfidentLearningDetector(LogisticRegression(), random_state=0),
}


@pytest.fixture(scope="module")
def rows():
    X, y = load_digits(n_class=3, return_X_y=True)
    return X[:350] / 16, np.append((y[:20] + 1) % 3, y[20:350])


@pytest.fixture(scope="module")
def cluster():
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None
    ) as local:
        with distributed.Client(local):
            yield


@pytest.mark.parametrize(("backend", "detector"), CASES.items(), ids=CASES)
def test_other_processes_give_the_same_verdict(backend, detector, rows, request):
    if backend == "dask":
        request.getfixturevalue("cluster")
    alone = detector.fit(*rows).training_scores_
    with joblib.parallel_config(backend, n_jobs=2):
        together = detector.fit(*rows)
    np.testing.assert_array_equal(together.training_scores_, alone)
    assert together.predict(*rows).shape == (350,)
