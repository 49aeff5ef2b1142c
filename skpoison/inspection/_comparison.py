"""The main job in one function: poison, detect, drop, and what it does to the victim."""

import time
from collections.abc import Callable, Sequence
from numbers import Real

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import clone

from skpoison._typing import Estimator, RandomState
from skpoison.datasets import split_rows
from skpoison.filtering import PoisonFilter
from skpoison.metrics import poison_report
from skpoison.utils import make_estimator


def compare_on_run(
    data: NDArray,
    target: NDArray,
    image_shape: Sequence[int] | None,
    *,
    attacks: Sequence,
    detectors: Sequence,
    rates: Sequence[float] = (0.3,),
    victim: Estimator,
    random_state: RandomState = 0,
    n_train: int = 100,
    n_val: int = 200,
    n_test: int = 200,
    on_fit: Callable | None = None,
) -> pd.DataFrame:
    """Poison one draw of training rows by each attack and clean it by each detector.

    One run of the paper [1]_: training, attacker's and test rows are drawn, every attack makes
    its poison for every rate separately, every detector is fitted to each poisoned training set
    alone, and the victim is trained on the clean rows, on the poisoned set and on what a
    :class:`~skpoison.filtering.PoisonFilter` with the detector keeps of it.

    Parameters
    ----------
    data : ndarray of shape (n_samples, n_features)
        The rows to draw from.

    target : ndarray of shape (n_samples,)
        Their labels.

    image_shape : tuple of int or None
        Shape of a row as an image, for detectors that have a parameter of this name. None:
        tabular rows.

    attacks : list of str or (str, attack)
        Short names, or pairs of a name and an attack. An attack that knows of a victim gets
        `victim` as its ``estimator``; an attack of a pair keeps what it was given and gets
        `victim` and `random_state` where it has None.

    detectors : list of str or (str, detector)
        Short names, or pairs of a name and a detector. Detectors get `image_shape` and
        `random_state` in the same way.

    rates : sequence of float, default=(0.3,)
        Poison rows as shares of the training rows. Rate 0 is one set that no attack touched; its
        attack is called "none".

    victim : classifier
        Clones of it are trained.

    random_state : int, default=0
        Seed of the draw, the attacks and the detectors.

    n_train, n_val, n_test : int, default=100, 200, 200
        How many rows the victim trains on, the attacker has, and the accuracy is measured on.

    on_fit : callable, default=None
        Called after each fit as ``on_fit(row, detector, X, y, poison_mask)`` with the row of the
        table (dict), the fitted detector and the training set it was fitted to.

    Returns
    -------
    table : DataFrame
        A row for each attack, rate and detector: ``attack``, ``rate``, ``detector``; the
        victim's accuracy ``clean``, ``poisoned`` and ``defended``; ``f1`` of the rows that the
        filter drops, ``roc_auc`` and ``average_precision`` of the scores; ``clean_removed``, the
        share of clean rows dropped; ``seconds``, CPU time of the detector's fit. Where there is
        no poison ``roc_auc`` and ``average_precision`` are NaN.

    Raises
    ------
    ValueError
        If a short name is unknown, a rate is outside [0, 1], or there are too few rows.

    References
    ----------
    .. [1] F. Razmi, L. Xiong, "Classification Auto-Encoder based Detector against Diverse Data
       Poisoning Attacks", arXiv:2108.04206, 2021.

    Examples
    --------
    >>> from sklearn.svm import SVC
    >>> from skpoison.datasets import load_images
    >>> from skpoison.inspection import compare_on_run
    >>> digits = load_images("digits", classes=(0, 1))
    >>> table = compare_on_run(
    ...     digits.data, digits.target, digits.image_shape, attacks=["flipping"],
    ...     detectors=["centroid", "knn"], victim=SVC(kernel="linear"), n_val=80, n_test=80,
    ... )
    >>> table[["attack", "detector", "clean"]]
         attack  detector  clean
    0  flipping  centroid    1.0
    1  flipping       knn    1.0
    """
    for rate in rates:
        if not (isinstance(rate, Real) and 0 <= rate <= 1):
            raise ValueError(f"rates must be shares in [0, 1], got {rate!r}.")
    attacks = _resolve("attack", attacks, estimator=victim, random_state=random_state)
    detectors = _resolve("detector", detectors, image_shape=image_shape, random_state=random_state)
    sizes = {"n_train": n_train, "n_val": n_val, "n_test": n_test}
    train, val, test = split_rows(target, **sizes, random_state=random_state)

    def accuracy(X, y):
        return float(clone(victim).fit(X, y).score(data[test], target[test]))

    rows = []
    clean = accuracy(data[train], target[train])
    for attack_name, rate, attack in _cells(attacks, rates):
        X, y, poison_mask = _poison(attack, data[train], target[train], data[val], target[val])
        cell = {"attack": attack_name, "rate": rate, "clean": clean, "poisoned": accuracy(X, y)}
        for detector_name, detector in detectors:
            poison_filter = PoisonFilter(detector)
            start = time.process_time()
            X_kept, y_kept = poison_filter.fit_resample(X, y)
            seconds = time.process_time() - start
            verdict = np.where(poison_filter.poison_mask_, -1, 1)
            scores = poison_filter.detector_.training_scores_
            report = poison_report(poison_mask, verdict, scores)
            row = cell | {"detector": detector_name, "defended": accuracy(X_kept, y_kept)}
            row |= {name: report[name] for name in _REPORTED} | {"seconds": seconds}
            rows.append(row)
            if on_fit is not None:
                on_fit(row, poison_filter.detector_, X, y, poison_mask)
    return pd.DataFrame(rows, columns=_COLUMNS)


_REPORTED = ["f1", "roc_auc", "average_precision", "clean_removed"]
_COLUMNS = [
    *["attack", "rate", "detector", "clean", "poisoned", "defended"],
    *[*_REPORTED, "seconds"],
]


def _resolve(kind, entries, **params):
    """Pairs of name and estimator, with the parameters that the user leaves open filled in."""
    pairs = []
    for entry in entries:
        if isinstance(entry, str):
            pairs.append((entry, make_estimator(kind, entry, **params)))
        else:
            name, estimator = entry
            estimator, own = clone(estimator), estimator.get_params(deep=False)
            is_open = {key: params[key] for key in params if own.get(key, 0) is None}
            pairs.append((name, estimator.set_params(**is_open)))
    return pairs


def _cells(attacks, rates):
    """Name, rate and attack of each poisoned set; the set without poison is there once."""
    if 0 in rates:
        yield "none", 0.0, None
    for name, attack in attacks:
        for rate in rates:
            if rate > 0:
                yield name, float(rate), clone(attack).set_params(rate=float(rate))


def _poison(attack, X, y, X_val, y_val):
    if attack is None:
        return X, y, np.zeros(len(X), dtype=bool)
    X_poisoned, y_poisoned = attack.fit_resample(X, y, X_val=X_val, y_val=y_val)
    return X_poisoned, y_poisoned, attack.poison_mask_
