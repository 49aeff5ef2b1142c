"""Which labels, targets or tags are wrong: what several kinds of issue build on."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import median_abs_deviation
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import KFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skpoison.audit._target_noise import fit_target_noise
from skpoison.detectors import ConfidentLearningDetector, LabelNoiseDetector
from skpoison.thresholds import LabelNoiseThreshold
from skpoison.utils._labels import codes_of

N_FOLDS = 5
ROWS_OF_TREES = 300  # fewer rows have a linear model alone
COMPONENTS_OF_A_TAG, TREES_OF_A_TAG = 300, 50  # one detector a tag: each a cheaper one
TRUSTS = (0.0, 0.25, 0.5, 0.75, 1.0)  # in the predicted size of a residual; 0: one size for all
LEAST_SPREAD = 0.25  # of a residual's expected size, in units of the median one


@dataclass
class Judgement:
    """Which labels, targets or tags are wrong.

    Attributes
    ----------
    flagged : ndarray of shape (n_samples,), dtype=bool
    score : ndarray of shape (n_samples,)
    probability : ndarray of shape (n_samples,)
        That the label is wrong.
    likelier : ndarray of shape (n_samples,)
        The label, target or tags that suit the row best.
    likelier_probability : ndarray of shape (n_samples,)
        Of that label; NaN of a target.
    detector : BasePoisonDetector or None
        The fitted one that judged labels.
    share : float
    interval : tuple of float
    table : DataFrame or None
        One line a tag.
    """

    flagged: np.ndarray
    score: np.ndarray
    probability: np.ndarray
    likelier: np.ndarray
    likelier_probability: np.ndarray
    share: float
    interval: tuple
    detector: object | None = None
    table: pd.DataFrame | None = None


def judge_labels(context):
    """Judge labels by learners that have not learnt them, or by the user's own predictions."""
    data = context.data
    if data.pred_proba is not None:
        detector = ConfidentLearningDetector("precomputed", contamination=LabelNoiseThreshold())
        X = data.pred_proba
    else:
        detector = LabelNoiseDetector(n_jobs=context.n_jobs, random_state=context.seed)
        X = context.rows
    detector.fit(X, data.y)
    codes = codes_of(data.y, detector.classes_)
    rule, scores = detector.fitted_threshold_, detector.training_class_scores_
    truth = rule.predict_label_proba(scores, codes)
    likelier = truth.argmax(axis=1)
    probability = rule.poison_probability(scores, codes)
    # of rows that keep their label the others do not matter
    likelier = np.where(probability > 0.5, _best_other(truth, codes), likelier)
    return Judgement(
        flagged=detector.training_scores_ < detector.offset_,
        score=-detector.training_scores_,
        probability=probability,
        likelier=detector.classes_[likelier],
        likelier_probability=truth[np.arange(len(codes)), likelier],
        share=detector.contamination_,
        interval=detector.contamination_interval_,
        detector=detector,
    )


def _best_other(truth, codes):
    others = truth.copy()
    others[np.arange(len(codes)), codes] = -1
    return others.argmax(axis=1)


def judge_targets(context):
    """Judge targets by their residuals from a model that has not learnt them.

    Residuals are measured in units of the size that is expected of them at the row, which a second
    model predicts, so that noise that is larger in places is not taken for wrong targets. How many
    are wrong, :func:`~skpoison.audit._target_noise.fit_target_noise` says.
    """
    rows, y = context.rows, np.asarray(context.data.y, dtype=np.float64)
    folds = KFold(min(N_FOLDS, len(y)), shuffle=True, random_state=context.seed)
    spread = median_abs_deviation(y, scale="normal") or y.std() or 1.0
    models = {"linear": make_pipeline(StandardScaler(), RidgeCV(np.logspace(-2, 4, 7)))}
    if len(y) >= ROWS_OF_TREES:
        models["trees"] = _boosting("absolute_error", context.seed)
    center = np.median(y)
    target = np.clip(y, center - 5 * spread, center + 5 * spread)  # of a wild one, little is learnt
    predictions = {
        name: cross_val_predict(model, rows, target, cv=folds) for name, model in models.items()
    }
    prediction = min(predictions.values(), key=lambda found: np.median(np.abs(y - found)))
    residual = np.abs(y - prediction)
    typical = max(np.median(residual), 1e-9 * spread)
    expected = np.full(len(y), typical)
    if len(y) >= ROWS_OF_TREES:
        size = np.log(residual + 0.1 * typical)
        found = cross_val_predict(_boosting("squared_error", context.seed), rows, size, cv=folds)
        expected = _expected_size(residual, found - np.median(found), typical)
    noise = fit_target_noise(target, prediction, expected)
    return Judgement(
        flagged=(noise.share > 0) & (noise.probability > 0.5),
        score=np.log1p(residual / expected),
        probability=noise.probability,
        likelier=prediction,
        likelier_probability=np.full(len(y), np.nan),
        share=noise.share,
        interval=noise.interval,
    )


def _expected_size(residual, log_size, typical):
    """Expected sizes that follow the predicted ones as far as it makes the residuals likelier."""
    sizes = [
        np.maximum(typical * np.exp(trust * log_size), LEAST_SPREAD * typical) for trust in TRUSTS
    ]
    return min(sizes, key=lambda size: np.mean(np.log(size) + residual / size))


def _boosting(loss, seed):
    return HistGradientBoostingRegressor(
        loss=loss, max_iter=100, learning_rate=0.1, early_stopping=False, random_state=seed
    )


def judge_tags(context):
    """Judge tag by tag, as labels of two classes."""
    tags, rows = np.asarray(context.data.y), context.rows
    flagged = np.zeros(tags.shape, dtype=bool)
    probability, score = np.zeros(tags.shape), np.full(tags.shape, -np.inf)
    lines = []
    for tag, name in enumerate(context.data.tag_names):
        y = tags[:, tag]
        line = {"tag": name, "rows": int(y.sum()), "share": 0.0, "low": 0.0, "high": 1.0}
        if 1 < y.sum() < len(y) - 1:
            detector = LabelNoiseDetector(
                n_components=COMPONENTS_OF_A_TAG,
                n_trees=TREES_OF_A_TAG,
                n_jobs=context.n_jobs,
                random_state=context.seed,
            ).fit(rows, y)
            rule, scores = detector.fitted_threshold_, detector.training_class_scores_
            flagged[:, tag] = detector.training_scores_ < detector.offset_
            probability[:, tag] = rule.poison_probability(scores, y.astype(int))
            score[:, tag] = -detector.training_scores_
            low, high = detector.contamination_interval_
            line |= {"share": detector.contamination_, "low": low, "high": high}
        lines.append(line | {"flagged": int(flagged[:, tag].sum())})
    table = pd.DataFrame(lines)
    return Judgement(
        flagged=flagged.any(axis=1),
        score=score.max(axis=1),
        probability=probability.max(axis=1),
        likelier=np.where(flagged, 1 - tags, tags),
        likelier_probability=probability,
        share=float(table["share"].mean()),
        interval=(float(table["low"].mean()), float(table["high"].mean())),
        table=table,
    )
