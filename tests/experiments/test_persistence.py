"""A fitted detector with networks, written and read."""

import numpy as np

from skpoison.detectors import CAEPlusDetector
from skpoison.experiments._persistence import load_detector, save_detector


def test_a_read_detector_scores_as_before(digits_pair, tmp_path):
    X, y = digits_pair
    detector = CAEPlusDetector(image_shape=(8, 8), epochs=2, random_state=0)
    scores = detector.fit(X, y).score_samples(X, y)
    save_detector(detector, tmp_path)
    again = load_detector(tmp_path)
    np.testing.assert_array_equal(again.score_samples(X, y), scores)
    assert again.history_ == detector.history_


def test_networks_are_keras_files(digits_pair, tmp_path):
    import keras

    X, y = digits_pair
    detector = CAEPlusDetector(image_shape=(8, 8), epochs=2, random_state=0).fit(X, y)
    save_detector(detector, tmp_path)
    models = [keras.saving.load_model(path) for path in sorted(tmp_path.glob("*.keras"))]
    assert len(models) == 2
    for model in models:
        assert model.input_shape == (None, 8, 8, 1)
