"""Learners that withstand poison, some with a certificate for each row that they predict."""

from skpoison.robust._bagging import CertifiedBaggingClassifier
from skpoison.robust._neighbors import CertifiedNeighborsClassifier
from skpoison.robust._partitions import PartitionAggregationClassifier
from skpoison.robust._sever import SeverClassifier, SeverRegressor
from skpoison.robust._trim import TRIMRegressor

__all__ = [
    "CertifiedBaggingClassifier",
    "CertifiedNeighborsClassifier",
    "PartitionAggregationClassifier",
    "SeverClassifier",
    "SeverRegressor",
    "TRIMRegressor",
]
