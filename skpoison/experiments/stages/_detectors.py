"""The detectors that are fitted to the poisoned sets."""

from skpoison.experiments.stages._sets import arrays_of
from skpoison.thresholds import GaussianMixtureThreshold
from skpoison.utils import make_estimator

# The detectors of the paper, whose scores it cuts by a Gaussian mixture. Others keep their "auto".
PAPER_DETECTORS = ("rae", "cae", "cae+", "magnet", "centroid", "knn")


def make_detector(name, rows_folder, seed):
    """The detector of a short name for images of the shape of these rows."""
    (shape,) = arrays_of(rows_folder / "rows.npz", "image_shape")
    rule = GaussianMixtureThreshold(seed) if name in PAPER_DETECTORS else "auto"
    return make_estimator(
        "detector", name, image_shape=tuple(shape.tolist()), contamination=rule, random_state=seed
    )
