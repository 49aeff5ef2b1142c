"""ART's SVM poisoning on the rows of one run: ``python art_worker.py rows.npz result.npz``.

Runs in ART's own environment and imports nothing of skpoison. A few steps of the first starting
point give the cost of a step; nothing is moved to the end.
"""

import json
import sys
import time

import numpy as np
from art.attacks.poisoning import PoisoningAttackSVM
from art.estimators.classification import SklearnClassifier
from sklearn.svm import SVC


class CountingAttack(PoisoningAttackSVM):
    """The stock attack, which also counts its gradients."""

    n_steps = 0

    def attack_gradient(self, attack_point, tol=0.0001):
        self.n_steps += 1
        gradient = super().attack_gradient(attack_point, tol)
        if not gradient.any():
            raise RuntimeError(
                "the starting point is no support vector: its gradient costs nothing"
            )
        return gradient


def main(rows_path, result_path):
    rows = np.load(rows_path)
    settings = json.loads(str(rows["settings"]))
    one_hot = np.eye(2)
    y, y_val = one_hot[rows["y"]], one_hot[rows["y_val"]]

    # ART asks for a fitted model with class probabilities.
    victim = SVC(
        C=settings["C"], kernel=settings["kernel"], gamma=settings["gamma"], probability=True
    ).fit(rows["X"], rows["y"])
    attack = CountingAttack(
        SklearnClassifier(model=victim, clip_values=(0.0, 1.0)),
        x_train=rows["X"],
        y_train=y,
        x_val=rows["X_val"],
        y_val=y_val,
        eps=np.inf,
        verbose=False,
        **settings["art"],
    )
    begin = time.process_time()
    attack.generate_attack_point(rows["X_start"][0].copy(), one_hot[rows["y_start"][0]])
    cpu_s = time.process_time() - begin

    np.savez(result_path, cpu_s=cpu_s, n_steps=attack.n_steps)


if __name__ == "__main__":
    main(*sys.argv[1:])
