"""
What CAE+ sees: reconstructions
===============================

The paper's detector adds two errors: how badly an auto-encoder rebuilds a row, and how much a
classifier disagrees with its label. Flipped labels leave the picture as it is, so that the first
error cannot see them; pictures that are no digits leave the label alone. Here are 150 digits with
fifteen rows of each kind. The networks need Keras: ``pip install "skpoison[networks]"``.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits

from skpoison.detectors import CAEPlusDetector

X, y = load_digits(n_class=2, return_X_y=True)
X, y = X[:150] / 16, y[:150].copy()
rng = np.random.default_rng(0)
kind = np.repeat(["flipped label", "no digit", "clean"], [15, 15, 120])
y[kind == "flipped label"] = 1 - y[kind == "flipped label"]
X[kind == "no digit"] = rng.permuted(X[kind == "no digit"], axis=1)

detector = CAEPlusDetector(
    image_shape=(8, 8, 1), epochs=(100, 60), contamination=0.2, random_state=0
).fit(X, y)
reconstruction, _ = detector.reconstruction_network_.predict(X)
error = ((X - reconstruction) ** 2).mean(axis=1)
anomaly = -detector.training_scores_

# %%
# Pictures above, what the auto-encoder makes of them below: shuffled pixels come back as
# something else, a digit comes back under whatever label. Right, the error and the whole score.
fig = plt.figure(figsize=(10, 3), layout="constrained")
left, right = fig.subfigures(1, 2, width_ratios=(3, 2))
columns = [row for name in np.unique(kind) for row in np.flatnonzero(kind == name)[:3]]
for column, row in enumerate(columns):
    for line, image in enumerate([X[row], reconstruction[row]]):
        ax = left.add_subplot(2, 9, 9 * line + column + 1)
        ax.imshow(image.reshape(8, 8), cmap="gray", vmin=0, vmax=1)
        ax.axis("off")
        if line == 0:
            ax.set_title(f"{kind[row]}\nas {y[row]}", fontsize=6)
ax = right.subplots()
for name, colour in {"clean": "0.7", "flipped label": "tab:orange", "no digit": "tab:blue"}.items():
    ax.scatter(error[kind == name], anomaly[kind == name], s=14, c=colour, label=name)
ax.axhline(-detector.offset_, color="k", linestyle="--", linewidth=1, label="cut")
ax.set(xlabel="reconstruction error", ylabel="anomaly score of CAE+")
ax.legend(fontsize="small")
plt.show()

for name in np.unique(kind):
    flagged = detector.predict(X, y)[kind == name] == -1
    print(f"{name}: {flagged.mean():.0%} flagged")

# %%
# Zeros and ones are easy, and the share of poison was given. Trained for longer, or on classes
# that look alike, the classifier learns wrong labels by heart and contradicts them no more: as
# published, it is judged on the rows that it has learnt.
# :class:`~skpoison.detectors.CrossFittedCAEDetector` judges out of sample.
