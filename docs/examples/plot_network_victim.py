"""
A network as the victim
=======================

Any classifier that fits in a pipeline can be poisoned and defended: here a Keras network in
scikeras's ``KerasClassifier`` (``pip install scikeras "skpoison[networks]"``). Attack, filter and
network never see each other: the filter judges rows, whatever is trained on them afterwards.
"""

import keras
import matplotlib.pyplot as plt
from imblearn.pipeline import make_pipeline
from scikeras.wrappers import KerasClassifier
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from skpoison.attacks import LabelFlipAttack
from skpoison.detectors import EnsembleDetector
from skpoison.filtering import PoisonFilter

X, y = load_digits(return_X_y=True)
rows = (y == 3) | (y == 8)
X, y = X[rows] / 16, y[rows] == 8
X, X_test, y, y_test = train_test_split(X, y, test_size=0.3, stratify=y, random_state=0)


def network(meta):
    """Make a network of one hidden layer; scikeras says how many columns there are."""
    inputs = keras.layers.Input((meta["n_features_in_"],))
    hidden = keras.layers.Dense(32, activation="relu")
    return keras.Sequential([inputs, hidden, keras.layers.Dense(1, activation="sigmoid")])


victim = KerasClassifier(
    network,
    loss="binary_crossentropy",
    optimizer__learning_rate=0.01,
    epochs=20,
    batch_size=32,
    verbose=0,
    random_state=0,
)

# %%
# The pipeline poisons the rows that it is fitted to, then cleans them; test rows stay as they were.
attack = LabelFlipAttack(rate=0.3, injection="replace", random_state=0)
poison_filter = PoisonFilter(EnsembleDetector(random_state=0))
pipelines = {
    "no poison": make_pipeline(clone(victim)),
    "undefended": make_pipeline(attack, clone(victim)),
    "filtered": make_pipeline(attack, poison_filter, clone(victim)),
}
accuracy = {name: steps.fit(X, y).score(X_test, y_test) for name, steps in pipelines.items()}

# %%
fig, ax = plt.subplots(figsize=(5, 3.5), layout="constrained")
ax.bar_label(ax.bar(accuracy.keys(), accuracy.values(), color="0.8"), fmt="%.2f")
ax.set(ylabel="test accuracy", ylim=(0.5, 1.05), title="A network on digits 3 and 8, 30 % flipped")
plt.show()

# %%
# A PyTorch network in skorch takes the same place. It wants rows of 32-bit floats and labels that
# count from 0::
#
#     from skorch import NeuralNetClassifier
#     from torch import nn, optim
#
#     victim = NeuralNetClassifier(
#         nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 2)),
#         criterion=nn.CrossEntropyLoss,
#         optimizer=optim.Adam,
#         lr=0.01,
#         max_epochs=20,
#         train_split=None,
#     )
#     pipeline = make_pipeline(attack, poison_filter, victim)
#     pipeline.fit(X.astype("float32"), y.astype("int64"))
