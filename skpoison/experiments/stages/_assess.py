"""What a detector finds in a run, and what the victim gains by it."""

from functools import lru_cache

import numpy as np
import pandas as pd
from sklearn.svm import SVC

from skpoison.experiments.stages._detectors import PAPER_DETECTORS, make_detector
from skpoison.experiments.stages._sets import arrays_of, read_set, runs_of
from skpoison.metrics import poison_report, recovered_accuracy
from skpoison.persistence import load
from skpoison.thresholds import GaussianMixtureThreshold


def assess(folder, seed, needs, *, detector, n_poison, pooled, victim):
    """Judge the rows of one run and train the victim on what is left.

    The paper's detectors are cut by the paper's rule, which is fitted to the very rows that are
    judged: also where the detector is pooled, as published. Other detectors keep the threshold of
    their training rows.

    Needs the run's rows, its poison if `n_poison` is not 0, and the trained detector if `pooled`.
    Writes ``verdicts.parquet``, one row a judged row, and ``assessment.parquet``, one row.
    """
    (run,) = runs_of(needs[: 1 + (n_poison > 0)], n_poison)
    X, y = read_set(run, n_poison)
    poison = np.arange(len(y)) >= len(y) - n_poison
    if pooled:
        fitted = _load_detector(needs[-1] / "detector.skpoison")
        scores, threshold = fitted.score_samples(X, y), -fitted.offset_
        if detector in PAPER_DETECTORS:
            threshold = GaussianMixtureThreshold(seed).fit(-scores).threshold_
        flagged = -scores > threshold
    else:
        fitted = make_detector(detector, needs[0], seed).fit(X, y)
        scores = fitted.training_scores_
        flagged = scores < fitted.offset_
    verdict = np.where(flagged, -1, 1)

    test = arrays_of(needs[0] / "rows.npz", "X_test", "y_test")
    report = poison_report(poison, verdict, scores)
    row = {
        "clean_accuracy": recovered_accuracy(SVC(**victim), X, y, 1 - 2 * poison, *test),
        "poisoned_accuracy": recovered_accuracy(SVC(**victim), X, y, np.ones(len(y)), *test),
        "defended_accuracy": recovered_accuracy(SVC(**victim), X, y, verdict, *test),
        **{name: report[name] for name in ("precision", "recall", "f1", "roc_auc")},
        "average_precision": report["average_precision"],
        "rows_removed": int(flagged.sum()),
    }
    verdicts = {"label": y, "poison": poison, "score": scores, "flagged": flagged}
    pd.DataFrame(verdicts).to_parquet(folder / "verdicts.parquet")
    pd.DataFrame([row]).to_parquet(folder / "assessment.parquet")


_load_detector = lru_cache(maxsize=1)(load)
