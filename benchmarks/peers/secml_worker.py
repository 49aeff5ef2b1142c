"""Stock SecML on the rows of one run: ``python secml_worker.py rows.npz result.npz``.

Runs in SecML's own environment and imports nothing of skpoison. The starting rows go in through
``ds_init``, SecML's own way to continue from given points.
"""

import json
import sys
import time

import numpy as np
from secml.adv.attacks.poisoning import CAttackPoisoningSVM
from secml.data import CDataset
from secml.ml.classifiers import CClassifierSVM
from secml.ml.kernels import CKernelLinear, CKernelRBF


class CountingAttack(CAttackPoisoningSVM):
    """The stock attack, which also adds up over all points what its solver reports for one."""

    n_steps = n_gradients = n_objectives = 0

    def _run(self, *args, **kwargs):
        found = super()._run(*args, **kwargs)
        self.n_steps += self.f_seq.size - 1
        self.n_gradients += self.grad_eval
        self.n_objectives += self.f_eval
        return found


def main(rows_path, result_path):
    rows = np.load(rows_path)
    settings = json.loads(str(rows["settings"]))
    kernel = CKernelRBF(gamma=settings["gamma"]) if settings["kernel"] == "rbf" else CKernelLinear()
    train = CDataset(rows["X"], rows["y"])
    val = CDataset(rows["X_val"], rows["y_val"])
    start = CDataset(rows["X_start"], rows["y_start"])

    begin = time.process_time()
    victim = CClassifierSVM(C=settings["C"], kernel=kernel)
    victim.fit(train.X, train.Y)
    attack = CountingAttack(
        victim,
        training_data=train,
        val=val,
        lb=0,
        ub=1,
        random_seed=settings["random_state"],
        **settings["secml"],
    )
    attack.n_points = start.num_samples
    _, _, poison, _ = attack.run(val.X, val.Y, ds_init=start)
    cpu_s = time.process_time() - begin

    np.savez(
        result_path,
        X_poison=poison.X.tondarray(),
        y_poison=poison.Y.tondarray(),
        cpu_s=cpu_s,
        n_steps=attack.n_steps,
        n_gradients=attack.n_gradients,
        n_objectives=attack.n_objectives,
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
