"""Estimators with settings that keep the tests short; none of them changes what is tested."""

from skpoison.detectors import CentroidDetector

QUICK = {
    "block_size": 32,
    "detector": CentroidDetector(contamination=0.1),
    "epochs": 3,
    "max_iter": 3,
    "n_estimators": 10,
    "n_init": 2,
    "n_partitions": 5,
    "n_repeats": 1,
    "n_rounds": 2,
    "n_starts": 2,
    "n_tried": 1,
    "rate": 5,
    "random_state": 0,
}


def quick(estimator, /, **settings):
    """Make an estimator of this class with these settings, and otherwise quick ones."""
    accepted = estimator._get_param_names()
    kept = {key: value for key, value in QUICK.items() if key in accepted}
    return estimator(**kept | settings)
