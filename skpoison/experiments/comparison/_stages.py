"""What the stages of a comparison do: one function a stage, from files to files.

Where an estimator refuses the rows that it gets, the unit holds ``refused.txt``, the reason, in
place of its files, and so do the units that need it.
"""

import time
from functools import wraps

import numpy as np
import pandas as pd
from sklearn.base import is_outlier_detector
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skpoison.detectors._encoding import kind_of, make_encoder
from skpoison.experiments.comparison._data import IMAGES, rows_of
from skpoison.experiments.comparison._data import draw as draw_positions
from skpoison.experiments.comparison._entries import CHECKED, cleans, make
from skpoison.filtering import PoisonFilter
from skpoison.metrics import clean_removed_rate, poison_f1, poison_precision, poison_recall
from skpoison.utils._archives import save_arrays
from skpoison.utils._containers import is_frame, join, take

REFUSED = "refused.txt"
MEASURES = {
    "precision": poison_precision,
    "recall": poison_recall,
    "f1": poison_f1,
    "clean_removed": clean_removed_rate,
}


def _may_refuse(stage):
    """A stage of which one cell's bad luck does not end the whole comparison."""

    @wraps(stage)
    def run(folder, unit_seed, needs, **params):
        reasons = [(need / REFUSED).read_text(encoding="utf-8") for need in needs if _refused(need)]
        try:
            if not reasons:
                return stage(folder, unit_seed, needs, **params)
        except ValueError as error:
            reasons.append(f"{stage.__name__}: {error}")
        (folder / REFUSED).write_text(reasons[0], encoding="utf-8")

    return run


def _refused(folder):
    return (folder / REFUSED).exists()


def draw(folder, unit_seed, needs, *, dataset, max_rows, seed):
    """Draw the rows of one run.

    Writes ``rows.npz``: train, val and test, positions in the data set.
    """
    train, val, test = draw_positions(dataset, max_rows, seed)
    save_arrays(folder / "rows.npz", train=train, val=val, test=test)


@_may_refuse
def poison(folder, unit_seed, needs, *, dataset, attack, rate, seed):
    """Poison the training rows of one run.

    Writes ``poison.npz``: kept, the clean rows' places among the training rows, and y, the
    poison rows' labels; and the poison rows themselves. Of a backdoor also the test rows of other
    classes with the trigger on them, and its target label.
    """
    X, y = _part(dataset, needs[0], "train")
    if attack["use"] == "none":
        kept, X_poison, y_poison = np.arange(len(y)), take(X, np.arange(0)), y[:0]
    else:
        attack = make(attack, "attacks", CHECKED, random_state=seed).set_params(rate=rate)
        X_val, y_val = _part(dataset, needs[0], "val")
        X_out, y_out = attack.fit_resample(X, y, X_val=X_val, y_val=y_val)
        made = np.flatnonzero(attack.poison_mask_)
        kept = attack.sample_indices_[~attack.poison_mask_]
        X_poison, y_poison = take(X_out, made), y_out[made]
        if hasattr(attack, "trigger_"):
            X_test, y_test = _part(dataset, needs[0], "test")
            others = take(X_test, np.flatnonzero(y_test != attack.y_target_))
            _write_rows(folder, "triggered", attack.trigger_.transform(others))
            save_arrays(folder / "target.npz", target=attack.y_target_)
    save_arrays(folder / "poison.npz", kept=kept, y=y_poison)
    _write_rows(folder, "rows", X_poison)


@_may_refuse
def clean(folder, unit_seed, needs, *, dataset, defence, seed):
    """Let a detector or sampler choose the rows to keep.

    Writes ``kept.npz``: kept, their places in the poisoned set, and the CPU seconds it took.
    """
    X, y, _ = _poisoned_set(dataset, needs)
    defence = make(defence, "defences", CHECKED, random_state=seed, n_jobs=1, **_shape(dataset))
    sampler = PoisonFilter(defence) if is_outlier_detector(defence) else defence
    started = time.process_time()
    sampler.fit_resample(X, y)
    seconds = time.process_time() - started
    save_arrays(folder / "kept.npz", kept=sampler.sample_indices_, seconds=seconds)


@_may_refuse
def score(folder, unit_seed, needs, *, dataset, defence, victim, seed):
    """Train the victim behind a defence and score it on the test rows.

    Writes ``assessment.parquet``, one row: `score` is the victim's own, accuracy or R²;
    `attack_success` the share of triggered rows that get a backdoor's target label; the CPU seconds
    are those of the defence and of training.
    """
    X, y, is_poison = _poisoned_set(dataset, needs)
    kept, seconds = np.arange(len(y)), 0.0
    if len(needs) == 3:
        with np.load(needs[2] / "kept.npz") as chosen:
            kept, seconds = chosen["kept"], float(chosen["seconds"])
    victim = make(victim, "victims", CHECKED, random_state=seed, **_shape(dataset))
    learner = _prepared(X, dataset, victim)
    if defence["use"] != "none":
        protector = make(defence, "defences", CHECKED, random_state=seed, n_jobs=1)
        if not cleans(protector):
            takes_victim = "estimator" in protector._get_param_names()
            learner = (
                protector.set_params(estimator=learner)
                if takes_victim
                else _prepared(X, dataset, protector)
            )
    started = time.process_time()
    learner.fit(take(X, kept), y[kept])
    seconds += time.process_time() - started
    row = {"score": learner.score(*_part(dataset, needs[0], "test")), "cpu_seconds": seconds}
    row |= {"attack_success": np.nan, "refused": ""}
    if (needs[1] / "target.npz").exists():
        with np.load(needs[1] / "target.npz") as backdoor:
            target = backdoor["target"][()]
        said = learner.predict(_read_rows(needs[1], "triggered", X))
        row["attack_success"] = np.mean(said == target)
    verdict = np.full(len(y), -1)
    verdict[kept] = 1
    judged = len(needs) == 3
    for name, measure in MEASURES.items():
        known = judged and (is_poison.any() or name == "clean_removed")
        row[name] = measure(is_poison, verdict) if known else np.nan
    pd.DataFrame([row]).to_parquet(folder / "assessment.parquet")


def _prepared(X, dataset, learner):
    """The learner behind what makes numbers of the rows and scales them; images are scaled."""
    if dataset["use"] in IMAGES:
        return learner
    encoder = make_encoder(kind_of(X))
    steps = [step for step in (encoder, StandardScaler(), learner) if step is not None]
    return make_pipeline(*steps)


def _shape(dataset):
    """The shape of images, for the detectors and victims that ask for it."""
    shapes = {"digits": (8, 8, 1), "cifar10": (32, 32, 3)}
    if dataset["use"] not in IMAGES:
        return {}
    return {"image_shape": shapes.get(dataset["use"], (28, 28, 1))}


def _part(dataset, folder, part):
    with np.load(folder / "rows.npz") as rows:
        return rows_of(dataset, rows[part])


def _poisoned_set(dataset, needs):
    """Rows, labels and which of them are poison."""
    X, y = _part(dataset, needs[0], "train")
    with np.load(needs[1] / "poison.npz") as poison:
        kept, y_poison = poison["kept"], poison["y"]
    X_out = join(take(X, kept), _read_rows(needs[1], "rows", X))
    is_poison = np.repeat([False, True], [len(kept), len(y_poison)])
    return X_out, np.concatenate([y[kept], y_poison]), is_poison


def _write_rows(folder, name, X):
    if is_frame(X):
        X.reset_index(drop=True).to_parquet(folder / f"{name}.parquet")
    elif isinstance(X, list):
        pd.DataFrame({"text": X}).to_parquet(folder / f"{name}.parquet")
    else:
        save_arrays(folder / f"{name}.npz", X=X)


def _read_rows(folder, name, like):
    if is_frame(like):
        return pd.read_parquet(folder / f"{name}.parquet").astype(like.dtypes)
    if isinstance(like, list):
        return pd.read_parquet(folder / f"{name}.parquet")["text"].tolist()
    with np.load(folder / f"{name}.npz") as rows:
        return rows["X"]
