"""The detectors of all training runs together."""

import numpy as np

from skpoison.experiments.stages._detectors import make_detector
from skpoison.experiments.stages._sets import read_set, runs_of
from skpoison.persistence import save


def train(folder, seed, needs, *, detector, n_poison):
    """Fit a detector to the poisoned sets of all training runs together.

    Needs the runs' rows and then, if `n_poison` is not 0, their poison, in the same order. Writes
    ``detector.skpoison``, which :func:`skpoison.persistence.load` reads.
    """
    sets = [read_set(run, n_poison) for run in runs_of(needs, n_poison)]
    X, y = map(np.concatenate, zip(*sets, strict=True))
    fitted = make_detector(detector, needs[0], seed).fit(X, y)
    save(fitted, folder / "detector.skpoison")
