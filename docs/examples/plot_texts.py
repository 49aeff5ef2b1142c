"""
Texts
=====

A list of strings is judged by its words. These requests to a bank are put together from phrases,
so that every word is known; one in twelve carries the label of another topic.
"""

import matplotlib.pyplot as plt
import numpy as np

from skpoison.detectors import EnsembleDetector
from skpoison.inspection import SuspicionDisplay, suspicious_rows

topics = {
    "card": ["my card was swallowed", "the card does not work", "I need a new card", "card stolen"],
    "loan": ["what does a loan cost", "pay my loan back early", "loan for a car", "interest rate"],
    "account": ["open an account", "close the account", "statement is wrong", "account for my son"],
}
openings = ["Hello,", "Dear bank,", "Good morning,", "Hi there,", "Sorry,", "Please help,"]
endings = ["thank you", "please answer soon", "kind regards", "since Monday", "again", "today"]

rng = np.random.default_rng(0)
labels = rng.choice(list(topics), 600)
texts = [
    f"{rng.choice(openings)} {rng.choice(topics[topic])} {rng.choice(endings)}" for topic in labels
]
is_wrong = np.zeros(600, dtype=bool)
is_wrong[:50] = True
given = labels.copy()
given[:50] = [rng.choice([topic for topic in topics if topic != label]) for label in labels[:50]]

detector = EnsembleDetector(random_state=0).fit(texts, given)
print(f"share of wrong labels: {detector.contamination_:.3f}, in truth {is_wrong.mean():.3f}")
print(suspicious_rows(detector, texts, given, n_rows=5).to_string())

# %%
# Scores of wrong and right labels hardly overlap, because nobody writes like this: on real requests
# (77 topics, ``benchmarks/results``) the F1 of the same detector is about 0.74 at 5 % wrong labels.
fig, ax = plt.subplots(figsize=(7, 3.5), layout="constrained")
SuspicionDisplay.from_estimator(detector, texts, given, poison_mask=is_wrong, ax=ax)
plt.show()
