"""Numbers of very different sizes: an answer in seconds, or a refusal that names the column."""

import time

import numpy as np
import pandas as pd
import pytest

from skpoison.attacks import (
    AdaptivePoisoningAttack,
    AdversarialFlipAttack,
    ModelTargetedAttack,
    StatisticalRegressionAttack,
)
from skpoison.detectors import CentroidDetector
from skpoison.metrics import poison_average_precision
from skpoison.robust import CertifiedBaggingClassifier, SeverRegressor
from skpoison.thresholds import SecondComponentThreshold

Y = np.arange(40) % 2


@pytest.mark.filterwarnings("ignore:Solver terminated early")
@pytest.mark.parametrize(
    "attack",
    [
        AdversarialFlipAttack(n_repeats=1, rate=2, random_state=0),
        AdaptivePoisoningAttack(detector=CentroidDetector(), n_rounds=1, rate=2, random_state=0),
        ModelTargetedAttack(rate=2, random_state=0),
    ],
    ids=lambda e: type(e).__name__,
)
def test_columns_of_very_different_units_hold_nobody_up(attack):
    X = np.random.RandomState(0).normal(size=(40, 3)) * [1.0, 1e3, 1e6]
    started = time.process_time()
    attack.fit_resample(X, Y)
    assert time.process_time() - started < 15


@pytest.mark.parametrize(
    "estimator", [StatisticalRegressionAttack(), SeverRegressor(), CertifiedBaggingClassifier()]
)
def test_numbers_without_room_to_square_are_named(estimator):
    X = pd.DataFrame({"small": np.arange(40.0), "large": 1e300 * Y})
    with pytest.raises(ValueError, match=r"Column 'large' of X holds values up to 1e.300"):
        getattr(estimator, "fit_resample", estimator.fit)(X, Y)


def test_scores_of_any_size_get_the_same_verdict():
    rng = np.random.RandomState(0)
    scores = np.r_[rng.normal(size=90), rng.normal(9, 1, size=10)]
    flagged = [
        scores * size > SecondComponentThreshold().fit(scores * size).threshold_
        for size in (1.0, 1e300)
    ]
    np.testing.assert_array_equal(*flagged)
    assert flagged[0].sum() == 10


def test_an_average_precision_is_at_most_one():
    for n_rows in range(1, 40):
        assert poison_average_precision(np.ones(n_rows), np.arange(n_rows)) <= 1
