"""The description of a victim that the attack's engine reads."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from sklearn.utils.class_weight import compute_sample_weight


@dataclass(frozen=True)
class Victim:
    """A victim: its binary machine, its kernel and how it treats more than two classes."""

    machine: type  # subclass of BinaryMachine
    make_kernel: Callable[[Any], Any]  # training rows -> Kernel
    cost: float  # weight of a row's loss against half the squared norm
    mean_loss: bool = False  # whether the weight is that of the rows' mean loss, not of each one's
    class_weight: Any = None  # as in scikit-learn
    intercept: bool = True
    pairwise: bool = False  # one-vs-one; otherwise one-vs-rest

    def row_costs(self, labels):
        """Weight of each row's loss (n,) in a training on rows of these labels."""
        cost = self.cost / len(labels) if self.mean_loss else self.cost
        return cost * compute_sample_weight(self.class_weight, labels)

    def binary_problems(self, n_classes):
        """Pairs of a positive and a negative class; None stands for all other classes."""
        if n_classes == 2:
            return [(1, 0)]
        if self.pairwise:
            return list(combinations(range(n_classes), 2))
        return [(code, None) for code in range(n_classes)]
