"""
An attacker who knows the detector
==================================

Poison that was made without a thought for the detector is easy prey. An adaptive attacker moves it
until the detector lets it pass. What he then still takes from the victim is what a detector is to
be judged by, not what it does to poison that has never heard of it.
"""

import matplotlib.pyplot as plt
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import minmax_scale
from sklearn.svm import SVC

from skpoison.attacks import AdaptivePoisoningAttack, AdversarialFlipAttack
from skpoison.detectors import CentroidDetector, NeighborDisagreementDetector

X, y = load_breast_cancer(return_X_y=True)
X, X_attacker, y, y_attacker = train_test_split(
    minmax_scale(X), y, train_size=100, stratify=y, random_state=0
)

# %%
# ``damage_`` holds the accuracy that the victim loses: with no detector, to what the detector
# leaves of the original poison, and to what it leaves of the adapted one.
detectors = {
    "centroid": CentroidDetector(contamination=0.2),
    "10 nearest neighbours": NeighborDisagreementDetector(contamination=0.2),
}
inner = AdversarialFlipAttack(SVC(kernel="linear"), random_state=0)
damage, evaded = {}, {}
for name, detector in detectors.items():
    attack = AdaptivePoisoningAttack(inner, detector, rate=0.3, n_rounds=5, random_state=0)
    attack.fit_resample(X, y, X_val=X_attacker, y_val=y_attacker)
    damage[name], evaded[name] = attack.damage_, attack.evaded_
    print(f"{name}: {attack.evaded_:.0%} of the adapted poison passes")

# %%
fig, ax = plt.subplots(figsize=(8, 3.6), layout="constrained")
for shift, key in enumerate(["undefended", "filtered", "adaptive"]):
    lost = [100 * values[key] for values in damage.values()]
    ax.bar([position + 0.27 * (shift - 1) for position in range(len(lost))], lost, 0.25, label=key)
ax.set_xticks(range(len(damage)), [f"{name}\n{evaded[name]:.0%} passes" for name in damage])
ax.axhline(0, color="k", linewidth=0.8)
ax.set(ylabel="points of accuracy lost", title="Breast cancer, 30 % adversarial flips")
ax.legend(loc="upper left", bbox_to_anchor=(1, 1))
plt.show()

# %%
# The centroid lets half of the adapted poison pass, for rows far from their class are far wherever
# they go. Neighbours are fooled altogether: poison that gathers has neighbours of its own label,
# and does more harm than the poison it was made from.
