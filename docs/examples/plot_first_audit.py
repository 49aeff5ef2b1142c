"""
A first audit
=============

What is wrong with a labelled data set? One call looks for wrong labels, duplicates, outliers,
leaks, backdoors and more, and says of each whether there is any. Here 40 labels of the digits are
made wrong, and twenty rows are copied, ten of them under another label.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits

from skpoison.audit import audit

X, y = load_digits(return_X_y=True)
X = X.reshape(-1, 8, 8) / 16
wrong = np.random.default_rng(0).choice(1000, 40, replace=False)
y[wrong] = (y[wrong] + 1) % 10
X = np.concatenate([X, X[1000:1020]])
y = np.concatenate([y, y[1000:1010], (y[1010:1020] + 3) % 10])

found = audit(X, y, random_state=0)
print(found)

# %%
# Kinds that found nothing say so. The estimated share of wrong labels comes with an interval.
for finding in found.findings.values():
    print(f"{finding.title}: {finding.sentence}")

# %%
# Every row has a verdict, its likelier label and the reasons in words.
columns = ["label", "suggested_label", "wrong_label_probability", "reasons"]
print(found.rows.sort_values("anomaly_score", ascending=False)[columns].head().to_string())

# %%
# The picture shows the scores of one kind of issue, its cut and the most suspicious images, each
# under the label that it was given.
found.plot("label")
plt.show()

# %%
# ``found.write("folder")`` writes the report, all rows and those to keep. The same from the shell:
# ``skpoison audit SOURCE --label COLUMN``.
