"""ART's own backdoor on images: ``python art_backdoor_worker.py rows.npz result.npz``.

Runs in ART's own environment and imports nothing of skpoison.
"""

import sys
import time

import numpy as np
from art.attacks.poisoning import PoisoningAttackBackdoor
from art.attacks.poisoning.perturbations import add_pattern_bd


def main(rows_path, result_path):
    images = np.load(rows_path)["X"]
    begin = time.process_time()
    triggered, _ = PoisoningAttackBackdoor(add_pattern_bd).poison(
        images, np.ones(1), broadcast=True
    )
    np.savez(result_path, X=triggered, cpu_s=time.process_time() - begin)


if __name__ == "__main__":
    main(*sys.argv[1:])
