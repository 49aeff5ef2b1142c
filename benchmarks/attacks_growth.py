"""Growth of a gradient step's cost with the training rows and with the features.

One poison row after the other climbs on CIFAR-10 images (averaged over blocks of pixels for
fewer features). A step's cost is what a longer attack takes more than a shorter one, over the
steps that it makes more: imports, the first training and the kernel matrix are left out.
``--large`` adds one big attack from start to end, with its memory.
"""

import argparse
import resource
import time
import warnings
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.svm import SVC

from skpoison.attacks import GradientPoisoningAttack
from skpoison.datasets import load_images, split_rows

RESULTS = Path(__file__).parent / "results"
N_TRAIN, N_FEATURES = [100, 200, 500, 1000, 2000], [64, 256, 768, 3072]
FIXED_N_TRAIN, FIXED_N_FEATURES, N_VAL = 500, 768, 200


def shrink(X, n_features):
    """Average blocks of pixels of 32x32 colour images; 64 and 256 features are grey."""
    images = X.reshape(-1, 32, 32, 3)
    if n_features in (64, 256):
        images = images.mean(axis=3, keepdims=True)
    side = round((n_features / images.shape[3]) ** 0.5)
    block = 32 // side
    blocks = images.reshape(len(X), side, block, side, block, -1)
    return blocks.mean(axis=(2, 4)).reshape(len(X), -1)


def run_attack(rows, kernel, *, rate, **settings):
    """CPU seconds and steps of one attack."""
    X, y, X_val, y_val = rows
    attack = GradientPoisoningAttack(
        SVC(kernel=kernel, gamma=1 / X.shape[1]),
        rate=rate,
        bounds=(0, 1),
        random_state=0,
        **settings,
    )
    begin = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # short attacks leave rows where they are
        attack.fit_resample(X, y, X_val=X_val, y_val=y_val)
    return time.process_time() - begin, len(attack.objective_path_) - 1


def cost_of_a_step(rows, kernel, repeats=3):
    """The least of a few measurements, in ms."""
    costs = []
    for _ in range(repeats):
        short_s, short_steps = run_attack(rows, kernel, rate=4, max_iter=2)
        long_s, long_steps = run_attack(rows, kernel, rate=4, max_iter=25, tol=0)
        costs.append(1000 * (long_s - short_s) / (long_steps - short_steps))
    return min(costs)


def exponent(size, cost):
    """Slope of log cost over log size."""
    return np.polyfit(np.log(size), np.log(cost), 1)[0]


def draw(records, target):
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.8), sharey=True, layout="constrained")
    panels = [
        ("n_train", "training rows", f"{FIXED_N_FEATURES} features"),
        ("n_features", "features", f"{FIXED_N_TRAIN} training rows"),
    ]
    for axis, (varied, label, fixed) in zip(axes, panels, strict=True):
        for kernel, part in records[records["varied"] == varied].groupby("kernel"):
            slope = exponent(part[varied], part["cpu_ms_a_step"])
            axis.loglog(
                part[varied], part["cpu_ms_a_step"], "o-", label=f"{kernel}, exponent {slope:.2f}"
            )
        axis.set(xlabel=label, title=fixed)
        axis.legend()
    axes[0].set_ylabel("CPU time of a gradient step (ms)")
    figure.savefig(target, dpi=150)


def measure_large():
    """1,000 rows, 100 poison rows, 784 features, RBF: all of one attack."""
    X, y = load_images("fashion_mnist", classes=(2, 4), return_X_y=True)
    X = X.astype(np.float64)
    train, val, _ = split_rows(y, n_train=1000, n_val=N_VAL, n_test=4)
    begin = time.perf_counter()
    cpu_s, n_steps = run_attack((X[train], y[train], X[val], y[val]), "rbf", rate=100)
    wall_s = time.perf_counter() - begin
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"large: {cpu_s:.1f} s of CPU, {wall_s:.1f} s, {n_steps} steps, {memory:.0f} MiB at most")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--large", action="store_true")
    if parser.parse_args().large:
        measure_large()
        return
    X_all, y_all = load_images("cifar10", classes=(0, 1), return_X_y=True)
    X_all, y_all = X_all.astype(np.float64), (y_all == 1).astype(int)
    settings = [("n_train", n, FIXED_N_FEATURES) for n in N_TRAIN]
    settings += [("n_features", FIXED_N_TRAIN, d) for d in N_FEATURES]
    records = []
    for varied, n_train, n_features in settings:
        train, val, _ = split_rows(y_all, n_train=n_train, n_val=N_VAL, n_test=4)
        X = shrink(X_all, n_features)
        rows = X[train], y_all[train], X[val], y_all[val]
        for kernel in ("linear", "rbf"):
            cost = cost_of_a_step(rows, kernel)
            records.append((varied, kernel, n_train, n_features, cost))
            print(*records[-1], flush=True)
    columns = ["varied", "kernel", "n_train", "n_features", "cpu_ms_a_step"]
    records = pd.DataFrame(records, columns=columns)
    records.to_csv(RESULTS / "attacks_growth.csv", index=False, float_format="%.4g")
    draw(records, RESULTS / "attacks_growth.png")


if __name__ == "__main__":
    main()
