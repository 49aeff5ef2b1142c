"""What unlearnable noise would cost: an epoch of a small network, and one gradient of every row.

    python benchmarks/noise_cost.py

Writes ``benchmarks/results/noise_cost.csv``: CPU seconds for 1,000 images of MNIST. Error-
minimising noise (Huang et al. 2021) takes, a round, some training and 20 gradients of every row.
"""

import time
from pathlib import Path

import numpy as np
import pandas as pd

from skpoison.datasets import load_images
from skpoison.victims import NetworkClassifier

N_ROWS, N_REPEATS, N_GRADIENTS = 1024, 5, 20


def main():
    X, y = load_images("mnist", return_X_y=True)
    X, y = X[:N_ROWS].reshape(N_ROWS, -1), y[:N_ROWS]
    settings = {"image_shape": (28, 28), "random_state": 0}
    network = NetworkClassifier(epochs=1, **settings).fit(X, y).network_
    ones = np.ones((N_ROWS, 64))
    network.pull_back(X, ones)  # compiled once
    begin = time.process_time()
    NetworkClassifier(epochs=N_REPEATS, **settings).fit(X, y)
    epoch = (time.process_time() - begin) / N_REPEATS
    begin = time.process_time()
    for _ in range(N_REPEATS):
        network.pull_back(X, ones)
    gradient = (time.process_time() - begin) / N_REPEATS
    costs = {"epoch": epoch, "gradient": gradient, "round": epoch + N_GRADIENTS * gradient}
    table = pd.Series(costs).mul(1000 / N_ROWS).rename("cpu_s_per_1000_rows").round(2)
    table.to_csv(Path(__file__).parent / "results" / "noise_cost.csv", index_label="step")
    print(table.to_string())


if __name__ == "__main__":
    main()
