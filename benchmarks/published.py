"""Published figures where data and victim are those of the paper: a linear SVM on pairs of MNIST.

    python benchmarks/published.py

Writes ``benchmarks/results/published.csv``, one row a paper, pair and seed: the error in per cent
of SVC(kernel="linear") on test rows, clean and under the paper's attack.

- Biggio et al. 2012: one poison row on 100, placed on 500 rows of the attacker's; 10 draws.
- Steinhardt et al. 2017: min-max poison behind sphere and slab, 3 % of 2,000 rows (the paper takes
  all 13,007); 2 draws.
"""

from pathlib import Path

import pandas as pd
from sklearn.svm import SVC
from threadpoolctl import threadpool_limits

from skpoison.attacks import ConstrainedPoisoningAttack, GradientPoisoningAttack
from skpoison.datasets import load_images, split_rows

RESULTS = Path(__file__).parent / "results" / "published.csv"
VICTIM = SVC(kernel="linear")
FIGURES = [
    # paper, attack, pairs, (training, attacker's, test rows), draws
    (
        "Biggio 2012",
        GradientPoisoningAttack(VICTIM, rate=1, bounds=(0, 1)),
        [(7, 1), (9, 8), (4, 0)],
        (100, 500, 2000),
        10,
    ),
    (
        "Steinhardt 2017",
        ConstrainedPoisoningAttack(VICTIM, method="min-max", rate=0.03, bounds=(0, 1)),
        [(1, 7)],
        (2000, 500, 2000),
        2,
    ),
]


def errors(attack, pair, sizes, seed):
    """Per cent of test rows that the victim gets wrong, clean and poisoned."""
    X, y = load_images("mnist", classes=pair, return_X_y=True)
    X = X.reshape(len(X), -1)
    sizes = dict(zip(("n_train", "n_val", "n_test"), sizes, strict=True))
    train, val, test = [(X[r], y[r]) for r in split_rows(y, random_state=seed, **sizes)]
    poisoned = attack.set_params(random_state=seed).fit_resample(*train, *val)
    return [100 * (1 - VICTIM.fit(*rows).score(*test)) for rows in (train, poisoned)]


def main():
    rows = []
    with threadpool_limits(1):
        for paper, attack, pairs, sizes, n_draws in FIGURES:
            for pair in pairs:
                for seed in range(n_draws):
                    name = "{} v {}".format(*pair)
                    clean, poisoned = errors(attack, pair, sizes, seed)
                    rows.append((paper, name, seed, clean, poisoned))
                    print(*rows[-1], flush=True)
    table = pd.DataFrame(rows, columns=["paper", "pair", "seed", "clean_error", "poisoned_error"])
    table.to_csv(RESULTS, index=False, float_format="%.4g")
    measures = table.groupby(["paper", "pair"], sort=False)[["clean_error", "poisoned_error"]]
    print(measures.agg(["mean", "max"]).round(1).to_string())


if __name__ == "__main__":
    main()
