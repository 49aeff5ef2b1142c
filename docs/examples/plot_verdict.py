"""
How a verdict comes about
=========================

Scores under every label, one score for each row, the share of poison, and the rows.

A tenth of the labels of the digits are wrong. The detector scores each row under each label by
models that have not learnt it (first picture: a line for each row, its label marked). The threshold
rule keeps the score of the given label and finds the cut (second) and the share of wrong labels
with its interval (third). Rows beyond the cut are flagged (last: the four likeliest).
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits

from skpoison.attacks import LabelFlipAttack
from skpoison.detectors import LabelNoiseDetector

X, y = load_digits(return_X_y=True)
attack = LabelFlipAttack(rate=0.1, injection="replace", random_state=0)
X, y = attack.fit_resample(X, y)
wrong = attack.poison_mask_
detector = LabelNoiseDetector(random_state=0).fit(X, y)
scores = detector.training_class_scores_

figure = plt.figure(figsize=(10, 6.4), layout="constrained")
left, middle, right = figure.subfigures(1, 3, width_ratios=[1.1, 1.3, 1])

# Scores: thirty rows, wrong labels first.
rows = np.append(np.flatnonzero(wrong)[:8], np.flatnonzero(~wrong)[:22])
panel = left.subplots()
panel.imshow(scores[rows], cmap="cividis", aspect="auto")
panel.plot(y[rows], np.arange(len(rows)), "s", mfc="none", mec="white", ms=8)
panel.axhline(7.5, color="white", lw=1)
panel.set(
    title="1. scores", xlabel="label", ylabel="row: 8 wrong, 22 right", xticks=range(10), yticks=[]
)

# Rule: one score for each row, and the cut. Share: with its 90 % interval.
histogram, share = middle.subplots(2, 1, height_ratios=[2, 1])
rule = detector.fitted_threshold_
anomaly = rule.anomaly_scores(scores, y)
bins = np.histogram_bin_edges(anomaly, 40)
histogram.hist([anomaly[~wrong], anomaly[wrong]], bins, stacked=True, color=["#0072B2", "#E69F00"])
histogram.axvline(rule.threshold_, color="0.4", ls="--")
histogram.legend(["cut", "right labels", "wrong labels"], frameon=False)
histogram.set(title="2. rule", xlabel="anomaly score", ylabel="rows", yscale="log")
low, high = detector.contamination_interval_
share.plot([low, high], [0, 0], color="#0072B2", lw=3, label="90 % interval")
share.plot(detector.contamination_, 0, "o", color="#0072B2", label="estimate")
share.axvline(wrong.mean(), color="#E69F00", label="truth")
share.set(title="3. share of wrong labels", yticks=[], ylim=(-1, 3))
share.legend(loc="upper left", frameon=False, ncols=3, fontsize=8)

# Rows.
probability = detector.poison_probability(X, y)
for panel, row in zip(right.subplots(2, 2).flat, np.argsort(-probability)[:4], strict=True):
    panel.imshow(X[row].reshape(8, 8), cmap="gray_r")
    panel.set_title(f"labelled {y[row]}, {100 * probability[row]:.0f} %", fontsize=9)
    panel.set(xticks=[], yticks=[])
right.suptitle("4. rows")
plt.show()
