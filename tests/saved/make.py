"""Write the saved files of a format: ``python -m tests.saved.make`` in the repository's root.

Files of earlier formats stay as they are. They are there so that they can still be read.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from skpoison.attacks import LabelFlipAttack
from skpoison.audit import audit
from skpoison.detectors import (
    CAEDetector,
    CentroidDetector,
    EnsembleDetector,
    KNNDetector,
    MarginDetector,
)
from skpoison.filtering import PoisonFilter
from skpoison.persistence import FORMAT, save

ROWS_KEPT = ["label", "anomaly_score", "flagged", "reasons"]


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
        "margin": MarginDetector(cv=2, random_state=0),
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
    found = audit_of_few_rows()
    save(found, folder / "audit.skpoison")
    found.rows[ROWS_KEPT].to_csv(folder / "audit.csv", index=False)


def audit_of_few_rows():
    """The audit of a table of numbers, texts and a date, in which a row is there twice."""
    rng = np.random.RandomState(0)
    table = pd.DataFrame({"size": np.round(rng.normal(size=30), 2)})
    table["colour"] = pd.Categorical(rng.choice(["red", "green"], 30))
    table["town"] = np.where(np.arange(30) < 15, "Łódź", "Lodz")
    table["day"] = pd.date_range("2026-01-01", periods=30, tz="UTC")
    table.iloc[29] = table.iloc[3]
    y = np.repeat(["ham", "spam"], 15)
    return audit(table, y, only=["duplicate", "small-class"], random_state=0)


if __name__ == "__main__":
    main()
