"""Write the saved files of a format: ``python -m tests.saved.make`` in the repository's root.

Files of earlier formats stay as they are. They are there so that they can still be read.
"""

from pathlib import Path

import numpy as np

from skpoison.attacks import LabelFlipAttack
from skpoison.detectors import CAEDetector, CentroidDetector, EnsembleDetector, KNNDetector
from skpoison.filtering import PoisonFilter
from skpoison.persistence import FORMAT, save


def main():
    """Fit to a few rows, and save what is fitted and its scores of new rows."""
    folder = Path(__file__).parent / f"format_{FORMAT}"
    folder.mkdir(exist_ok=True)
    rng = np.random.RandomState(0)
    y = np.repeat(["ham", "spam"], 12)
    X = np.round(rng.normal(size=(24, 4)) + 3.0 * (y == "spam")[:, np.newaxis], 2)
    new = np.round(X + rng.normal(scale=0.5, size=X.shape), 2)
    members = [("far", CentroidDetector()), ("alone", KNNDetector(3))]
    detectors = {
        "centroid": CentroidDetector(),
        "ensemble": EnsembleDetector(members, random_state=0),
        "cae": CAEDetector(epochs=3, random_state=0),
    }
    known = {"X": X, "y": y, "new": new}
    for name, detector in detectors.items():
        detector.fit(X, y)
        save(detector, folder / f"{name}.skpoison")
        known[name] = np.stack([detector.training_scores_, detector.score_samples(new, y)])
    cleaner = PoisonFilter(CentroidDetector(contamination=0.1))
    cleaner.fit_resample(X, y)
    save(cleaner, folder / "filter.skpoison")
    known["kept"] = cleaner.sample_indices_
    attack = LabelFlipAttack(rate=0.25, random_state=0)
    X_poisoned, y_poisoned = attack.fit_resample(X, y)
    known |= {"X_poisoned": X_poisoned, "y_poisoned": y_poisoned, "mask": attack.poison_mask_}
    save(known, folder / "known.skpoison")


if __name__ == "__main__":
    main()
