"""Kinds of issue, one file a kind, in the order in which they are asked and shown."""

from skpoison.audit.kinds._base import BaseKind, Finding
from skpoison.audit.kinds._confused_pairs import ConfusedPairs
from skpoison.audit.kinds._duplicate import Duplicates
from skpoison.audit.kinds._groups import Groups
from skpoison.audit.kinds._influence import Influence
from skpoison.audit.kinds._label import WrongLabels
from skpoison.audit.kinds._leak import Leaks
from skpoison.audit.kinds._order import Order
from skpoison.audit.kinds._outlier import Outliers
from skpoison.audit.kinds._small_class import SmallClasses
from skpoison.audit.kinds._tags import WrongTags
from skpoison.audit.kinds._target import WrongTargets
from skpoison.audit.kinds._tight_cluster import TightClusters
from skpoison.audit.kinds._trigger import Triggers

KINDS = {
    kind.name: kind()
    for kind in (
        WrongLabels,
        WrongTargets,
        WrongTags,
        ConfusedPairs,
        Groups,
        Outliers,
        Influence,
        Duplicates,
        TightClusters,
        Triggers,
        Leaks,
        Order,
        SmallClasses,
    )
}

__all__ = ["KINDS", "BaseKind", "Finding"]
