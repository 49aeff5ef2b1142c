"""
A backdoor
==========

Thirty-six rows of digits get a small bright patch and the label 0. The forest that is trained on
them is as good as ever on clean digits, so that no test notices; whoever knows the patch makes a
0 of more than half of the digits. Two detectors look for such rows: one for the trigger itself, one
for a direction in which the rows of a class vary too much.
"""

import matplotlib.pyplot as plt
from imblearn.pipeline import make_pipeline
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import cross_val_score

from skpoison.attacks import BackdoorAttack
from skpoison.attacks.triggers import PatchTrigger
from skpoison.detectors import SpectreDetector, TriggerSearchDetector
from skpoison.filtering import PoisonFilter
from skpoison.metrics import make_attack_success_scorer

X, y = load_digits(return_X_y=True)
X = X / 16
trigger = PatchTrigger(size=2, image_shape=(8, 8))
attack = BackdoorAttack(trigger, y_target=0, rate=36, random_state=0)

# %%
# ``make_attack_success_scorer`` puts the trigger on the test rows of the other classes and counts
# how often the victim answers with the target label.
defences = {
    "none": [],
    "trigger search": [PoisonFilter(TriggerSearchDetector(random_state=0))],
    "SPECTRE": [PoisonFilter(SpectreDetector(random_state=0))],
}
accuracy, success = {}, {}
for name, steps in defences.items():
    pipeline = make_pipeline(attack, *steps, RandomForestClassifier(50, random_state=0))
    accuracy[name] = cross_val_score(pipeline, X, y, cv=3).mean()
    scorer = make_attack_success_scorer()
    success[name] = cross_val_score(pipeline, X, y, cv=3, scoring=scorer).mean()
    print(f"{name:15} accuracy {accuracy[name]:.2f}, attack success {success[name]:.2f}")

# %%
# Accuracy tells nothing about a backdoor. What a detector is worth against it is told by the
# attack success that is left. The trigger search takes it away; SPECTRE, which is made for more
# rows, leaves it as it was.
fig, (images, bars) = plt.subplots(
    1, 2, figsize=(9, 3.2), layout="constrained", width_ratios=(2, 3)
)
pair = [X[7].reshape(8, 8), trigger.transform(X[7:8]).reshape(8, 8)]
for position, image in enumerate(pair):
    images.imshow(image, cmap="gray", extent=(9 * position, 9 * position + 8, 0, 8))
images.set(xlim=(0, 17), title="a row, and the row with the trigger")
images.axis("off")
positions = range(len(defences))
bars.barh([p - 0.2 for p in positions], accuracy.values(), 0.4, label="clean accuracy")
bars.barh([p + 0.2 for p in positions], success.values(), 0.4, label="attack success")
bars.set_yticks(positions, [f"defence: {name}" for name in defences])
bars.invert_yaxis()
bars.set(xlim=(0, 1))
bars.legend(loc="upper left", bbox_to_anchor=(0, -0.1), ncols=2)
plt.show()
