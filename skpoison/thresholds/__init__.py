"""Threshold rules: from anomaly scores to a verdict, a share of poison and probabilities."""

from skpoison.thresholds._base import BaseThreshold
from skpoison.thresholds._confident_learning import ConfidentLearningThreshold
from skpoison.thresholds._fixed import FixedThreshold
from skpoison.thresholds._gaussian_mixture import GaussianMixtureThreshold
from skpoison.thresholds._label_noise import LabelNoiseThreshold
from skpoison.thresholds._log_odds import LogOddsThreshold
from skpoison.thresholds._mad import MADThreshold
from skpoison.thresholds._quantile import QuantileThreshold
from skpoison.thresholds._second_component import SecondComponentThreshold

__all__ = [
    "BaseThreshold",
    "ConfidentLearningThreshold",
    "FixedThreshold",
    "GaussianMixtureThreshold",
    "LabelNoiseThreshold",
    "LogOddsThreshold",
    "MADThreshold",
    "QuantileThreshold",
    "SecondComponentThreshold",
]
