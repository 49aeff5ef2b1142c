"""Attacks on labels, model-targeted and constrained poison: what three victims lose, and the CPU.

    python benchmarks/label_attacks.py

Each attack is made against the linear SVC (`search` against the forest) and judged by all three
victims on test rows. Finished runs are kept in the results and not repeated. Writes
``benchmarks/results/label_attacks.csv`` and ``label_attacks.md``, accuracies at the highest rate.
"""

import argparse
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from leaderboard_report import markdown_table
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import minmax_scale
from sklearn.svm import SVC
from threadpoolctl import threadpool_limits

from skpoison.attacks import (
    AdversarialFlipAttack,
    BetaPoisoningAttack,
    ConstrainedPoisoningAttack,
    InstanceDependentFlipAttack,
    LabelFlipAttack,
    ModelTargetedAttack,
    SearchPoisoningAttack,
    SubpopulationFlipAttack,
)
from skpoison.datasets import load_images, split_rows
from skpoison.experiments._figures import with_interval

HERE = Path(__file__).parent
RATES = (0.05, 0.1, 0.2)
FOREST = RandomForestClassifier(50, random_state=0)
VICTIMS = {
    "svc": SVC(kernel="linear"),
    "logistic": LogisticRegression(max_iter=1000),
    "forest": FOREST,
}
ATTACKS = {
    "flipping": LabelFlipAttack(),
    "instance-flipping": InstanceDependentFlipAttack(),
    "subpopulation": SubpopulationFlipAttack(),
    "influence-flipping": AdversarialFlipAttack(n_tried=1),
    "adversarial-flipping": AdversarialFlipAttack(n_tried=8),
    "alfa": AdversarialFlipAttack(method="alfa"),
    "tilt-flipping": AdversarialFlipAttack(method="tilt", n_repeats=5),
    "beta": BetaPoisoningAttack(),
    "model-targeted": ModelTargetedAttack(VICTIMS["svc"]),
    "influence": ConstrainedPoisoningAttack(),
    "kkt": ConstrainedPoisoningAttack(method="kkt"),
    "min-max": ConstrainedPoisoningAttack(method="min-max"),
    "search": SearchPoisoningAttack(FOREST),
}
# name: (train, attacker's and test rows)
SETS = {
    "breast cancer": (100, 100, 369),
    "mnist 4 v 0": (400, 400, 1000),
    "digits": (200, 200, 1000),
}


def draw(name, seed):
    """Training, attacker's and test rows."""
    if name == "breast cancer":
        X, y = load_breast_cancer(return_X_y=True)
        X = minmax_scale(X)
    elif name == "digits":
        X, y = load_images("digits", return_X_y=True)
    else:
        X, y = load_images("mnist", classes=(0, 4), return_X_y=True)
    X = X.reshape(len(X), -1).astype(np.float64)
    sizes = dict(zip(("n_train", "n_val", "n_test"), SETS[name], strict=True))
    return [(X[rows], y[rows]) for rows in split_rows(y, random_state=seed, **sizes)]


def accuracies(rows, test):
    """Of each victim trained on the rows."""
    return {name: victim.fit(*rows).score(*test) for name, victim in VICTIMS.items()}


def measure(name, seed, attacks, rates, done):
    """Yield one record an attack and rate; "none" is the clean set."""
    train, val, test = draw(name, seed)
    if (name, seed, "none", 0.0) not in done:
        shared = {"set": name, "seed": seed, "attack": "none", "rate": 0.0, "cpu_s": 0.0}
        yield shared | accuracies(train, test)
    for attack_name in attacks:
        if attack_name == "kkt" and len(np.unique(train[1])) > 2:
            continue
        for rate in rates:
            if (name, seed, attack_name, rate) in done:
                continue
            attack = ATTACKS[attack_name].set_params(rate=rate, random_state=seed)
            start = time.process_time()
            poisoned = attack.fit_resample(*train, X_val=val[0], y_val=val[1])
            cpu = time.process_time() - start
            shared = {"set": name, "seed": seed, "attack": attack_name, "rate": rate, "cpu_s": cpu}
            yield shared | accuracies(poisoned, test)


def table(runs, rate):
    """Accuracy in per cent with 95 % intervals over the seeds, a row an attack, as Markdown."""
    rates = runs["rate"].isin([0, rate])
    long = runs[rates].melt(["set", "seed", "attack"], list(VICTIMS), "victim", "accuracy")
    groups = long.assign(accuracy=100 * long["accuracy"]).groupby(["attack", "set", "victim"])
    shown = groups["accuracy"].agg(shown_with_interval).unstack(["set", "victim"])
    columns = [(name, victim) for name in runs["set"].unique() for victim in VICTIMS]
    shown = shown[columns].fillna("–")
    rows = [[attack, *shown.loc[attack]] for attack in ("none", *ATTACKS) if attack in shown.index]
    return markdown_table(["attack", *(", ".join(column) for column in columns)], rows)


def shown_with_interval(values):
    """Mean ± half the width of its 95 % interval, where there are several values."""
    mean, half_width = with_interval(values)
    return f"{mean:.1f} ± {half_width:.1f}" if len(values) > 1 else f"{mean:.1f}"


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument("--attacks", nargs="+", choices=ATTACKS, default=list(ATTACKS))
    parser.add_argument("--rates", nargs="+", type=float, default=RATES)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--results", type=Path, default=HERE / "results")
    options = parser.parse_args(arguments)
    path = options.results / "label_attacks.csv"
    runs = pd.read_csv(path) if path.exists() else pd.DataFrame()
    done = set() if runs.empty else set(runs[["set", "seed", "attack", "rate"]].itertuples(False))
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore", ConvergenceWarning)
        for seed in range(options.seeds):
            for name in options.sets:
                for record in measure(name, seed, options.attacks, options.rates, done):
                    runs = pd.concat([runs, pd.DataFrame([record])], ignore_index=True)
                    runs.to_csv(path, index=False, float_format="%.4g")
                    print(*(f"{key}={value}" for key, value in record.items()), flush=True)
    text = table(runs, max(runs["rate"])) + "\n"
    (options.results / "label_attacks.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
