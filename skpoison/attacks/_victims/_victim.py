"""The description of a victim that the attack's engine reads."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Victim:
    """A victim: its binary machine, its kernel and how it treats more than two classes."""

    machine: type  # subclass of BinaryMachine
    make_kernel: Callable[[Any], Any]  # training rows -> Kernel
    cost: float  # weight of a row's loss against half the squared norm
    class_weight: Any = None  # as in scikit-learn
    intercept: bool = True
    pairwise: bool = False  # one-vs-one; otherwise one-vs-rest
