"""The search for a trigger from one poison row in a hundred to one in five.

    python benchmarks/trigger_rates.py

Wants SKPOISON_DATA. The cells of ``backdoors.py`` whose triggers can be searched for, and no poison
at all: share of the poison that is flagged, share of the clean rows, CPU seconds.
Writes ``benchmarks/results/trigger_rates.csv``.
"""

import argparse
import os
import time
from pathlib import Path

import backdoors
import numpy as np
import pandas as pd

from skpoison.detectors import TriggerSearchDetector

HERE = Path(__file__).parent
RATES = (0.0, 0.01, 0.05, 0.1, 0.2)
NAMES = ("mnist-patch", "fashion_mnist-patch", "adult-column", "banking-token")


def measure(name, rate, seed, n_train, data_home):
    """One record."""
    data, trigger, labels, _ = backdoors.CELLS[f"{name}-flip"]
    backdoors.CELLS[name] = data, trigger, labels, rate
    X, y, attack, _, _ = backdoors.draw(name, {"train": n_train, "test": 1}, seed, data_home)
    if data in backdoors.SIDE:
        X = X.reshape(-1, backdoors.SIDE[data], backdoors.SIDE[data])
    begin = time.process_time()
    flagged = TriggerSearchDetector(random_state=seed).fit_predict(X, y) == -1
    poison = attack.poison_mask_
    return {
        "set": name,
        "rate": rate,
        "seed": seed,
        "poison": poison.sum(),
        "recall": flagged[poison].mean() if rate else np.nan,
        "clean_removed": flagged[~poison].mean(),
        "cpu_s": time.process_time() - begin,
    }


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--n-train", type=int, default=1000)
    parser.add_argument("--data-home", type=Path, default=os.environ.get("SKPOISON_DATA", "."))
    parser.add_argument("--results", type=Path, default=HERE / "results")
    options = parser.parse_args(arguments)
    records = []
    for seed in range(options.seeds):
        for name in NAMES:
            for rate in RATES:
                home = Path(options.data_home)
                records.append(measure(name, rate, seed, options.n_train, home))
                print(*records[-1].values(), flush=True)
    table = pd.DataFrame(records)
    table.to_csv(options.results / "trigger_rates.csv", index=False, float_format="%.4g")
    print(table.groupby(["set", "rate"])[["recall", "clean_removed", "cpu_s"]].mean().round(3))


if __name__ == "__main__":
    main()
