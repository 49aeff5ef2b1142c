"""Poisoning detectors: outlier estimators that judge a row together with its label."""

from skpoison.detectors._base import BasePoisonDetector
from skpoison.detectors._centroid import CentroidDetector
from skpoison.detectors._neighbors import KNNDetector

__all__ = ["BasePoisonDetector", "CentroidDetector", "KNNDetector"]
