"""
A detector of one's own in twenty lines
=======================================

A detector says how anomalous each row is under each label. Verdict, probabilities, signs,
validation, filter, pipelines, saving and the command line come from the base class.
"""

import matplotlib.pyplot as plt
import numpy as np
from imblearn.pipeline import make_pipeline
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score

import skpoison.detectors
from skpoison.attacks import LabelFlipAttack
from skpoison.detectors import BasePoisonDetector
from skpoison.filtering import PoisonFilter
from skpoison.inspection import SuspicionDisplay
from skpoison.thresholds import MADThreshold
from skpoison.utils import all_estimators, make_estimator


class MedianDetector(BasePoisonDetector):
    """Flag rows far from the median of the class that they claim."""

    short_names = {"median": {}}
    auto_threshold = MADThreshold(4)

    def _fit_scores(self, X, y, random_state):
        self.medians_ = np.stack([np.median(X[y == k], axis=0) for k in range(len(self.classes_))])
        return self._scores(X)

    def _scores(self, X):
        return np.stack([np.linalg.norm(X - median, axis=1) for median in self.medians_], axis=1)


# %%
# It stands wherever a detector of the library does: here in a filter, inside a cross-validation.
X, y = load_iris(return_X_y=True)
attack = LabelFlipAttack(rate=0.2, injection="replace", random_state=0)
victim = LogisticRegression(C=100, max_iter=5000)
for name, steps in {"undefended": [], "filtered": [PoisonFilter(MedianDetector())]}.items():
    accuracy = cross_val_score(make_pipeline(attack, *steps, victim), X, y).mean()
    print(f"{name}: accuracy {accuracy:.3f}")

# %%
# Flipped labels that lead to a distant class stand out; between the two classes of iris that
# overlap, the distance to a median says little.
X_poisoned, y_poisoned = attack.fit_resample(X, y)
detector = MedianDetector().fit(X_poisoned, y_poisoned)
fig, ax = plt.subplots(figsize=(7, 3.5), layout="constrained")
SuspicionDisplay.from_estimator(
    detector, X_poisoned, y_poisoned, poison_mask=attack.poison_mask_, ax=ax
)
plt.show()

# %%
# In a file of ``skpoison/detectors/`` and with one line in its ``__init__.py``, it is found by
# ``skpoison list``, the experiments, and the common checks of the tests. Two lines stand for that
# file here:
MedianDetector.__module__ = "skpoison.detectors._median"
skpoison.detectors.MedianDetector = MedianDetector

print("MedianDetector" in dict(all_estimators("detector")))
print(make_estimator("detector", "median", contamination=0.2))

# %%
# They are taken back, so that the next example finds the library as it is.
del skpoison.detectors.MedianDetector
