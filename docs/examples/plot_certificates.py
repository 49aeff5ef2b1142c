"""
Certified aggregation: predictions that withstand so many poison rows
=====================================================================

Detectors may miss poison. A certified learner keeps it and says of every prediction how many rows
an attacker may insert or remove without turning it, whatever these rows are. The price is
accuracy, since every member of the vote learns a small part of the rows.
"""

import matplotlib.pyplot as plt
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.svm import SVC

from skpoison.inspection import CertifiedAccuracyDisplay
from skpoison.robust import CertifiedNeighborsClassifier, PartitionAggregationClassifier

X, y = load_digits(return_X_y=True)
X, X_test, y, y_test = train_test_split(X, y, test_size=400, random_state=0)

# %%
# Few parts make good members and small certificates; many parts, the reverse. The nearest
# neighbours need no parts: they count how far the vote is from a tie.
learners = {
    "10 parts": PartitionAggregationClassifier(SVC(), n_partitions=10),
    "50 parts": PartitionAggregationClassifier(SVC(), n_partitions=50),
    "150 parts": PartitionAggregationClassifier(SVC(), n_partitions=150),
    "31 neighbours": CertifiedNeighborsClassifier(31),
}
fig, ax = plt.subplots(figsize=(7, 4), layout="constrained")
for name, learner in learners.items():
    learner.fit(X, y)
    display = CertifiedAccuracyDisplay.from_estimator(learner, X_test, y_test, name=name, ax=ax)
    print(f"{name}: accuracy {learner.score(X_test, y_test):.3f}")
ax.axhline(SVC().fit(X, y).score(X_test, y_test), color="0.5", linestyle="--", label="one SVC")
ax.legend()
plt.show()

# %%
# A curve at height 0.8 above 5 rows says: of 80 % of the test rows, the prediction is right and
# would be so after any change of five training rows. More parts do not always help: members that
# learn nine rows each (150 parts) are wrong so often that their votes certify less than those of
# 50.
