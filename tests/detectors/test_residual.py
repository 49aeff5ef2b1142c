import numpy as np
import pandas as pd
import pytest
from imblearn.pipeline import make_pipeline
from sklearn.datasets import load_diabetes, make_friedman1
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LinearRegression, Ridge, RidgeCV
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline as make_sklearn_pipeline
from sklearn.preprocessing import StandardScaler

from skpoison.attacks import StatisticalRegressionAttack
from skpoison.detectors import ResidualDetector
from skpoison.filtering import PoisonFilter
from skpoison.thresholds import MADThreshold


def slips(y, n_wrong, seed=0):
    """Targets with a slip of the decimal point."""
    wrong = np.isin(np.arange(len(y)), np.random.RandomState(seed).permutation(len(y))[:n_wrong])
    return np.where(wrong, 10 * y, y), wrong


def test_scores_are_out_of_sample_residuals_in_units_of_their_median():
    X, y = load_diabetes(return_X_y=True)
    X, y = X[:60], y[:60]
    detector = ResidualDetector(LinearRegression(), cv=60, random_state=0).fit(X, y)
    hat = np.c_[X, np.ones(60)]
    leverage = np.diag(hat @ np.linalg.pinv(hat))
    residual = (y - LinearRegression().fit(X, y).predict(X)) / (1 - leverage)  # leave one out
    np.testing.assert_allclose(y - detector.training_predictions_, residual)
    size = np.median(np.abs(residual))
    np.testing.assert_allclose(detector.training_scores_, -np.log1p(np.abs(residual) / size))
    np.testing.assert_array_equal(detector.score_samples(X, y), detector.training_scores_)
    assert detector.contamination_ == 0


@pytest.mark.parametrize("estimator", [None, RidgeCV()])
def test_slips_of_the_decimal_point_are_found_and_honest_targets_are_left_alone(estimator):
    X, y = make_friedman1(400, noise=1.0, random_state=0)
    honest = ResidualDetector(estimator, random_state=0).fit(X, y)
    assert (honest.training_scores_ < honest.offset_).mean() < 0.01
    y, wrong = slips(y, 30)
    detector = ResidualDetector(estimator, random_state=0)
    flagged = detector.fit_predict(X, y) == -1
    assert flagged[wrong].mean() > 0.8 and flagged[~wrong].mean() < 0.02
    assert roc_auc_score(wrong, -detector.training_scores_) > 0.95


def test_noise_that_is_larger_in_places_is_not_taken_for_poison():
    rng = np.random.RandomState(0)
    X = rng.uniform(size=(600, 2))
    loud = X[:, 0] > 0.9
    y = X[:, 1] + np.where(loud, 3.0, 0.1) * rng.normal(size=600)
    rates = {}
    for scale in ("constant", "local"):
        detector = ResidualDetector(scale=scale, contamination=0.05, random_state=0).fit(X, y)
        rates[scale] = (detector.training_scores_ < detector.offset_)[loud].mean()
    assert rates["local"] < 0.2 < rates["constant"]


def test_equal_rows_share_a_fold_and_a_verdict_in_any_container():
    X, y = load_diabetes(return_X_y=True)
    X[40:80] = X[:40]
    frame = pd.DataFrame(X, columns=[f"c{i}" for i in range(10)])
    model = make_sklearn_pipeline(StandardScaler(), Ridge())
    detectors = [ResidualDetector(model, random_state=0).fit(rows, y) for rows in (X, frame)]
    predictions = detectors[0].training_predictions_
    np.testing.assert_array_equal(predictions[40:80], predictions[:40])
    for detector, rows in zip(detectors, (X, frame), strict=True):
        np.testing.assert_array_equal(detector.score_samples(rows, y), detector.training_scores_)


def test_texts_with_prices():
    rng = np.random.RandomState(0)
    size = rng.randint(1, 6, size=80)
    texts = [f"flat of {'room ' * n} number{rng.randint(9)}" for n in size]
    y = 100.0 * size + rng.normal(size=80)
    y[11] = 5000.0
    model = make_sklearn_pipeline(TfidfVectorizer(norm=None, use_idf=False), Ridge())
    detector = ResidualDetector(model, contamination=MADThreshold(), random_state=0)
    assert detector.fit_predict(texts, y)[11] == -1
    assert detector.predict(texts[:3], [100.0 * size[0], 9000.0, 100.0 * size[2]]).tolist() == [
        1,
        -1,
        1,
    ]


def test_a_filter_regains_what_poison_costs_a_regression():
    X, y = load_diabetes(return_X_y=True)
    attack = StatisticalRegressionAttack(LinearRegression(), rate=0.15, random_state=0)
    detector = ResidualDetector(RidgeCV(), scale="constant", contamination=0.15, random_state=0)
    undefended = make_pipeline(attack, LinearRegression())
    defended = make_pipeline(attack, PoisonFilter(detector), LinearRegression())
    lost = cross_val_score(undefended, X, y).mean()
    regained = cross_val_score(defended, X, y).mean()
    clean = cross_val_score(LinearRegression(), X, y).mean()
    assert lost + 0.6 * (clean - lost) < regained


def test_filtering_keeps_integer_targets_and_their_container():
    X, y = load_diabetes(return_X_y=True)
    y = pd.Series(y.astype(int), index=[f"r{i}" for i in range(len(y))])  # reads as 214 classes
    y.iloc[5] = 100_000
    cleaner = PoisonFilter(ResidualDetector(contamination=MADThreshold(8), random_state=0))
    X_out, y_out = cleaner.fit_resample(X, y)
    assert cleaner.poison_mask_[5]
    pd.testing.assert_series_equal(y_out, y.iloc[cleaner.sample_indices_])
    assert len(X_out) == len(y_out)


def test_targets_that_are_no_numbers_are_refused():
    X, y = load_diabetes(return_X_y=True)
    with pytest.raises(ValueError, match="NaN or inf in 1 of them, first row 3"):
        ResidualDetector().fit(X, np.where(np.arange(len(y)) == 3, np.nan, y))
    detector = ResidualDetector().fit(X[:50], y[:50])
    with pytest.warns(UserWarning, match="got no y"):
        assert (detector.predict(X[:50]) == 1).all()
