"""
The paper's figure, in small
============================

The experiment of Razmi and Xiong (2021) is a :class:`~skpoison.experiments.Protocol`: many small
training sets, poisoned at growing rates, filtered by each detector, and a victim trained on what
is left. Here it is run on digits, in a tenth of the runs, on a third of the rows and without
networks, in seconds. The guide has the paper's own sizes and data.
"""

from tempfile import TemporaryDirectory

import matplotlib.pyplot as plt

from skpoison.experiments import Protocol, run_protocol

protocol = Protocol(
    "digits",
    classes=(3, 8),
    n_train=30,
    n_val=10,
    n_test=20,
    n_runs=6,
    rates=(0, 0.1, 0.2, 0.3),
    attacks=("flipping", "optimal"),
    detectors=("centroid", "ensemble"),
    fit="per_set",
)
with TemporaryDirectory() as folder:
    results = run_protocol(protocol, folder)
print(
    results.groupby(["attack", "rate", "detector"])["defended_accuracy"].mean().unstack().round(2)
)

# %%
# Stopped in the middle, the same call goes on where it was: every unit of work is a folder. Rows
# without poison are the same for all attacks.
fig, axes = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained", sharey=True)
for ax, attack in zip(axes, protocol.attacks, strict=True):
    rows = results[results["attack"].isin(["none", attack])]
    undefended = rows.groupby("rate")["poisoned_accuracy"].mean()
    ax.plot(undefended, "k--", label="no defence")
    for name, cells in rows.groupby("detector"):
        ax.plot(cells.groupby("rate")["defended_accuracy"].mean(), "o-", label=name)
    ax.set(title=attack, xlabel="poison rows / clean rows")
axes[0].set_ylabel("test accuracy")
axes[1].legend()
plt.show()

# %%
# Six runs of twenty test rows leave an uncertainty of several points, and lines that close are not
# to be told apart. That the undefended victim falls with the rate is beyond doubt.
