"""
From scores to a verdict: threshold rules
=========================================

A detector gives every row an anomaly score; a threshold rule makes a verdict of the scores. The
same scores of the same rows, cut by five rules: once with no wrong label among them, once with a
tenth of the labels flipped.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.preprocessing import scale

from skpoison.attacks import LabelFlipAttack
from skpoison.detectors import LabelNoiseDetector
from skpoison.thresholds import (
    GaussianMixtureThreshold,
    LabelNoiseThreshold,
    MADThreshold,
    QuantileThreshold,
    SecondComponentThreshold,
)

X, y = load_breast_cancer(return_X_y=True)
X = scale(X)
attack = LabelFlipAttack(rate=0.1, injection="replace", random_state=0)
X_poisoned, y_poisoned = attack.fit_resample(X, y)
sets = {
    "no label flipped": (X, y, np.zeros(len(X), dtype=bool)),
    "10 % of the labels flipped": (X_poisoned, y_poisoned, attack.poison_mask_),
}
rules = {
    "label noise": LabelNoiseThreshold(),
    "second component": SecondComponentThreshold(),
    "Gaussian mixture": GaussianMixtureThreshold(random_state=0),
    "median deviations": MADThreshold(),
    "quantile, 10 %": QuantileThreshold(0.1),
}

# %%
# The detector is fitted once a set; a rule needs no more than its scores under all labels.
fig, axes = plt.subplots(1, 2, figsize=(10, 3.8), layout="constrained", sharey=True)
for ax, (title, (X_set, y_set, wrong)) in zip(axes, sets.items(), strict=True):
    scores = LabelNoiseDetector(random_state=0).fit(X_set, y_set).training_class_scores_
    for position, (name, rule) in enumerate(rules.items()):
        rule.fit(scores, y_set)
        anomaly = rule.anomaly_scores(scores, y_set)
        flagged = anomaly > rule.threshold_
        ax.barh(position, (flagged & wrong).mean() * 100, color="tab:green")
        left = (flagged & wrong).mean() * 100
        ax.barh(position, (flagged & ~wrong).mean() * 100, left=left, color="tab:red")
        print(f"{title}: {name} flags {flagged.sum()} rows, {(flagged & wrong).sum()} rightly")
    ax.set(title=title, xlabel="% of the rows flagged: green rightly, red wrongly")
    ax.axvline(wrong.mean() * 100, color="0.5", linestyle="--")
axes[0].set_yticks(range(len(rules)), list(rules))
axes[0].invert_yaxis()
plt.show()

# %%
# The dashed line is the true share. A quantile flags its share whatever the rows are, and a
# Gaussian mixture always finds a second component. The first two rules ask beforehand whether
# there is anything to find. *Label noise* is the rule for scores of labels, and what "auto" is for
# this detector.
