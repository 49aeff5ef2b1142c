"""Numbers of very different sizes: an answer in seconds, or a refusal that names the column."""

import numpy as np
import pandas as pd
import pytest

from skpoison.attacks import AdversarialFlipAttack, StatisticalRegressionAttack
from skpoison.metrics import poison_average_precision
from skpoison.robust import CertifiedBaggingClassifier, SeverRegressor
from skpoison.thresholds import SecondComponentThreshold

Y = np.arange(40) % 2


@pytest.mark.filterwarnings("ignore:Solver terminated early")
def test_a_kernel_of_huge_numbers_holds_nobody_up():
    X = np.full((40, 4), 4611686018427387904.0)
    X_out, _ = AdversarialFlipAttack(rate=5, random_state=0).fit_resample(X, Y)
    assert (X_out == X[0]).all()


@pytest.mark.parametrize(
    "estimator", [StatisticalRegressionAttack(), SeverRegressor(), CertifiedBaggingClassifier()]
)
def test_numbers_without_room_to_square_are_named(estimator):
    X = pd.DataFrame({"small": np.arange(40.0), "large": 1e300 * Y})
    with pytest.raises(ValueError, match="Column 'large' of X holds values up to 1e.300"):
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
