"""Poisoning attacks: samplers that add poison rows to a training set.

None of them imports Keras.
"""

from skpoison.attacks._adaptive import AdaptivePoisoningAttack
from skpoison.attacks._adversarial_flip import AdversarialFlipAttack
from skpoison.attacks._backdoor import BackdoorAttack
from skpoison.attacks._base import BasePoisoningAttack
from skpoison.attacks._beta import BetaPoisoningAttack
from skpoison.attacks._clean_label import BaseCleanLabelAttack
from skpoison.attacks._constrained import ConstrainedPoisoningAttack
from skpoison.attacks._feature_collision import FeatureCollisionAttack
from skpoison.attacks._gradient import GradientPoisoningAttack
from skpoison.attacks._gradient_matching import GradientMatchingAttack
from skpoison.attacks._instance_flip import InstanceDependentFlipAttack
from skpoison.attacks._label_flip import LabelFlipAttack
from skpoison.attacks._mixed import MixedAttack
from skpoison.attacks._model_targeted import ModelTargetedAttack
from skpoison.attacks._regression_base import BaseRegressionPoisoningAttack
from skpoison.attacks._regression_gradient import GradientRegressionAttack
from skpoison.attacks._regression_statistical import StatisticalRegressionAttack
from skpoison.attacks._search import SearchPoisoningAttack
from skpoison.attacks._secml import SecMLAttack
from skpoison.attacks._subpopulation import SubpopulationFlipAttack
from skpoison.attacks._unrolled import UnrolledPoisoningAttack

__all__ = [
    "AdaptivePoisoningAttack",
    "AdversarialFlipAttack",
    "BackdoorAttack",
    "BaseCleanLabelAttack",
    "BasePoisoningAttack",
    "BaseRegressionPoisoningAttack",
    "BetaPoisoningAttack",
    "ConstrainedPoisoningAttack",
    "FeatureCollisionAttack",
    "GradientMatchingAttack",
    "GradientPoisoningAttack",
    "GradientRegressionAttack",
    "InstanceDependentFlipAttack",
    "LabelFlipAttack",
    "MixedAttack",
    "ModelTargetedAttack",
    "SearchPoisoningAttack",
    "SecMLAttack",
    "StatisticalRegressionAttack",
    "SubpopulationFlipAttack",
    "UnrolledPoisoningAttack",
]
