"""
Predictions and embeddings of one's own
=======================================

Who has a good model already need not train another. Out-of-sample class probabilities stand in for
the library's learners (``pred_proba=``), and embeddings stand in for the rows (``features=``).
*Out of sample* matters: a model that has learnt a wrong label agrees with it.
"""

import matplotlib.pyplot as plt
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.model_selection import cross_val_predict

from skpoison.attacks import LabelFlipAttack
from skpoison.audit import audit
from skpoison.metrics import poison_f1

X, y = load_digits(return_X_y=True)
attack = LabelFlipAttack(rate=0.08, injection="replace", random_state=0)
X, y = attack.fit_resample(X, y)
is_wrong = attack.poison_mask_

model = ExtraTreesClassifier(random_state=0)
out_of_sample = cross_val_predict(model, X, y, method="predict_proba")
in_sample = model.fit(X, y).predict_proba(X)
embeddings = PCA(16, random_state=0).fit_transform(X)

# %%
# ``only="label"`` asks for wrong labels alone. Each line of the table is one audit of the same
# rows; the true share of wrong labels is known here.
sources = {
    "nothing of one's own": {},
    "probabilities, out of sample": {"pred_proba": out_of_sample},
    "probabilities, in sample": {"pred_proba": in_sample},
    "embeddings": {"features": embeddings},
}
share, interval, f1 = {}, {}, {}
for name, given in sources.items():
    found = audit(X, y, only="label", random_state=0, **given)
    finding = found.findings["label"]
    share[name], interval[name] = finding.share, finding.interval
    f1[name] = poison_f1(is_wrong, 1 - 2 * finding.flagged)
    print(f"{name:30} F1 {f1[name]:.2f}  {finding.sentence}")

# %%
# Probabilities of a model on its own training rows are worthless: it has learnt every label by
# heart, the wrong ones too, and so nothing is contradicted.
fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3), layout="constrained", sharey=True)
left.barh(list(f1), list(f1.values()))
left.set(xlabel="F1 of the flagged rows", xlim=(0, 1))
for name, (low, high) in interval.items():
    right.plot([low, high], [name, name], color="tab:blue", linewidth=3)
    right.plot(share[name], name, "o", color="tab:blue")
right.axvline(is_wrong.mean(), color="0.5", linestyle="--", label="truth")
right.set(xlabel="estimated share of wrong labels")
right.legend()
left.invert_yaxis()
plt.show()
