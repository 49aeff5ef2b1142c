"""Orange's mislabeled on the rows of one run: ``python mislabeled_worker.py rows.npz result.npz``.

Runs in an environment of its own and imports nothing of skpoison.
"""

import json
import sys
import time
import warnings

import numpy as np
from mislabeled.detect.detectors import AreaUnderMargin, ConsensusConsistency, SelfInfluenceDetector
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier


def make_detector(method, seed):
    """A detector of the zoo."""
    if method == "area-under-margin":  # network and epochs of the library's detector
        model = MLPClassifier(50, batch_size=32, max_iter=10, random_state=seed)
        return AreaUnderMargin(model)
    model = LogisticRegression(penalty="l2", C=0.1, max_iter=2000)
    if method == "self-influence":
        return SelfInfluenceDetector(model)
    return ConsensusConsistency(model, random_state=seed)  # ten repeats of five folds


def main(rows_path, result_path):
    rows = np.load(rows_path)
    settings = json.loads(str(rows["settings"]))
    detector = make_detector(settings["method"], settings["random_state"])
    warnings.simplefilter("ignore")
    begin = time.process_time()
    scores = detector.trust_score(rows["X"], rows["y"])
    np.savez(result_path, scores=scores, cpu_s=time.process_time() - begin)


if __name__ == "__main__":
    main(*sys.argv[1:])
