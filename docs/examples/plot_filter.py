"""
Poison, detect, defend
======================

Flip labels of handwritten digits, let a detector find the flips, and train on what is left.
"""

import matplotlib.pyplot as plt
from imblearn.pipeline import make_pipeline
from sklearn.datasets import load_digits
from sklearn.model_selection import cross_val_score
from sklearn.svm import SVC

from skpoison.attacks import LabelFlipAttack
from skpoison.detectors import CAEPlusDetector, CentroidDetector, KNNDetector
from skpoison.filtering import PoisonFilter

X, y = load_digits(return_X_y=True)
rows = (y == 3) | (y == 8)
X, y = X[rows][:150] / 16, y[rows][:150]

# %%
# Every training fold is poisoned, then cleaned; every test fold stays as it was.
attack = LabelFlipAttack(rate=0.3, random_state=0)
victim = SVC(kernel="linear")
pipelines = {
    "no poison": make_pipeline(victim),
    "undefended": make_pipeline(attack, victim),
    "centroid": make_pipeline(attack, PoisonFilter(CentroidDetector(random_state=0)), victim),
    "nearest neighbours": make_pipeline(attack, PoisonFilter(KNNDetector(random_state=0)), victim),
    "CAE+": make_pipeline(
        attack,
        PoisonFilter(CAEPlusDetector(image_shape=(8, 8, 1), random_state=0)),
        victim,
    ),
}
accuracy = {name: cross_val_score(pipeline, X, y) for name, pipeline in pipelines.items()}

# %%
fig, ax = plt.subplots(figsize=(7, 3.5), layout="constrained")
ax.boxplot(accuracy.values(), tick_labels=accuracy.keys(), widths=0.5)
ax.set(ylabel="test accuracy", title="Digits 3 and 8, 30 % label flips")
plt.show()
