"""Clean-label attacks on a Keras network, beside ART's on the same network in PyTorch.

    python benchmarks/clean_label.py --art-python ART/bin/python

ART's environment needs PyTorch too. 300 images of MNIST 4 and 9, of which 30 of the wanted class
are changed, by at most 0.3 (ART's feature collision has no bound; it mixes 30 % of the target in,
as its notebook does). All have the same surrogate, a NetworkClassifier with one layer of 64.
`fooled`: another such network, trained anew on the poisoned rows from its own weights, gives the
target the wanted label. `last_layer`: so does a logistic regression on the surrogate's hidden
layer, the setting that feature collision is made for. The settings of gradient matching were chosen
on the first six targets, which are left out. Writes ``benchmarks/results/clean_label.csv``.
"""

import argparse
import os
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression

from skpoison.attacks import FeatureCollisionAttack, GradientMatchingAttack
from skpoison.datasets import load_images, split_rows
from skpoison.victims import NetworkClassifier

HERE = Path(__file__).parent
EPSILON, N_POISON = 0.3, 30
TUNED_ON = 6  # targets
OURS = {
    "gradient matching": (GradientMatchingAttack, {}),
    "bullseye": (FeatureCollisionAttack, {}),
    "feature collision": (FeatureCollisionAttack, {"strategy": "collision"}),
}
BY_ART = ("gradient matching", "feature collision")


def network(seed):
    return NetworkClassifier(epochs=30, random_state=seed)


def by_ours(name, surrogate, train, test, target, seed):
    """Poisoned rows and CPU seconds."""
    attack, settings = OURS[name]
    attack = attack(
        FrozenEstimator(surrogate),
        **settings,
        target=target,
        epsilon=EPSILON,
        rate=N_POISON,
        injection="replace",
        random_state=seed,
    )
    begin = time.process_time()
    poisoned = attack.fit_resample(*train, *test)
    return poisoned, time.process_time() - begin


def by_art(python, attack, surrogate, train, test, target, seed):
    """As `by_ours`, by ART in its own environment."""
    X, y = train
    codes = np.searchsorted(surrogate.classes_, y)
    weights = surrogate.network_.weights
    given = {f"w{i}": kernel for i, kernel in enumerate(weights[::2])}
    given |= {f"b{i}": bias for i, bias in enumerate(weights[1::2])}
    wanted = 1 - np.searchsorted(surrogate.classes_, test[1][[target]])
    with tempfile.TemporaryDirectory() as folder:
        rows, result = Path(folder) / "rows.npz", Path(folder) / "result.npz"
        np.savez(
            rows,
            **given,
            attack=attack,
            n_poison=N_POISON,
            n_layers=len(weights) // 2,
            X=X,
            y=codes,
            target=test[0][[target]],
            wanted=wanted,
            share=N_POISON / len(X),
            epsilon=EPSILON,
            seed=seed,
        )
        worker = HERE / "peers" / "art_clean_label_worker.py"
        threads = {"OMP_NUM_THREADS": "1"}
        subprocess.run(
            [python, worker, rows, result],
            check=True,
            env=os.environ | threads,
            capture_output=True,
        )
        made = np.load(result)
        return (made["X"], y), float(made["cpu_s"])


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--art-python", default=os.environ.get("SKPOISON_ART_PYTHON"))
    parser.add_argument("--targets", type=int, default=10)
    parser.add_argument("--collisions", type=int, default=2, help="targets of ART's, which is slow")
    parser.add_argument("--results", type=Path, default=HERE / "results")
    options = parser.parse_args(arguments)
    X, y = load_images("mnist", classes=(4, 9), return_X_y=True)
    X = X.reshape(len(X), -1)
    parts = split_rows(y, n_train=300, n_val=100, n_test=200, random_state=0)
    train, test = ((X[rows], y[rows]) for rows in (parts[0], parts[2]))
    surrogate, judge = network(0).fit(*train), network(1).fit(*train)
    agreed = (surrogate.predict(test[0]) == test[1]) & (judge.predict(test[0]) == test[1])
    records = []
    targets = np.flatnonzero(agreed)[TUNED_ON : TUNED_ON + options.targets].tolist()
    for number, target in enumerate(targets):
        made = {name: by_ours(name, surrogate, train, test, target, 0) for name in OURS}
        if options.art_python:
            for name in BY_ART if number < options.collisions else BY_ART[:1]:
                made[f"ART {name}"] = by_art(
                    options.art_python, name, surrogate, train, test, target, 0
                )
        for name, ((X, y), cpu_s) in made.items():
            victim = network(2).fit(X, y)
            hidden, seen = (
                surrogate.network_.encode(rows.astype(np.float32)) for rows in (X, test[0])
            )
            last = LogisticRegression(max_iter=1000).fit(hidden, y)
            records.append(
                {
                    "contender": name,
                    "target": target,
                    "fooled": int(victim.predict(test[0][[target]])[0] != test[1][target]),
                    "last_layer": int(last.predict(seen[[target]])[0] != test[1][target]),
                    "accuracy": victim.score(*test),
                    "cpu_s": cpu_s,
                }
            )
            print(*records[-1].values(), flush=True)
        table = pd.DataFrame(records)
        table.to_csv(options.results / "clean_label.csv", index=False, float_format="%.4g")
    print(table.drop(columns="target").groupby("contender", sort=False).mean().round(3))


if __name__ == "__main__":
    main()
