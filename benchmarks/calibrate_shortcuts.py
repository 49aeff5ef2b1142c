"""When a patch on images of one label passes for a trigger, on images that no reported set has.

    python benchmarks/calibrate_shortcuts.py    # minutes, wants SKPOISON_DATA

Images of the test split, of all classes or of two, and digits: as they are, and with a patch on a
part of those of one class, which keep their labels (a clean-label backdoor), beside the images that
it was put on or in their place. Writes ``benchmarks/results/calibrate_shortcuts.csv``, one row a
setting of the search: fewest images with the patch, and the most that the rest of
the images may tell of it; share of the sets in which a patch is found, and of poison and clean
images that are flagged.
"""

import argparse
from itertools import product
from unittest.mock import patch

import honest_sets
import numpy as np
import pandas as pd
from calibrate import FIRST_SEED, run

from skpoison.attacks import BackdoorAttack
from skpoison.attacks.triggers import PatchTrigger
from skpoison.detectors import _shortcut_search as search_module
from skpoison.detectors._trigger_search import search_triggers
from skpoison.detectors._triggers import SearchedRows

SHAPES = {"mnist": (28, 28), "fashion_mnist": (28, 28), "cifar10": (32, 32, 3), "digits": (8, 8)}
SIZES, POISON_ROWS = (300, 1000, 3000), (20, 40, 80)
ALL_ROWS = {"cifar10": 2000, "digits": 1797}
FEWEST, MOST_TOLD = (10, 20, 30), (0.55, 0.6, 0.65, 0.7, 0.8)


def honest_images(options):
    """Yield (what they are, images, labels, seed)."""
    seeds = range(FIRST_SEED, FIRST_SEED + options.seeds)
    for data, n_rows, seed in product(options.data, SIZES, seeds):
        split = () if data == "digits" else ("test", options.data_home)
        n_rows = min(n_rows, ALL_ROWS.get(data, n_rows))
        X, y = honest_sets.draw_images(data, n_rows, seed, *split)
        X = X.reshape(-1, *SHAPES[data])
        if data != "cifar10":  # whose file has two classes
            yield f"{data}, all", X, y, seed
        two = np.random.RandomState(seed).choice(np.unique(y), 2, replace=False)
        kept = np.isin(y, two)
        yield f"{data}, two", X[kept], y[kept], seed


def sets(options):
    """Yield (what it is, poison, images, labels, which are poison)."""
    for name, X, y, seed in honest_images(options):
        yield name, "none", X, y, np.zeros(len(y), dtype=bool)
        values, counts = np.unique(y, return_counts=True)
        for n_rows, injection in product(POISON_ROWS, ("append", "replace")):
            if n_rows > counts.max() / 2:
                continue
            attack = BackdoorAttack(
                PatchTrigger(image_shape=X.shape[1:]),
                y_target=values[counts.argmax()],
                labels="keep",
                rate=n_rows,
                injection=injection,
                random_state=seed,
            )
            poisoned, labels = attack.fit_resample(X, y)
            poison = f"{n_rows} rows, {injection}"
            yield name, poison, poisoned.reshape(-1, *X.shape[1:]), labels, attack.poison_mask_


def searched(X, codes):
    """Yield the images that have a patch, and what the rest may tell of it, for each patch."""
    context = SearchedRows(X, "images", codes, 0)
    with patch.multiple(search_module, FEWEST_ROWS=min(FEWEST), MOST_TOLD=np.inf):
        found, _ = search_triggers(context)
    for trigger in found:
        if np.isnan(trigger.unlike_label):
            rows = trigger.candidate.rows
            rows = rows[codes[rows] == trigger.candidate.code]
            yield rows, search_module.told_by_the_rest(context, trigger.candidate)[1]


def shortcuts(options):
    """One record a kind of set and setting."""
    records = []
    for name, kind, X, y, poison in sets(options):
        patches = list(searched(X, np.unique(y, return_inverse=True)[1]))
        for fewest, most in product(FEWEST, MOST_TOLD):
            flagged = np.zeros(len(y), dtype=bool)
            for rows, upper in patches:
                flagged[rows] |= len(rows) >= fewest and upper < most
            about = {"set": name, "poison": kind, "fewest rows": fewest, "most told": most}
            about |= {"sets flagged": flagged.any(), "clean flagged": flagged[~poison].mean()}
            about["poison flagged"] = flagged[poison].mean() if poison.any() else np.nan
            records.append(about)
    keys = ["set", "poison", "fewest rows", "most told"]
    means = pd.DataFrame(records).groupby(keys, sort=False).mean()
    yield from means.reset_index().to_dict("records")


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--data", nargs="+", choices=SHAPES, default=list(SHAPES))
    run(shortcuts, parser, arguments)


if __name__ == "__main__":
    main()
