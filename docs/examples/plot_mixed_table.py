"""
A table as people have it
=========================

Numbers, categories, dates and gaps need no preparation: the audit encodes them. This table is
made up. Customers cancel after short contracts and many complaints; then eight percent of the
answers are turned round, and one of the three clerks who typed them in makes most of the mistakes.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from skpoison.audit import audit

rng = np.random.default_rng(0)
n = 1500
customers = pd.DataFrame(
    {
        "months": rng.gamma(2, 15, n).round(),
        "complaints": rng.poisson(2, n).astype(float),
        "plan": rng.choice(["basic", "family", "business"], n),
        "since": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 1500, n), "D"),
    }
)
risk = customers["complaints"] - 0.1 * customers["months"] + 2 * (customers["plan"] == "basic")
cancelled = np.where(risk + rng.logistic(0, 0.2, n) > 0, "yes", "no")
customers.loc[rng.random(n) < 0.05, "complaints"] = np.nan

clerk = rng.choice(["Ada", "Ben", "Cem"], n)
is_wrong = rng.random(n) < np.where(clerk == "Cem", 0.2, 0.02)
recorded = np.where(is_wrong, np.where(cancelled == "yes", "no", "yes"), cancelled)

found = audit(customers, recorded, groups=clerk, random_state=0)
print(found)
print(found.findings["groups"].sentence)

# %%
# Not every wrong answer can be seen: where both answers are plausible, none contradicts the row.
# The flagged rows are those whose answer is likelier wrong than right.
is_flagged = found.rows["label_flagged"].to_numpy()
print(
    f"wrong: {is_wrong.sum()}, flagged: {is_flagged.sum()}, both: {(is_wrong & is_flagged).sum()}"
)

# %%
# Left, the wrong answers of each clerk and how many of them are flagged. Right, the rows: wrong
# answers far from the border between yes and no are found, those near it are not.
fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
shares = pd.DataFrame({"wrong": is_wrong, "wrong and flagged": is_wrong & is_flagged})
shares.groupby(clerk).mean().mul(100).plot.bar(ax=left, rot=0)
left.set(xlabel="clerk", ylabel="% of the clerk's rows", title="Who makes mistakes")
for mask, colour, label in [
    (~is_wrong, "0.8", "right"),
    (is_wrong & ~is_flagged, "tab:orange", "wrong, missed"),
    (is_wrong & is_flagged, "tab:green", "wrong, found"),
    (~is_wrong & is_flagged, "tab:red", "right, flagged"),
]:
    right.scatter(risk[mask], rng.random(mask.sum()), s=9, c=colour, label=label)
right.set(xlabel="risk, which the audit does not know", yticks=[], title="What can be seen")
right.legend(loc="upper left", bbox_to_anchor=(1, 1), fontsize="small")
plt.show()
