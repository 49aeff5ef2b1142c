"""Our own attack on the rows of one run: ``python skpoison_worker.py rows.npz result.npz``.

The attack draws its starting rows itself; here it is given those that the peers are given.
"""

import json
import sys
import time

import numpy as np
from sklearn.svm import SVC

from skpoison.attacks import GradientPoisoningAttack, _gradient


def main(rows_path, result_path):
    rows = np.load(rows_path)
    settings = json.loads(str(rows["settings"]))
    start = rows["X_start"], rows["y_start"], np.arange(len(rows["y_start"]))
    _gradient.starting_rows = lambda *_, **__: start

    begin = time.process_time()
    attack = GradientPoisoningAttack(
        SVC(kernel=settings["kernel"], C=settings["C"], gamma=settings["gamma"]),
        rate=len(rows["y_start"]),
        bounds=(0, 1),
        noise=0,
        random_state=settings["random_state"],
        **settings["skpoison"],
    )
    X_poisoned, y_poisoned = attack.fit_resample(
        rows["X"], rows["y"], X_val=rows["X_val"], y_val=rows["y_val"]
    )
    cpu_s = time.process_time() - begin

    np.savez(
        result_path,
        X_poison=X_poisoned[attack.poison_mask_],
        y_poison=y_poisoned[attack.poison_mask_],
        cpu_s=cpu_s,
        n_steps=len(attack.objective_path_) - 1,
        objective_start=attack.objective_path_[0],
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
