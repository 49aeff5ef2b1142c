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
from sklearn.datasets import load_digits
from sklearn.model_selection import cross_val_score

from skpoison.attacks import LabelFlipAttack
from skpoison.detectors import EnsembleDetector
from skpoison.filtering import PoisonFilter

X, y = load_digits(return_X_y=True)
rows = (y == 3) | (y == 8)
X, y = X[rows] / 16, y[rows] == 8


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
# Every training fold is poisoned, then cleaned; every test fold stays as it was.
attack = LabelFlipAttack(rate=0.3, injection="replace", random_state=0)
poison_filter = PoisonFilter(EnsembleDetector(random_state=0))
pipelines = {
    "no poison": make_pipeline(victim),
    "undefended": make_pipeline(attack, victim),
    "filtered": make_pipeline(attack, poison_filter, victim),
}
accuracy = {name: cross_val_score(steps, X, y, cv=3) for name, steps in pipelines.items()}
for name, values in accuracy.items():
    print(f"{name}: accuracy {values.mean():.3f}")

# %%
fig, ax = plt.subplots(figsize=(5, 3.5), layout="constrained")
for place, values in enumerate(accuracy.values()):
    ax.bar(place, values.mean(), color="0.85")
    ax.plot([place] * len(values), values, "ko")
ax.set_xticks(range(len(accuracy)), accuracy)
ax.set(ylabel="test accuracy", ylim=(0.5, 1), title="A network on digits 3 and 8, 30 % flipped")
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
#     cross_val_score(pipeline, X.astype("float32"), y.astype("int64"))
