"""Poisoning attacks: samplers that add poison rows to a training set.

None of them imports Keras.
"""

from skpoison.attacks._adaptive import AdaptivePoisoningAttack
from skpoison.attacks._adversarial_flip import AdversarialFlipAttack
from skpoison.attacks._base import BasePoisoningAttack
from skpoison.attacks._beta import BetaPoisoningAttack
from skpoison.attacks._constrained import ConstrainedPoisoningAttack
from skpoison.attacks._gradient import GradientPoisoningAttack
from skpoison.attacks._instance_flip import InstanceDependentFlipAttack
from skpoison.attacks._label_flip import LabelFlipAttack
from skpoison.attacks._mixed import MixedAttack
from skpoison.attacks._model_targeted import ModelTargetedAttack
from skpoison.attacks._search import SearchPoisoningAttack
from skpoison.attacks._secml import SecMLAttack
from skpoison.attacks._subpopulation import SubpopulationFlipAttack

__all__ = [
    "AdaptivePoisoningAttack",
    "AdversarialFlipAttack",
    "BasePoisoningAttack",
    "BetaPoisoningAttack",
    "ConstrainedPoisoningAttack",
    "GradientPoisoningAttack",
    "InstanceDependentFlipAttack",
    "LabelFlipAttack",
    "MixedAttack",
    "ModelTargetedAttack",
    "SearchPoisoningAttack",
    "SubpopulationFlipAttack",
    "SecMLAttack",
]
