"""
Images
======

Pictures come as an array of shape (rows, height, width), flattened with ``image_shape``, or to the
audit as a folder. Here three in ten digits get a wrong label; the detector has nothing but the
pictures and these labels.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits

from skpoison.attacks import LabelFlipAttack
from skpoison.detectors import EnsembleDetector
from skpoison.metrics import poison_report

X, y = load_digits(return_X_y=True)
X, y = X[:600], y[:600]
attack = LabelFlipAttack(rate=0.3, injection="replace", random_state=0)
X_poisoned, y_poisoned = attack.fit_resample(X / 16, y)

detector = EnsembleDetector(random_state=0)
verdict = detector.fit_predict(X_poisoned, y_poisoned)
probability = detector.poison_probability(X_poisoned, y_poisoned)
is_flagged = verdict == -1
is_poison = attack.poison_mask_
print(poison_report(is_poison, verdict, detector.training_scores_))

# %%
# Three kinds of pictures are worth a look: flips that were found, flips that were missed, and
# right labels that were flagged. A missed digit mostly resembles its new label.
# Places stay empty where there are fewer than ten such pictures.
rows = {
    "found": is_poison & is_flagged,
    "missed": is_poison & ~is_flagged,
    "false alarm": ~is_poison & is_flagged,
}
fig, axes = plt.subplots(3, 10, figsize=(9, 3.6), layout="constrained")
for line, (name, mask) in zip(axes, rows.items(), strict=True):
    line[0].set_ylabel(name)
    for ax in line:
        ax.set(xticks=[], yticks=[])
        ax.spines[:].set_visible(False)
    for ax, row in zip(line, np.flatnonzero(mask), strict=False):
        ax.imshow(X_poisoned[row].reshape(8, 8), cmap="gray_r")
        ax.set_title(f"as {y_poisoned[row]}, {probability[row]:.0%}", fontsize="small")
fig.suptitle("Given label, and probability that it is wrong")
plt.show()
