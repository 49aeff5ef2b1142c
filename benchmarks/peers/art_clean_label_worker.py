"""ART's clean-label attacks: ``python art_clean_label_worker.py rows.npz poison.npz``.

Runs in an environment of its own, with ART and PyTorch, without skpoison. Its network
is the one whose weights it is given: dense layers with ReLU. ART's loaders of rows, which start a
process an epoch, run in this one, so that its CPU seconds hold everything.
"""

import sys
import time

import numpy as np
import torch
from art.attacks.poisoning import FeatureCollisionAttack, GradientMatchingAttack
from art.estimators.classification import PyTorchClassifier
from torch import nn
from torch.utils import data


def network(weights, biases):
    """The network of these weights, without the softmax, which its loss has."""
    layers = []
    for kernel, bias in zip(weights, biases, strict=True):
        layer = nn.Linear(*kernel.shape)
        layer.weight.data, layer.bias.data = torch.tensor(kernel.T), torch.tensor(bias)
        layers += [layer, nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def main(rows_path, result_path):
    torch.set_num_threads(1)
    load = data.DataLoader
    data.DataLoader = lambda *rows, **settings: load(*rows, **settings | {"num_workers": 0})
    given = np.load(rows_path)
    np.random.seed(int(given["seed"]))
    torch.manual_seed(int(given["seed"]))
    n_layers = int(given["n_layers"])
    model = network(*([given[f"{kind}{i}"] for i in range(n_layers)] for kind in ("w", "b")))
    classifier = PyTorchClassifier(
        model, nn.CrossEntropyLoss(), given["X"].shape[1:], 2, clip_values=(0, 1)
    )
    X, y, target = given["X"].astype(np.float32), given["y"], given["target"].astype(np.float32)
    begin = time.process_time()
    if given["attack"] == "gradient matching":
        attack = GradientMatchingAttack(
            classifier,
            percent_poison=float(given["share"]),
            epsilon=float(given["epsilon"]),
            max_trials=1,
            verbose=0,
        )
        poisoned, _ = attack.poison(target, given["wanted"], X, y)
    else:
        last_hidden = len(model) - 2  # ART counts the layers of a Sequential
        attack = FeatureCollisionAttack(
            classifier, target, last_hidden, watermark=0.3, verbose=False
        )
        bases = np.random.permutation(np.flatnonzero(y == given["wanted"]))[: given["n_poison"]]
        poisoned = X.copy()
        poisoned[bases], _ = attack.poison(X[bases].copy())
    np.savez(result_path, X=poisoned, cpu_s=time.process_time() - begin)


if __name__ == "__main__":
    main(*sys.argv[1:])
