"""ART's defences against backdoors: ``python art_defence_worker.py activations.npz result.npz``.

Runs in ART's own environment and imports nothing of skpoison. Both defences look at the activations
of a network's last hidden layer; they get those that ours look at.
"""

import sys
import time

import numpy as np
from art.defences.detector.poison import ActivationDefence, SpectralSignatureDefense
from art.estimators import BaseEstimator, NeuralNetworkMixin
from art.estimators.classification import ClassifierMixin


class GivenActivations(ClassifierMixin, NeuralNetworkMixin, BaseEstimator):
    """A network whose activations are the rows that it is given."""

    layer_names = ["hidden"]
    input_shape = None

    def __init__(self, n_classes):
        super().__init__(model=None, clip_values=None, channels_first=False)
        self._nb_classes = n_classes

    def get_activations(self, x, layer, batch_size=128, framework=False):
        return x

    def predict(self, x, **kwargs):
        raise NotImplementedError

    def fit(self, x, y, **kwargs):
        raise NotImplementedError

    def loss_gradient(self, x, y, **kwargs):
        raise NotImplementedError

    def compute_loss(self, x, y, **kwargs):
        raise NotImplementedError


def main(rows_path, result_path):
    rows = np.load(rows_path)
    network = GivenActivations(int(rows["y"].max()) + 1)
    one_hot = np.eye(network.nb_classes)[rows["y"]]
    result = {}

    begin = time.process_time()
    spectral = SpectralSignatureDefense(
        network, rows["X"], one_hot, expected_pp_poison=float(rows["share"])
    )
    _, is_clean = spectral.detect_poison()
    result["spectral_cpu_s"] = time.process_time() - begin
    result["spectral"] = np.where(np.asarray(is_clean) == 1, 1, -1)

    begin = time.process_time()
    clustering = ActivationDefence(network, rows["X"], one_hot)
    n_dims = min(10, np.bincount(rows["y"]).min())  # it cannot take more than a class has rows
    _, is_clean = clustering.detect_poison(nb_clusters=2, nb_dims=int(n_dims), reduce="PCA")
    result["clustering_cpu_s"] = time.process_time() - begin
    result["clustering"] = np.where(np.asarray(is_clean) == 1, 1, -1)
    np.savez(result_path, **result)


if __name__ == "__main__":
    main(*sys.argv[1:])
