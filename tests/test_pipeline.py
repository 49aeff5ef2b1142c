"""Pipelines against the same steps called by hand."""

import warnings

import numpy as np
import pandas as pd
import pytest
import sklearn
from imblearn.over_sampling import SMOTE
from imblearn.pipeline import make_pipeline as make_imblearn_pipeline
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_digits
from sklearn.decomposition import NMF, PCA, TruncatedSVD
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    cross_val_predict,
    cross_validate,
)
from sklearn.preprocessing import StandardScaler, TargetEncoder

from skpoison.attacks import GradientPoisoningAttack, LabelFlipAttack
from skpoison.detectors import (
    CentroidDetector,
    ConfidentLearningDetector,
    EnsembleDetector,
    LabelNoiseDetector,
)
from skpoison.filtering import PoisonFilter
from skpoison.inspection import suspicious_rows
from skpoison.metrics import make_poison_scorer, poison_f1
from skpoison.pipeline import make_pipeline
from skpoison.thresholds import MADThreshold

X, TRUE = load_digits(n_class=2, return_X_y=True)
X, TRUE = X[:240].astype(np.float32) / 16, TRUE[:240]
DOUBLE = X.astype(np.float64)
WRONG = np.arange(240) % 12 == 5
Y = np.where(WRONG, 1 - TRUE, TRUE)


class Recorder(ClassifierMixin, BaseEstimator):
    """A classifier that remembers what fit got."""

    def fit(self, X, y, sample_weight=None):
        self.classes_ = np.unique(y)
        self.X_, self.y_, self.sample_weight_ = X, y, sample_weight
        return self

    def predict(self, X):
        return np.full(len(X), self.classes_[0])


@pytest.mark.parametrize("routing", [False, True])
def test_every_method_is_that_of_the_last_step_with_the_labels(routing):
    scaler, detector = StandardScaler(), CentroidDetector(contamination=0.1)
    pipeline = make_pipeline(scaler, detector)
    rows = StandardScaler().fit_transform(X)
    alone = clone(detector).fit(rows, Y)
    new = StandardScaler().fit(X).transform(X[::-1] + np.float32(0.1))
    with sklearn.config_context(enable_metadata_routing=routing):
        assert pipeline.fit(X, Y) is pipeline
        for method in ["predict", "decision_function", "score_samples", "poison_probability"]:
            for labels in [Y[::-1], Y]:
                np.testing.assert_array_equal(
                    getattr(pipeline, method)(X[::-1] + np.float32(0.1), labels),
                    getattr(alone, method)(new, labels),
                )
        np.testing.assert_array_equal(pipeline.class_scores(X), alone.class_scores(rows))
        assert pipeline.score(X, Y, poison_mask=WRONG) == poison_f1(WRONG, alone.predict(rows, Y))
        np.testing.assert_array_equal(pipeline.fit_predict(X, Y), alone.predict(rows, Y))
    for name in ["offset_", "contamination_"]:
        assert getattr(pipeline, name) == getattr(alone, name)
    assert pipeline.classes_.tolist() == [0, 1]
    assert np.isnan(pipeline.contamination_interval_).all()
    assert pipeline.fitted_threshold_.threshold_ == -alone.offset_


def test_it_has_the_methods_of_its_last_step():
    classifier = make_pipeline(StandardScaler(), LogisticRegression())
    assert not hasattr(classifier, "poison_probability") and not hasattr(classifier, "offset_")
    assert hasattr(classifier, "predict_proba")
    assert classifier.fit(X, Y).score(X, Y) == classifier[-1].score(
        classifier[0].transform(X), Y, sample_weight=np.ones(240)
    )
    with pytest.raises(NotFittedError):
        make_pipeline(StandardScaler(), CentroidDetector()).predict(X, Y)


@pytest.mark.parametrize(
    "transformer",
    [
        StandardScaler(),
        PCA(20, svd_solver="randomized", random_state=0),
        TruncatedSVD(20, random_state=0),
        NMF(6, init="nndsvda", max_iter=20, tol=0.1, random_state=0),
    ],
    ids=lambda transformer: type(transformer).__name__,
)
def test_rows_of_the_fit_are_known_again(transformer):
    """The detector is fitted to what fit_transform gives; transform may give other bits."""
    X = DOUBLE
    detector = LabelNoiseDetector(n_trees=10, random_state=0)
    pipeline = make_pipeline(clone(transformer), detector)
    verdict = pipeline.fit_predict(X, Y)
    by_hand = clone(detector).fit(clone(transformer).fit_transform(X), Y)
    np.testing.assert_array_equal(pipeline[-1].training_scores_, by_hand.training_scores_)
    np.testing.assert_array_equal(pipeline.score_samples(X, Y), by_hand.training_scores_)
    np.testing.assert_array_equal(pipeline.fit(X, Y).predict(X, Y), verdict)
    assert poison_f1(WRONG, verdict) > 0.9
    shuffled = np.random.RandomState(0).permutation(240)
    np.testing.assert_array_equal(
        pipeline.class_scores(X[shuffled]), by_hand.training_class_scores_[shuffled]
    )


def test_members_of_an_ensemble_know_the_rows_too():
    members = [("noise", LabelNoiseDetector(n_trees=10)), ("centroid", CentroidDetector())]
    pipeline = make_pipeline(PCA(20), EnsembleDetector(members, random_state=0)).fit(X, Y)
    table = suspicious_rows(pipeline, X, Y, n_rows=240).sort_index()
    ensemble = pipeline[-1]
    np.testing.assert_array_equal(-table["anomaly_score"], ensemble.training_scores_)
    for name, member in ensemble.detectors_:
        np.testing.assert_array_equal(
            table[name],
            member.fitted_threshold_.poison_probability(member.training_class_scores_, Y),
        )


def test_a_cross_fitted_transformer_does_not_leak_labels_into_the_fit():
    """Codes of 120 values in 240 rows: encoded by its own label, every row would look right."""
    rng = np.random.RandomState(0)
    table = np.column_stack([rng.randint(120, size=240), X[:, 20:44]])
    folds = KFold(5, shuffle=True, random_state=0)
    encoder = make_column_transformer(
        (TargetEncoder(smooth=1e-9, cv=folds), [0]), remainder="passthrough"
    )
    detector = ConfidentLearningDetector(random_state=0)
    pipeline = make_pipeline(clone(encoder), detector).fit(table, Y)
    crossed = clone(encoder).fit_transform(table, Y)
    assert np.abs(crossed - pipeline[0].transform(table)).mean(axis=0).max() > 0.2
    by_hand = clone(detector).fit(crossed, Y)
    np.testing.assert_array_equal(pipeline.score_samples(table, Y), by_hand.training_scores_)


@pytest.mark.parametrize("injection", ["append", "replace"])
def test_samplers_in_front_act_in_fit_alone(injection):
    attack = LabelFlipAttack(rate=0.1, injection=injection, random_state=0)
    detector = LabelNoiseDetector(n_trees=10, random_state=0)
    pipeline = make_pipeline(PCA(20), attack, detector)
    verdict = pipeline.fit_predict(X, TRUE)
    assert poison_f1(pipeline[1].poison_mask_, verdict) > 0.9
    clean = ~pipeline[1].poison_mask_
    kept = pipeline[1].sample_indices_[clean]
    scores = pipeline.score_samples(X, TRUE)
    assert scores.shape == (240,)
    np.testing.assert_array_equal(scores[kept], pipeline[-1].training_scores_[clean])


def test_cache_gives_the_same(tmp_path):
    steps = [PCA(20), LabelFlipAttack(rate=0.1, random_state=0), CentroidDetector()]
    expected = make_pipeline(*steps).fit(X, Y).score_samples(X, Y)
    for _ in range(2):
        cached = make_pipeline(*map(clone, steps), memory=str(tmp_path)).fit(X, Y)
        np.testing.assert_array_equal(cached.score_samples(X, Y), expected)


@pytest.mark.parametrize("routing", [False, True])
def test_sample_weight_follows_the_rows(routing):
    weight = np.arange(240.0)
    attack = LabelFlipAttack(rate=0.1, random_state=0)
    poison_filter = PoisonFilter(CentroidDetector(contamination=0.2))
    steps = [attack, StandardScaler(), poison_filter, Recorder()]
    key = "recorder__sample_weight"
    if routing:
        key = "sample_weight"
    with sklearn.config_context(enable_metadata_routing=routing):
        if routing:
            steps[-1].set_fit_request(sample_weight=True)
            steps[1].set_fit_request(sample_weight=False)
        pipeline = make_pipeline(*steps).fit(X, Y, **{key: weight})
    recorder = pipeline[-1]
    assert len(recorder.X_) == len(poison_filter.sample_indices_) < 264
    expected = attack.sample_indices_[poison_filter.sample_indices_]
    np.testing.assert_array_equal(recorder.sample_weight_, expected)
    np.testing.assert_allclose(pipeline[1].inverse_transform(recorder.X_), X[expected], atol=1e-5)
    assert attack.poison_mask_[poison_filter.sample_indices_].any()


def test_weight_that_cannot_follow_is_refused():
    weight = np.ones(240)
    with pytest.raises(ValueError, match=r"sample_weight.*'recorder'.*SMOTE.*sample_indices_"):
        make_pipeline(SMOTE(), Recorder()).fit(X, Y, recorder__sample_weight=weight)
    attack = GradientPoisoningAttack(LogisticRegression(), labels="keep", rate=3, max_iter=1)
    with sklearn.config_context(enable_metadata_routing=True):
        attack.set_fit_resample_request(X_val=True, y_val=True)
        pipeline = make_pipeline(attack, Recorder().set_fit_request(sample_weight=True))
        with pytest.raises(ValueError, match=r"sample_weight.*X_val"):
            pipeline.fit(X[:100], Y[:100], X_val=X[100:], y_val=Y[100:], sample_weight=weight[:100])


def test_rows_of_the_attacker_are_transformed_as_asked():
    attack = GradientPoisoningAttack(
        LogisticRegression(), labels="keep", rate=3, max_iter=1, random_state=0
    )
    scaler = StandardScaler().fit(X[:100])
    rows, _ = clone(attack).fit_resample(
        scaler.transform(X[:100]), Y[:100], X_val=scaler.transform(X[100:]), y_val=Y[100:]
    )
    with sklearn.config_context(enable_metadata_routing=True):
        attack.set_fit_resample_request(X_val=True, y_val=True)
        pipeline = make_pipeline(StandardScaler(), attack, Recorder(), transform_input=["X_val"])
        pipeline.fit(X[:100], Y[:100], X_val=X[100:], y_val=Y[100:])
    np.testing.assert_array_equal(pipeline[-1].X_, rows)


def test_groups_and_weights_in_cross_validation():
    groups, weight = np.arange(240) // 24, np.random.RandomState(0).uniform(0.5, 1, 240)
    folds = GroupKFold(3)
    with sklearn.config_context(enable_metadata_routing=True):
        classifier = LogisticRegression().set_fit_request(sample_weight=True)
        defended = make_pipeline(
            PoisonFilter(ConfidentLearningDetector(random_state=0)),
            classifier.set_score_request(sample_weight=False),
        )
        scores = cross_validate(
            defended, X, Y, cv=folds, params={"groups": groups, "sample_weight": weight}
        )["test_score"]
    for score, (train, test) in zip(scores, folds.split(X, Y, groups), strict=True):
        poison_filter = PoisonFilter(ConfidentLearningDetector(random_state=0))
        rows, labels = poison_filter.fit_resample(X[train], Y[train])
        kept = weight[train][poison_filter.sample_indices_]
        assert score == LogisticRegression().fit(rows, labels, kept).score(X[test], Y[test])


@pytest.mark.parametrize("mask_by", ["score", "scorer"])
def test_grid_search_over_rules_and_their_parameters(mask_by):
    pipeline = make_pipeline(StandardScaler(), CentroidDetector())
    grid = [
        {"centroiddetector__contamination": ["auto", 0.01]},
        {
            "centroiddetector__contamination": [MADThreshold()],
            "centroiddetector__contamination__n_deviations": [1, 50],
        },
    ]
    folds = KFold(3, shuffle=True, random_state=0)
    scoring = make_poison_scorer("f1") if mask_by == "scorer" else None
    with sklearn.config_context(enable_metadata_routing=True):
        search = GridSearchCV(pipeline, grid, scoring=scoring, cv=folds)
        search.fit(X, Y, poison_mask=WRONG)
    results = search.cv_results_
    for number, params in enumerate(results["params"]):
        scores = []
        for train, test in folds.split(X):
            by_hand = clone(pipeline).set_params(**params).fit(X[train], Y[train])
            scores.append(poison_f1(WRONG[test], by_hand.predict(X[test], Y[test])))
        assert results["mean_test_score"][number] == pytest.approx(np.mean(scores))
    assert len(set(results["mean_test_score"])) > 2


def test_labels_never_reach_predict_in_cross_val_predict():
    detector = ConfidentLearningDetector(random_state=0)
    for estimator in [detector, make_pipeline(PCA(20), detector)]:
        with pytest.warns(UserWarning, match="predict got no y.*fit_predict") as caught:
            verdict = cross_val_predict(estimator, X, Y, cv=3)
        assert len(caught) == 3  # once a fold
        assert poison_f1(WRONG, verdict) < 0.1
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert poison_f1(WRONG, estimator.fit_predict(X, Y)) > 0.9
            probability = estimator.fit(X, Y).poison_probability(X, Y)
            estimator.score_samples(X)
            estimator.class_scores(X)
        assert poison_f1(WRONG, np.where(probability > 0.5, -1, 1)) > 0.9


def test_frames_in_between():
    frame = pd.DataFrame(X, columns=[f"pixel {number}" for number in range(64)])
    detector = LabelNoiseDetector(n_trees=10, random_state=0)
    pipeline = make_pipeline(StandardScaler(), detector)
    expected = pipeline.fit_predict(X, Y)
    pipeline.set_output(transform="pandas")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(pipeline.fit(frame, Y).predict(frame, Y), expected)
    assert pipeline[-1].feature_names_in_.tolist() == frame.columns.tolist()

    defended = make_imblearn_pipeline(StandardScaler(), PoisonFilter(detector), Recorder())
    defended.set_output(transform="pandas").fit(frame, Y)
    assert isinstance(defended[-1].X_, pd.DataFrame)
    assert defended[-1].X_.index.tolist() == np.flatnonzero(expected == 1).tolist()


def test_representations():
    pipeline = make_pipeline(StandardScaler(), EnsembleDetector())
    assert repr(pipeline) == (
        "Pipeline(steps=[('standardscaler', StandardScaler()),\n"
        "                ('ensembledetector', EnsembleDetector())])"
    )
    html = pipeline._repr_html_()
    for name in ["StandardScaler", "label_noise", "LabelNoiseDetector", "InfluenceDetector"]:
        assert name in html
    given = EnsembleDetector([("near", CentroidDetector())])
    assert "near" in given._repr_html_() and "label_noise" not in given._repr_html_()
    given = pipeline.set_params(ensembledetector=given).fit(X, Y)
    assert "CentroidDetector" in given._repr_html_()
