"""Detectors with networks: written and read, trained here and there."""

from dataclasses import replace

import numpy as np
import pandas as pd

from skpoison.detectors import CAEPlusDetector, CrossFittedCAEDetector
from skpoison.experiments._persistence import load_detector, save_detector


def test_a_read_detector_scores_as_before(digits_pair, tmp_path):
    X, y = digits_pair
    detector = CrossFittedCAEDetector(image_shape=(8, 8), epochs=2, random_state=0)
    scores = detector.fit(X[:150], y[:150]).score_samples(X, y)
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


def test_workers_do_not_show_in_trained_networks(protocol, protocol_file, start_run, tmp_path):
    small = replace(protocol, n_runs=2, rates=(0.4,), attacks=("flipping",), detectors=("magnet",))
    protocol_file.write_text(small.to_yaml())
    for jobs in ("1", "2"):
        process = start_run(tmp_path / jobs, "--jobs", jobs)
        output, _ = process.communicate(timeout=300)
        assert process.returncode == 0, output
    (one,), (other,) = ((tmp_path / jobs).glob("assess/*/verdicts.parquet") for jobs in "12")
    pd.testing.assert_frame_equal(pd.read_parquet(one), pd.read_parquet(other), check_exact=True)
    assert (tmp_path / "1/results.csv").read_bytes() == (tmp_path / "2/results.csv").read_bytes()
