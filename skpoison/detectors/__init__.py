"""Poisoning detectors: outlier estimators that judge a row together with its label."""

from skpoison.detectors._activation_clustering import ActivationClusteringDetector
from skpoison.detectors._activations import HiddenActivations
from skpoison.detectors._area_under_margin import AreaUnderMarginDetector
from skpoison.detectors._base import BasePoisonDetector
from skpoison.detectors._blockwise import BlockwiseDetector
from skpoison.detectors._cae_plus import CAEPlusDetector
from skpoison.detectors._centroid import CentroidDetector
from skpoison.detectors._class_conditional import ClassConditionalDetector
from skpoison.detectors._classification import CAEDetector
from skpoison.detectors._confident_learning import ConfidentLearningDetector
from skpoison.detectors._cross_fitted_cae import CrossFittedCAEDetector
from skpoison.detectors._data_oob import DataOOBDetector
from skpoison.detectors._ensemble import EnsembleDetector
from skpoison.detectors._influence import InfluenceDetector
from skpoison.detectors._knn_shapley import KNNShapleyDetector
from skpoison.detectors._label_noise import LabelNoiseDetector
from skpoison.detectors._magnet import MagNetDetector, MagNetReformer
from skpoison.detectors._margin import MarginDetector
from skpoison.detectors._neighbor_disagreement import NeighborDisagreementDetector
from skpoison.detectors._neighbors import KNNDetector
from skpoison.detectors._reconstruction import ReconstructionDetector
from skpoison.detectors._residual import ResidualDetector
from skpoison.detectors._self_influence import SelfInfluenceDetector
from skpoison.detectors._slab import SlabDetector
from skpoison.detectors._spectral import SpectralSignatureDetector
from skpoison.detectors._spectre import SpectreDetector
from skpoison.detectors._strip import StripDetector
from skpoison.detectors._tagwise import TagwiseDetector
from skpoison.detectors._triggers import TriggerSearchDetector

__all__ = [
    "ActivationClusteringDetector",
    "AreaUnderMarginDetector",
    "BasePoisonDetector",
    "BlockwiseDetector",
    "CAEDetector",
    "CAEPlusDetector",
    "CentroidDetector",
    "ClassConditionalDetector",
    "ConfidentLearningDetector",
    "CrossFittedCAEDetector",
    "DataOOBDetector",
    "EnsembleDetector",
    "HiddenActivations",
    "InfluenceDetector",
    "KNNDetector",
    "KNNShapleyDetector",
    "LabelNoiseDetector",
    "MagNetDetector",
    "MagNetReformer",
    "MarginDetector",
    "NeighborDisagreementDetector",
    "ReconstructionDetector",
    "ResidualDetector",
    "SelfInfluenceDetector",
    "SlabDetector",
    "SpectralSignatureDetector",
    "SpectreDetector",
    "StripDetector",
    "TagwiseDetector",
    "TriggerSearchDetector",
]
