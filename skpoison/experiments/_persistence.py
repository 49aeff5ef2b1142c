"""A fitted detector on the disk: its networks as Keras files, the rest as a pickle."""

import pickle
import sys


class _Pickler(pickle.Pickler):
    """Write the weights of networks to Keras files."""

    def __init__(self, file, folder):
        super().__init__(file)
        self.folder = folder
        self.references = {}

    def persistent_id(self, value):
        """What stands for a network in the pickle; None for all that is no network."""
        networks = sys.modules.get("skpoison.networks")  # not imported: nothing can be a network
        if networks is None or not isinstance(value, networks.TrainedNetwork):
            return None
        if id(value) not in self.references:
            name = f"network-{len(self.references)}.keras"
            value.to_keras().save(self.folder / name)
            self.references[id(value)] = (name, value.architecture, value.history)
        return self.references[id(value)]


class _Unpickler(pickle.Unpickler):
    """Read the weights of networks from Keras files."""

    def __init__(self, file, folder):
        super().__init__(file)
        self.folder = folder

    def persistent_load(self, reference):
        """Read the network that a reference stands for."""
        from skpoison.networks import TrainedNetwork
        from skpoison.networks._backend import as_array

        name, architecture, history = reference
        model = architecture.build(seed=0)
        model.load_weights(self.folder / name)
        weights = [as_array(variable) for variable in model.trainable_variables]
        return TrainedNetwork(architecture, weights, history)


def save_detector(detector, folder):
    """Write a fitted detector.

    Parameters
    ----------
    detector : estimator
        Any detector; the networks it holds are written as ``network-0.keras`` and so on.

    folder : Path
        Where ``detector.pickle`` and the networks go.
    """
    with (folder / "detector.pickle").open("wb") as file:
        _Pickler(file, folder).dump(detector)


def load_detector(folder):
    """Read a detector. Like every pickle: only from folders that you trust.

    Parameters
    ----------
    folder : Path
        Where :func:`save_detector` has written it.

    Returns
    -------
    detector : estimator
        The fitted detector.
    """
    with (folder / "detector.pickle").open("rb") as file:
        return _Unpickler(file, folder).load()
