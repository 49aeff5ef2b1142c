"""The poison of a run."""

import numpy as np
from sklearn.svm import SVC

from skpoison.experiments.stages._sets import arrays_of
from skpoison.utils import make_estimator
from skpoison.utils._archives import save_arrays


def attack(folder, seed, needs, *, attack, n_poison, victim):
    """Place the poison of one run.

    Writes ``poison.npz``: X and y. The rows are in random order, so that the first n of them are
    a fair share of every attack in a mix.
    """
    names = ("X_train", "y_train", "X_val", "y_val")
    X, y, X_val, y_val = arrays_of(needs[0] / "rows.npz", *names)
    sampler = make_estimator(
        "attack", attack, rate=n_poison, estimator=SVC(**victim), random_state=seed
    )
    X_out, y_out = sampler.fit_resample(X, y, X_val=X_val, y_val=y_val)
    poison = np.flatnonzero(sampler.poison_mask_)
    poison = np.random.default_rng(seed).permutation(poison)
    save_arrays(folder / "poison.npz", X=X_out[poison], y=y_out[poison])
