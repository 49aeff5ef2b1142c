"""The ensemble is held against its members, one by one."""

import numpy as np
import pytest
import sklearn
from scipy.special import logit
from sklearn.base import clone
from sklearn.metrics import precision_score, recall_score
from sklearn.model_selection import GridSearchCV

from skpoison.attacks import LabelFlipAttack
from skpoison.detectors import (
    CentroidDetector,
    EnsembleDetector,
    KNNDetector,
    LabelNoiseDetector,
    MarginDetector,
    ReconstructionDetector,
)
from skpoison.metrics import poison_f1
from skpoison.thresholds import FixedThreshold, LabelNoiseThreshold, SecondComponentThreshold

RNG = np.random.RandomState(0)
X = np.concatenate([RNG.normal(0, 1, (60, 4)), RNG.normal(5, 1, (60, 4))])
Y = np.repeat(["a", "b"], 60)
ATTACK = LabelFlipAttack(rate=15, random_state=0)
X_FLIPPED, Y_FLIPPED = ATTACK.fit_resample(X, Y)


def test_either_trace_is_found_and_nothing_where_there_is_none():
    detector = EnsembleDetector(random_state=0)
    assert (detector.fit_predict(X, Y) == 1).all() and detector.contamination_ == 0

    flagged = detector.fit_predict(X_FLIPPED, Y_FLIPPED) == -1
    assert (flagged == ATTACK.poison_mask_).mean() > 0.98

    far = X[::10].copy()  # far out, but nowhere near the other class: no label is wrong
    far[:, 0] += np.where(Y[::10] == "a", -1, 1) * 5
    far[:, 1:3] += np.tile([[9, -9], [-9, 9]], (6, 1))
    rows, labels = np.concatenate([X, far]), np.append(Y, Y[::10])
    flagged = detector.fit_predict(rows, labels) == -1
    assert flagged[120:].all() and flagged[:120].mean() < 0.02
    low, high = detector.contamination_interval_
    assert low < 12 / 132 < high


def test_a_kind_of_rows_in_few_columns_is_not_flagged():
    """Every fifth row of each class is of another kind; a detector that is given flags it."""
    rng = np.random.RandomState(0)
    labels, is_other = np.repeat(["a", "b"], 150), rng.uniform(size=300) < 0.22
    rows = rng.normal(size=(300, 6))
    rows[labels == "b", 0] += 12
    rows[is_other, 1:4] += 6
    assert (EnsembleDetector(random_state=0).fit_predict(rows, labels) == 1).all()

    centroid = CentroidDetector(standardize=True, contamination=SecondComponentThreshold(20))
    flagged = EnsembleDetector({"centroid": centroid}).fit_predict(rows, labels) == -1
    assert (flagged == is_other).mean() > 0.9


def test_score_is_the_log_odds_that_either_detector_is_right():
    """Log-odds of independent detectors, cut at -7 and 30; ranks may add up to .01 less."""
    members = [("margin", MarginDetector(random_state=0)), ("noise", LabelNoiseDetector())]
    detector = EnsembleDetector(members, random_state=0).fit(X_FLIPPED, Y_FLIPPED)
    each = [m.poison_probability(X_FLIPPED, Y_FLIPPED) for _, m in detector.detectors_]
    probability = 1 - np.prod(1 - np.array(each), axis=0)
    assert 0.05 < probability.mean() < 0.5
    expected = np.clip(logit(np.minimum(probability, 1 - 1e-12)), -7, 30)
    certain = probability > 1 - 1e-9
    np.testing.assert_allclose(
        -detector.training_scores_[~certain], expected[~certain], atol=0.0101
    )
    assert (-detector.training_scores_[certain] > 18).all()
    np.testing.assert_array_equal(detector.predict(X_FLIPPED, Y_FLIPPED) == -1, probability > 0.5)
    np.testing.assert_allclose(
        detector.poison_probability(X_FLIPPED, Y_FLIPPED), probability, atol=0.003
    )
    assert detector.contamination_ == pytest.approx(probability.mean(), abs=0.01)


def test_a_detector_that_found_nothing_adds_nothing():
    flagging = ("margin", MarginDetector(random_state=0))
    silent = ("knn", KNNDetector(contamination=FixedThreshold(1e9)))
    one, both = (
        EnsembleDetector(members, random_state=0).fit(X_FLIPPED, Y_FLIPPED)
        for members in ([flagging], [flagging, silent])
    )
    np.testing.assert_allclose(both.training_scores_, one.training_scores_, atol=0.0101)
    np.testing.assert_array_equal(
        both.predict(X_FLIPPED, Y_FLIPPED), one.predict(X_FLIPPED, Y_FLIPPED)
    )


def test_interval_is_that_of_the_detectors_that_are_sure():
    rule = LabelNoiseThreshold(temperature=8, temperature_scale=0.3)
    members = [("margin", MarginDetector(contamination=rule)), ("noise", LabelNoiseDetector())]
    sure = EnsembleDetector(members, random_state=0).fit(X_FLIPPED, Y_FLIPPED)
    intervals = np.array([m.contamination_interval_ for _, m in sure.detectors_])
    assert (intervals[:, 0] > 0).all()
    assert sure.contamination_interval_ == (intervals[:, 0].max(), intervals[:, 1].sum())
    none = EnsembleDetector(members, random_state=0).fit(X, Y)
    intervals = np.array([m.contamination_interval_ for _, m in none.detectors_])
    assert none.contamination_interval_ == (0, intervals[:, 1].max())


@pytest.mark.parametrize(
    "shares, n_rows, influence",
    [
        ([0.5, 0.5], 100, True),
        ([0.4, 0.3, 0.3], 100, True),
        ([0.9, 0.1], 100, False),
        ([0.25] * 4, 100, False),
        ([0.5, 0.5], 502, False),
    ],
)
def test_influence_is_asked_where_sets_are_small_and_no_class_is_rare(shares, n_rows, influence):
    rng = np.random.RandomState(0)
    labels = np.repeat(np.arange(len(shares)), np.round(n_rows * np.array(shares)).astype(int))
    rows = rng.normal(size=(len(labels), 3)) + labels[:, np.newaxis]
    names = dict(EnsembleDetector(random_state=0).fit(rows, labels).detectors_)
    margin = n_rows < 300  # where the first has no trees
    expected = ["label_noise", "centroid"] + ["margin"] * margin + ["influence"] * influence
    assert list(names) == expected


def test_members_know_the_labels_as_they_were_given():
    detector = EnsembleDetector(random_state=0).fit(X_FLIPPED, Y_FLIPPED)
    name, member = detector.detectors_[0]
    assert name == "label_noise" and list(member.classes_) == ["a", "b"]
    alone = clone(member).fit(X_FLIPPED, Y_FLIPPED)
    np.testing.assert_array_equal(
        member.poison_probability(X_FLIPPED, Y_FLIPPED),
        alone.poison_probability(X_FLIPPED, Y_FLIPPED),
    )


def test_new_rows_are_found_as_by_the_best_member():
    trusted = EnsembleDetector(random_state=0).fit(X, Y)
    rng = np.random.RandomState(1)
    rows = np.concatenate([rng.normal(0, 1, (60, 4)), rng.normal(5, 1, (60, 4))])
    wrong = np.arange(120) % 10 == 0
    labels = np.where(wrong, np.where(Y == "a", "b", "a"), Y)
    flagged = trusted.predict(rows, labels) == -1
    best = max(recall_score(wrong, m.predict(rows, labels) == -1) for _, m in trusted.detectors_)
    assert recall_score(wrong, flagged) >= best > 0.9
    assert precision_score(wrong, flagged) > 0.8


def test_a_share_of_the_rows_can_be_asked_for():
    detector = EnsembleDetector(contamination=0.2, random_state=0)
    flagged = detector.fit_predict(X_FLIPPED, Y_FLIPPED) == -1
    assert flagged.sum() == round(0.2 * len(Y_FLIPPED))
    assert flagged[ATTACK.poison_mask_].all()


def test_images_reach_the_detectors_that_need_their_shape():
    images = np.random.RandomState(0).uniform(size=(20, 6, 6))
    members = [("rae", ReconstructionDetector(epochs=2)), ("centroid", CentroidDetector())]
    detector = EnsembleDetector(members, random_state=0).fit(images, np.arange(20) % 2)
    assert detector.detectors_[0][1].network_.architecture.shape == (6, 6, 1)
    assert detector.predict(images, np.arange(20) % 2).shape == (20,)


def test_parameters_of_the_detectors_are_its_own():
    detector = EnsembleDetector([("knn", KNNDetector())]).set_params(knn__n_neighbors=3)
    assert detector.get_params()["knn__n_neighbors"] == 3
    assert clone(detector).detectors[0][1].n_neighbors == 3


def test_members_of_the_default_can_be_set():
    """What is set is used where the data call for the member; which they do is not changed."""
    detector = EnsembleDetector(random_state=0)
    assert detector.get_params()["influence__contamination__n_deviations"] == 5
    detector.set_params(label_noise__n_components=7, influence__cv=4)
    detector.set_params(centroid=CentroidDetector(contamination=0.2))
    copy = clone(detector)
    assert repr(copy) == repr(detector)
    assert copy.get_params()["label_noise__n_components"] == 7
    assert copy.get_params()["influence__contamination__n_deviations"] == 5
    many_classes = np.arange(120) % 6  # of which influence is not asked
    members = dict(copy.fit(X, many_classes).detectors_)
    assert list(members) == ["label_noise", "centroid", "margin"]
    assert members["label_noise"].n_components == 7
    assert members["centroid"].contamination == 0.2 and not members["centroid"].standardize
    assert EnsembleDetector().detectors is None


def test_grid_search_over_members_of_the_default():
    folds = [(np.arange(0, 135, 2), np.arange(1, 135, 2))]
    grid = {"label_noise__n_components": [1, 100], "margin": [MarginDetector(cv=3)]}
    with sklearn.config_context(enable_metadata_routing=True):
        search = GridSearchCV(EnsembleDetector(random_state=0), grid, cv=folds, refit=False)
        search.fit(X_FLIPPED, Y_FLIPPED, poison_mask=ATTACK.poison_mask_)
    for params, score in zip(
        search.cv_results_["params"], search.cv_results_["mean_test_score"], strict=True
    ):
        ((train, test),) = folds
        detector = EnsembleDetector(random_state=0).set_params(**params)
        detector.fit(X_FLIPPED[train], Y_FLIPPED[train])
        assert dict(detector.detectors_)["margin"].cv == 3
        verdict = detector.predict(X_FLIPPED[test], Y_FLIPPED[test])
        assert score == poison_f1(ATTACK.poison_mask_[test], verdict)


@pytest.mark.parametrize(
    "detectors, error",
    [
        ([], "empty list"),
        ({"knn": KNNDetector()}, r"names \['knn'\], but.*'label_noise'"),
        ({"margin": 3}, "detector"),
        ([KNNDetector()], "name, detector"),
        ([("svm", 3)], "name, detector"),
    ],
)
def test_bad_detectors_are_refused(detectors, error):
    with pytest.raises((TypeError, ValueError), match=error):
        EnsembleDetector(detectors).fit(X, Y)
