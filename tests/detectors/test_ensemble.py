"""The ensemble is held against its members, one by one."""

import numpy as np
import pytest
from sklearn.base import clone

from skpoison.attacks import LabelFlipAttack
from skpoison.detectors import (
    CentroidDetector,
    EnsembleDetector,
    KNNDetector,
    MarginDetector,
    ReconstructionDetector,
)

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


def test_probability_is_that_of_either_detector_being_right():
    members = [("margin", MarginDetector(random_state=0)), ("knn", KNNDetector(random_state=0))]
    detector = EnsembleDetector(members, random_state=0).fit(X_FLIPPED, Y_FLIPPED)
    each = [
        clone(member).fit(X_FLIPPED, Y_FLIPPED).poison_probability(X_FLIPPED, Y_FLIPPED)
        for _, member in members
    ]
    expected = 1 - np.prod(1 - np.array(each), axis=0)
    assert 0.05 < expected.mean() < 0.5
    np.testing.assert_allclose(-detector.training_scores_, expected, atol=2e-3)
    np.testing.assert_array_equal(
        detector.predict(X_FLIPPED, Y_FLIPPED) == -1, -detector.training_scores_ > 0.5005
    )


def test_members_know_the_labels_as_they_were_given():
    detector = EnsembleDetector(random_state=0).fit(X_FLIPPED, Y_FLIPPED)
    name, margin = detector.detectors_[0]
    assert name == "margin" and list(margin.classes_) == ["a", "b"]
    alone = clone(margin).fit(X_FLIPPED, Y_FLIPPED)
    np.testing.assert_array_equal(
        margin.poison_probability(X_FLIPPED, Y_FLIPPED),
        alone.poison_probability(X_FLIPPED, Y_FLIPPED),
    )


def test_ranks_of_one_detector_are_that_detector():
    alone = CentroidDetector(contamination=0.2).fit(X, Y)
    ranked = EnsembleDetector(
        [("centroid", CentroidDetector())], combination="rank", contamination=0.2
    ).fit(X, Y)
    assert (np.argsort(ranked.training_scores_) == np.argsort(alone.training_scores_)).all()
    np.testing.assert_array_equal(ranked.predict(X, Y), alone.predict(X, Y))


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


@pytest.mark.parametrize(
    "detectors, error",
    [([], "empty list"), ([KNNDetector()], "name, detector"), ([("svm", 3)], "name, detector")],
)
def test_bad_detectors_are_refused(detectors, error):
    with pytest.raises((TypeError, ValueError), match=error):
        EnsembleDetector(detectors).fit(X, Y)
