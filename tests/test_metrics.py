import numpy as np
import pytest
import sklearn
from sklearn.model_selection import KFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from skpoison import metrics
from skpoison.attacks import LabelFlipAttack
from skpoison.detectors import KNNDetector

MASK = np.array([True, True, True, False, False, False, False, False])
VERDICT = np.array([-1, -1, 1, -1, 1, 1, 1, 1])
SCORE = np.array([-3.0, -2.0, 0.5, -1.0, 1.0, 2.0, 3.0, 4.0])


def test_values_counted_by_hand():
    report = metrics.poison_report(MASK, VERDICT, SCORE)
    assert report["precision"] == pytest.approx(2 / 3)
    assert report["recall"] == pytest.approx(2 / 3)
    assert report["f1"] == pytest.approx(2 / 3)
    assert report["clean_removed"] == pytest.approx(1 / 5)
    assert report["roc_auc"] == pytest.approx((5 + 5 + 4) / 15)
    assert report["average_precision"] == pytest.approx((1 + 1 + 3 / 4) / 3)
    assert report["false_negative_rate"] == pytest.approx(1 / 3)


def test_without_poison():
    clean = np.zeros(8, dtype=bool)
    report = metrics.poison_report(clean, VERDICT, SCORE)
    assert report["f1"] == 0 and report["clean_removed"] == 3 / 8
    assert np.isnan([report["roc_auc"], report["average_precision"]]).all()


def test_recovered_accuracy_is_that_of_a_victim_trained_without_the_flagged_rows():
    rng = np.random.RandomState(0)
    X = np.concatenate([rng.normal(-2, 1, (30, 2)), rng.normal(2, 1, (30, 2))])
    y = np.repeat([0, 1], 30)
    flipped = y.copy()
    flipped[:12] = 1
    verdict = np.where(flipped != y, -1, 1)
    expected = SVC().fit(X[12:], y[12:]).score(X, y)
    assert metrics.recovered_accuracy(SVC(), X, flipped, verdict, X, y) == expected
    assert metrics.recovered_accuracy(SVC(), X, y, np.where(y == 1, -1, 1), X, y) == 0.5
    assert np.isnan(metrics.recovered_accuracy(SVC(), X, y, np.full(60, -1), X, y))


@pytest.mark.parametrize(
    "metric",
    [
        "precision",
        "recall",
        "f1",
        "roc_auc",
        "average_precision",
        "neg_false_negative_rate",
        "neg_clean_removed",
    ],
)
def test_scorers_in_cross_validation(metric, digits_pair):
    attack = LabelFlipAttack(rate=0.2, random_state=0)
    X, y = attack.fit_resample(*digits_pair)
    mask = attack.poison_mask_
    folds = KFold(3, shuffle=True, random_state=0)
    detector = KNNDetector(contamination=0.2, random_state=0)
    with sklearn.config_context(enable_metadata_routing=True):
        scores = cross_val_score(
            detector,
            X,
            y,
            cv=folds,
            scoring=metrics.make_poison_scorer(metric),
            params={"poison_mask": mask},
            error_score="raise",
        )
    sign = -1 if metric.startswith("neg_") else 1
    for score, (train, test) in zip(scores, folds.split(X), strict=True):
        fitted = KNNDetector(contamination=0.2, random_state=0).fit(X[train], y[train])
        report = metrics.poison_report(
            mask[test], fitted.predict(X[test], y[test]), fitted.score_samples(X[test], y[test])
        )
        assert score == sign * report[metric.removeprefix("neg_")]


def test_scorers_of_a_pipeline_are_those_of_its_detector(digits_pair):
    attack = LabelFlipAttack(rate=0.2, random_state=0)
    X, y = attack.fit_resample(*digits_pair)
    pipeline = make_pipeline(StandardScaler(), KNNDetector(contamination=0.2)).fit(X, y)
    rows = StandardScaler().fit_transform(X)
    verdict = KNNDetector(contamination=0.2).fit(rows, y).predict(rows, y)
    expected = metrics.poison_f1(attack.poison_mask_, verdict)
    scorer = metrics.make_poison_scorer("f1")
    assert scorer(pipeline, X, y, poison_mask=attack.poison_mask_) == expected
    expected = metrics.recovered_accuracy(SVC(), X, y, verdict, *digits_pair)
    assert metrics.make_recovery_scorer(SVC(), *digits_pair)(pipeline, X, y) == expected


def test_bad_input_is_named():
    with pytest.raises(ValueError, match=r"metric must be one of.*got 'auc'"):
        metrics.make_poison_scorer("auc")
    with pytest.raises(ValueError, match=r"metric must be one of.*got None"):
        metrics.make_poison_scorer(None)
    for victim in [None, SVC]:
        with pytest.raises(TypeError, match="victim must be a classifier"):
            metrics.make_recovery_scorer(victim, [[0.0]], [0])
    with pytest.raises(ValueError, match="inconsistent numbers"):
        metrics.make_recovery_scorer(SVC(), [[0.0], [1.0]], [0])
    for arguments, name in [((None, VERDICT), "poison_mask"), ((MASK, None), "y_pred")]:
        with pytest.raises(TypeError, match=f"{name} must be an array"):
            metrics.poison_f1(*arguments)
    with pytest.raises(ValueError, match="y_pred must hold"):
        metrics.poison_f1(MASK, SCORE)
    with pytest.raises(ValueError, match="poison_mask must hold"):
        metrics.poison_f1(SCORE, VERDICT)
    with pytest.raises(ValueError, match="inconsistent numbers"):
        metrics.poison_f1(MASK[:3], VERDICT)
