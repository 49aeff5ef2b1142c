"""What the four stages do: one function a stage, from the files of earlier units to its own."""

from functools import lru_cache

import numpy as np
import pandas as pd
from sklearn.svm import SVC

from skpoison.datasets import load_images, split_rows
from skpoison.experiments._persistence import load_detector, save_detector
from skpoison.metrics import poison_report, recovered_accuracy
from skpoison.thresholds import GaussianMixtureThreshold
from skpoison.utils import make_estimator

PARTS = 6  # the last part of the data is for the assessment runs
# The detectors of the paper, whose scores it cuts by a Gaussian mixture. Others keep their "auto".
PAPER_DETECTORS = ("rae", "cae", "cae+", "magnet", "centroid", "knn")


def split(folder, seed, needs, *, dataset, classes, purpose, number, sizes, partition_seed):
    """Draw the rows of one run and keep them: all later stages do without the data set.

    Writes ``rows.npz``: images and labels of the victim's, the attacker's and the test rows
    (X_train, y_train, X_val, ...), their positions in ``load_images(dataset, classes=classes)``
    (i_train, i_val, i_test) and image_shape.
    """
    images = _load_images(dataset, tuple(classes))
    rows = np.random.default_rng(partition_seed).permutation(len(images.target))
    border = len(rows) * (PARTS - 1) // PARTS
    part = np.sort(rows[:border] if purpose == "training" else rows[border:])
    drawn = split_rows(images.target[part], **sizes, random_state=seed)
    arrays = {"image_shape": np.array(images.image_shape)}
    for name, indices in zip(("train", "val", "test"), drawn, strict=True):
        arrays[f"i_{name}"] = part[indices]
        arrays[f"X_{name}"] = images.data[part[indices]]
        arrays[f"y_{name}"] = images.target[part[indices]]
    np.savez_compressed(folder / "rows.npz", **arrays)


def attack(folder, seed, needs, *, attack, n_poison, victim):
    """Place the poison of one run.

    Writes ``poison.npz``: X and y. The rows are in random order, so that the first n of them are
    a fair share of every attack in a mix.
    """
    with np.load(needs[0] / "rows.npz") as rows:
        X, y, X_val, y_val = (rows[name] for name in ("X_train", "y_train", "X_val", "y_val"))
    sampler = make_estimator(
        "attack", attack, rate=n_poison, estimator=SVC(**victim), random_state=seed
    )
    X_out, y_out = sampler.fit_resample(X, y, X_val=X_val, y_val=y_val)
    poison = np.flatnonzero(sampler.poison_mask_)
    poison = np.random.default_rng(seed).permutation(poison)
    np.savez_compressed(folder / "poison.npz", X=X_out[poison], y=y_out[poison])


def train(folder, seed, needs, *, detector, n_poison):
    """Fit a detector to the poisoned sets of all training runs together.

    Needs the runs' rows and then, if `n_poison` is not 0, their poison, in the same order. Writes
    ``detector.pickle`` and one ``.keras`` file a network.
    """
    fitted = _make_detector(detector, needs[0], seed).fit(*_pool(needs, n_poison))
    save_detector(fitted, folder)


def assess(folder, seed, needs, *, detector, n_poison, pooled, victim):
    """Judge the rows of one run and train the victim on what is left.

    The paper's detectors are cut by the paper's rule, which is fitted to the very rows that are
    judged: also where the detector is pooled, as published. Other detectors keep the threshold of
    their training rows.

    Needs the run's rows, its poison if `n_poison` is not 0, and the trained detector if `pooled`.
    Writes ``verdicts.parquet``, one row a judged row, and ``assessment.parquet``, one row.
    """
    (run,) = _runs(needs[: 1 + (n_poison > 0)], n_poison)
    X, y = _read_set(run, n_poison)
    poison = np.arange(len(y)) >= len(y) - n_poison
    if pooled:
        fitted = _load_detector(needs[-1])
        scores, threshold = fitted.score_samples(X, y), -fitted.offset_
        if detector in PAPER_DETECTORS:
            threshold = GaussianMixtureThreshold(seed).fit(-scores).threshold_
        flagged = -scores > threshold
    else:
        fitted = _make_detector(detector, needs[0], seed).fit(X, y)
        scores = fitted.training_scores_
        flagged = scores < fitted.offset_
    verdict = np.where(flagged, -1, 1)

    with np.load(needs[0] / "rows.npz") as rows:
        test = rows["X_test"], rows["y_test"]
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


STAGES = {"split": split, "attack": attack, "train": train, "assess": assess}

_load_images = lru_cache(maxsize=1)(
    lambda dataset, classes: load_images(dataset, classes=list(classes))
)
_load_detector = lru_cache(maxsize=1)(load_detector)


def _runs(needs, n_poison):
    """Pairs of folders: rows and poison of a run, None where there is no poison."""
    if n_poison == 0:
        return [(rows, None) for rows in needs]
    return list(zip(needs[: len(needs) // 2], needs[len(needs) // 2 :], strict=True))


def _pool(needs, n_poison):
    """Rows and labels of all runs' poisoned sets, one after the other."""
    sets = [_read_set(run, n_poison) for run in _runs(needs, n_poison)]
    X, y = zip(*sets, strict=True)
    return np.concatenate(X), np.concatenate(y)


def _read_set(run, n_poison):
    """Poisoned training set of a run: its clean rows, then the first poison rows."""
    rows_folder, poison_folder = run
    with np.load(rows_folder / "rows.npz") as rows:
        X, y = rows["X_train"], rows["y_train"]
    if poison_folder is None:
        return X, y
    with np.load(poison_folder / "poison.npz") as poison:
        return np.concatenate([X, poison["X"][:n_poison]]), np.concatenate(
            [y, poison["y"][:n_poison]]
        )


def _make_detector(name, rows_folder, seed):
    with np.load(rows_folder / "rows.npz") as rows:
        image_shape = tuple(rows["image_shape"].tolist())
    rule = GaussianMixtureThreshold(seed) if name in PAPER_DETECTORS else "auto"
    return make_estimator(
        "detector", name, image_shape=image_shape, contamination=rule, random_state=seed
    )
