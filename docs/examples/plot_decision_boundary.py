"""
Poison moves a decision boundary, a filter moves it back
========================================================

Two classes in the plane and a logistic regression between them. The attack adds twenty poison rows
to a hundred clean ones and moves each to where it harms the victim the most, so that the boundary
gives way. The filter judges rows together with their labels, drops those that it finds suspicious,
and the victim is trained on what is left. The setting was picked because all of this is seen in it:
against other attacks on such rows the same filter may find nothing.
"""

import matplotlib.pyplot as plt
import numpy as np
from imblearn.pipeline import make_pipeline
from sklearn.datasets import make_moons
from sklearn.inspection import DecisionBoundaryDisplay
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split

from skpoison.attacks import GradientPoisoningAttack
from skpoison.detectors import EnsembleDetector
from skpoison.filtering import PoisonFilter

X, y = make_moons(700, noise=0.2, random_state=0)
X, X_test, y, y_test = train_test_split(X, y, train_size=100, random_state=0)

victim = LogisticRegression()
attack = GradientPoisoningAttack(victim, rate=0.2, random_state=0)
X_poisoned, y_poisoned = attack.fit_resample(X, y)
is_poison = attack.poison_mask_

defence = PoisonFilter(EnsembleDetector(random_state=0))
X_left, y_left = defence.fit_resample(X_poisoned, y_poisoned)

# %%
# Crosses are poison rows, in the colour of the label that they carry. The attack may not leave the
# range of the data, and drives all rows of a label into one corner of it, so that ten crosses lie
# on one another.
nothing = np.zeros(len(X), dtype=bool)
panels = {
    "Clean": (X, y, nothing),
    "Poisoned": (X_poisoned, y_poisoned, is_poison),
    "Filtered": (X_left, y_left, is_poison[defence.sample_indices_]),
}
fig, axes = plt.subplots(1, 3, figsize=(11, 4), layout="constrained", sharex=True, sharey=True)
for ax, (name, (rows, labels, poison)) in zip(axes, panels.items(), strict=True):
    model = victim.fit(rows, labels)
    DecisionBoundaryDisplay.from_estimator(
        model, X_poisoned, response_method="predict", cmap="coolwarm", alpha=0.2, eps=0.5, ax=ax
    )
    for mask, marker, size in [(~poison, "o", 18), (poison, "X", 90)]:
        colours = np.where(labels[mask] == 1, "tab:red", "tab:blue")
        ax.scatter(*rows[mask].T, c=colours, s=size, marker=marker, edgecolor="k", linewidth=0.5)
    ax.set(title=f"{name}: test accuracy {model.score(X_test, y_test):.1%}", xticks=[], yticks=[])
plt.show()

# %%
# The three lines behind the picture, as they stand in a cross-validation:
print(make_pipeline(attack, defence, victim))
