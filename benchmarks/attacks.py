"""Gradient poisoning, ours and the peers' on the same rows: cost, objective, victim's accuracy.

Every contender is a worker program of its own, run as one single-threaded process per run; rows
and results travel as npz files. A peer's worker runs in the peer's own environment:

    python benchmarks/attacks.py --secml-python SECML/bin/python --art-python ART/bin/python

Peers' finished runs are kept in ``--cache`` and not repeated, so that a stopped benchmark goes
on; ours are always made anew. benchmarks/README.md says how to make the environments.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.svm import SVC

from skpoison.datasets import load_images, split_rows

HERE = Path(__file__).parent
SINGLE_THREADED = {
    f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL", "NUMEXPR")
}

CELLS = {
    "fashion_mnist-0-1-linear": ("fashion_mnist", (0, 1), "linear"),
    "fashion_mnist-2-4-linear": ("fashion_mnist", (2, 4), "linear"),
    "mnist-4-9-linear": ("mnist", (4, 9), "linear"),
    "cifar10-0-1-rbf": ("cifar10", (0, 1), "rbf"),
    "digits-4-9-linear": ("digits", (4, 9), "linear"),
}

# name: (worker, the worker's settings). SecML has no default step (its constructor asks for
# eta), so both of its tutorials' settings stand here: "Poisoning attacks against machine
# learning models" and "Evasion and poisoning attacks on MNIST dataset".
CONTENDERS = {
    "sequential": ("skpoison", {"schedule": "sequential"}),
    "joint": ("skpoison", {"schedule": "joint"}),
    "secml": (
        "secml",
        {
            "distance": "l2",
            "solver_params": {"eta": 0.05, "eta_min": 0.05, "max_iter": 100, "eps": 1e-6},
        },
    ),
    "secml-mnist": (
        "secml",
        {
            "distance": "l2",
            "solver_params": {"eta": 0.25, "eta_min": 2.0, "max_iter": 100, "eps": 1e-6},
        },
    ),
    "art": ("art", {"step": 0.1, "max_iter": 2}),
}
# ART's points are not moved to the end (a step takes seconds to minutes): one run gives its cost.
ONLY_COST = {"art"}


def draw_rows(cell, seed, sizes):
    """Rows of one run: training, attacker's and test rows, and the points poison starts from.

    The starting points are training rows with the other label, moved by noise of 1e-3: the start
    of the published attack and of SecML's.
    """
    name, classes, kernel = CELLS[cell]
    X, y = load_images(name, classes=classes, return_X_y=True)
    X, y = X.astype(np.float64), (y == classes[1]).astype(np.int64)
    train, val, test = split_rows(
        y, n_train=sizes["train"], n_val=sizes["val"], n_test=sizes["test"], random_state=seed
    )
    random_state = np.random.RandomState(seed)
    start = train[random_state.choice(len(train), sizes["poison"], replace=False)]
    noise = random_state.uniform(-1e-3, 1e-3, size=(len(start), X.shape[1]))
    victim = {"kernel": kernel, "C": 1.0, "gamma": 1 / X.shape[1]}
    arrays = {"X": X[train], "y": y[train], "X_val": X[val], "y_val": y[val]}
    arrays |= {"X_start": np.clip(X[start] + noise, 0, 1), "y_start": 1 - y[start]}
    return arrays, (X[test], y[test]), victim


def run_worker(python, contender, arrays, victim, seed, target):
    """Let a contender's worker attack the rows; its result is kept in the file `target`."""
    worker, settings = CONTENDERS[contender]
    settings = victim | {"random_state": seed, worker: settings}
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
    for array in arrays.values():
        digest.update(np.ascontiguousarray(array))
    target = target.with_name(f"{target.name}-{digest.hexdigest()[:12]}.npz")
    if worker == "skpoison" or not target.exists():
        rows = target.with_suffix(".rows.npz")
        unfinished = target.with_suffix(".part.npz")
        np.savez(rows, settings=json.dumps(settings), **arrays)
        subprocess.run(
            [python, HERE / "peers" / f"{worker}_worker.py", rows, unfinished],
            check=True,
            env=os.environ | SINGLE_THREADED,
        )
        rows.unlink()
        unfinished.replace(target)
    with np.load(target) as result:
        return dict(result)


def judge(arrays, test, victim, X_poison, y_poison):
    """Attacker's objective and test accuracy of a victim trained anew at a tight tolerance."""
    svc = SVC(**victim, tol=1e-8).fit(
        np.concatenate([arrays["X"], X_poison]), np.concatenate([arrays["y"], y_poison])
    )
    margin = (2 * arrays["y_val"] - 1) * svc.decision_function(arrays["X_val"])
    return np.maximum(0, 1 - margin).mean(), svc.score(*test)


def contest(cells, contenders, n_runs, sizes, pythons, cache):
    """Yield one record a run and contender, run by run, so that every cell is served early."""
    for seed in range(n_runs):
        for cell in cells:
            arrays, test, victim = draw_rows(cell, seed, sizes)
            shared = {"cell": cell, "run": seed}
            nothing = arrays["X_start"][:0], arrays["y_start"][:0]
            shared["objective_clean"], shared["accuracy_clean"] = judge(
                arrays, test, victim, *nothing
            )
            start = arrays["X_start"], arrays["y_start"]
            shared["objective_start"], shared["accuracy_start"] = judge(
                arrays, test, victim, *start
            )
            for contender in contenders:
                if contender in ONLY_COST and seed > 0:
                    continue
                python = pythons[CONTENDERS[contender][0]]
                target = cache / f"{cell}-{contender}-{seed}"
                result = run_worker(python, contender, arrays, victim, seed, target)
                reported = result.get("objective_start", shared["objective_start"])
                if not np.isclose(reported, shared["objective_start"], rtol=1e-4):
                    raise RuntimeError(f"{contender} did not start from the rows that it was given")
                judged = np.nan, np.nan
                if contender not in ONLY_COST:
                    poison = result["X_poison"], result["y_poison"]
                    judged = judge(arrays, test, victim, *poison)
                record = shared | {
                    "contender": contender,
                    "cpu_s": result["cpu_s"].item(),
                    "n_steps": result["n_steps"].item(),
                    "objective": judged[0],
                    "accuracy": judged[1],
                }
                print(*(f"{key}={value}" for key, value in record.items()), flush=True)
                yield record


def summarize(records):
    """Means over the runs, one line a cell and contender."""
    table = records.groupby(["cell", "contender"], sort=False).agg(
        runs=("run", "size"),
        cpu_s=("cpu_s", "mean"),
        n_steps=("n_steps", "mean"),
        objective_start=("objective_start", "mean"),
        objective=("objective", "mean"),
        accuracy_clean=("accuracy_clean", "mean"),
        accuracy=("accuracy", "mean"),
    )
    table.insert(3, "cpu_ms_a_step", 1000 * table["cpu_s"] / table["n_steps"])
    return table


def parse_arguments(arguments=None):
    """Options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    defaults = [cell for cell in CELLS if not cell.startswith("digits")]
    parser.add_argument("--cells", nargs="+", choices=CELLS, default=defaults)
    parser.add_argument("--contenders", nargs="+", choices=CONTENDERS, default=list(CONTENDERS))
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--secml-python", default=os.environ.get("SKPOISON_SECML_PYTHON"))
    parser.add_argument("--art-python", default=os.environ.get("SKPOISON_ART_PYTHON"))
    for part, size in {"train": 100, "val": 200, "test": 200, "poison": 30}.items():
        parser.add_argument(f"--n-{part}", type=int, default=size)
    parser.add_argument("--cache", type=Path, default=HERE / "cache" / "attacks")
    parser.add_argument("--results", type=Path, default=HERE / "results")
    return parser.parse_args(arguments)


def main(arguments=None):
    options = parse_arguments(arguments)
    options.cache.mkdir(parents=True, exist_ok=True)
    options.results.mkdir(parents=True, exist_ok=True)
    pythons = {
        "skpoison": sys.executable,
        "secml": options.secml_python,
        "art": options.art_python,
    }
    contenders = []
    for contender in options.contenders:
        if pythons[CONTENDERS[contender][0]]:
            contenders.append(contender)
        else:
            print(f"{contender}: left out, no interpreter given (see benchmarks/README.md)")
    sizes = {part: getattr(options, f"n_{part}") for part in ("train", "val", "test", "poison")}

    found = contest(options.cells, contenders, options.runs, sizes, pythons, options.cache)
    records = pd.DataFrame(found)
    records.to_csv(options.results / "attacks.csv", index=False, float_format="%.6g")
    summary = summarize(records)
    summary.to_csv(options.results / "attacks_summary.csv", float_format="%.6g")
    print(summary.to_string(float_format="%.4g"))


if __name__ == "__main__":
    main()
