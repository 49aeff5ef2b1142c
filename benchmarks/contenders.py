"""The contenders of the detection benchmark: verdicts, shares, CPU seconds and memory.

Everything runs in one thread. CPU seconds are those of the process.
"""

import re
import time
import warnings
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from cleanlab.count import estimate_joint
from cleanlab.filter import find_label_issues
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import precision_recall_curve
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from skpoison.thresholds import LabelNoiseThreshold
from skpoison.utils import make_estimator

PEERS = ("cleanlab", "cleanlab-same-scores")
FILTERS = ("prune_by_noise_rate", "prune_by_class", "both", "confident_learning")
FILTERS += ("predicted_neq_given", "low_normalized_margin", "low_self_confidence")
SHARPENING = 3  # of probabilities of networks that have learnt the noise: see calibrate.py
SMALLEST = 1e-6  # probability; those of the human label errors are in half precision


def make_detector(name, seed):
    """A detector of the library by its short name."""
    return make_estimator("detector", name, random_state=seed, n_jobs=1)


def own_probabilities(detector):
    """Out-of-sample class probabilities of the training rows, for cleanlab on the same scores.

    Those of the member whose rule is the label-noise likelihood, or of the detector itself.
    """
    if hasattr(detector, "pred_proba_"):
        return detector.pred_proba_
    judge = detector
    for _, member in getattr(detector, "detectors_", []):
        if isinstance(member.fitted_threshold_, LabelNoiseThreshold):
            judge = member
            break
    temperature = getattr(judge.fitted_threshold_, "temperature_", 1.0)
    return softmax(-temperature * judge.training_class_scores_, axis=1)


def judge_probabilities(pred_proba, y):
    """The library's verdict on out-of-sample probabilities of others: the fitted rule, flags."""
    scores = -np.log(np.maximum(pred_proba, SMALLEST))
    rule = LabelNoiseThreshold(sharpening=SHARPENING).fit(scores, y)
    return rule, rule.anomaly_scores(scores, y) > rule.threshold_


def logistic_regression(standardise):
    """Cleanlab's classifier: for tables after standardising the columns."""
    model = LogisticRegression(C=0.1, max_iter=2000)
    return make_pipeline(StandardScaler(), model) if standardise else model


def by_probabilities(codes, pred_proba, filter_by=FILTERS[0]):
    """Cleanlab's verdict on out-of-sample probabilities."""
    pred_proba = np.asarray(pred_proba, dtype=np.float64)
    pred_proba = pred_proba / pred_proba.sum(axis=1, keepdims=True)
    start = time.process_time()
    with threadpool_limits(1):
        flagged = find_label_issues(codes, pred_proba, n_jobs=1, filter_by=filter_by)
    seconds = time.process_time() - start
    estimated = 1 - np.trace(estimate_joint(codes, pred_proba))
    scores = pred_proba[np.arange(len(codes)), codes]
    return {"flagged": flagged, "scores": scores, "estimated": estimated, "seconds": seconds}


def by_best_cut(wrong, scores):
    """Flag below the threshold that has the best F1, known only from the truth."""
    precision, recall, thresholds = precision_recall_curve(wrong, -scores)
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
    return {"flagged": -scores >= thresholds[f1[:-1].argmax()], "scores": scores}


def fit(name, X, y, seed, *, standardise=False, again=False):
    """Fit one contender to rows with untrusted labels and let it judge them.

    Parameters
    ----------
    again : bool
        Whether to measure how long a fitted detector takes to judge the same rows once more.

    Returns
    -------
    verdict : dict
        ``flagged``, ``scores`` (the higher, the more normal), ``estimated``, ``low``, ``high``,
        ``seconds`` and ``probabilities``; ``peak_mib``, the rise of the process's largest memory,
        means something in a fresh process only.
    """
    codes = np.unique(y, return_inverse=True)[1]
    detector = None if name == "cleanlab" else make_detector(name, seed)
    before = _peak_mib()
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        start = time.process_time()
        if detector is None:
            model = logistic_regression(standardise)
            probabilities = cross_val_predict(model, X, codes, cv=5, method="predict_proba")
            seconds = time.process_time() - start
            verdict = by_probabilities(codes, probabilities)
            verdict["seconds"] += seconds
        else:
            verdict = of_detector(detector.fit(X, y))
            verdict["seconds"] = time.process_time() - start
        verdict["peak_mib"] = _peak_mib() - before
        if detector is not None and again:
            verdict |= _judge_again(detector, X, y)
        verdict["probabilities"] = own_probabilities(detector) if name == "ensemble" else None
    return verdict


def of_detector(detector):
    """The verdict of a fitted detector on its training rows."""
    low, high = detector.contamination_interval_
    return {
        "flagged": detector.training_scores_ < detector.offset_,
        "scores": detector.training_scores_,
        "estimated": detector.contamination_,
        "low": low,
        "high": high,
    }


def fit_alone(name, X, y, seed, **settings):
    """As `fit`, in a process of its own, whose largest memory is that of the fit."""
    with TemporaryDirectory() as folder:
        np.save(Path(folder) / "X.npy", X)
        np.save(Path(folder) / "y.npy", y)
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
            return process.submit(_fit_saved, folder, name, seed, settings).result()


def _fit_saved(folder, name, seed, settings):
    X, y = np.load(Path(folder) / "X.npy"), np.load(Path(folder) / "y.npy")
    return fit(name, X, y, seed, **settings)


def _judge_again(detector, X, y):
    from skpoison.inspection import suspicious_rows

    start = time.process_time()
    detector.predict(X, y)
    predicted = time.process_time()
    suspicious_rows(detector, X, y)
    listed = time.process_time()
    return {"predict_seconds": predicted - start, "rows_seconds": listed - predicted}


def _peak_mib():
    """Largest resident memory of this process so far; NaN where the system does not tell.

    Not ``ru_maxrss``, which a child process inherits from its parent.
    """
    status = Path("/proc/self/status")
    if not status.exists():
        return np.nan
    return int(re.search(r"VmHWM:\s*(\d+) kB", status.read_text())[1]) / 1024
