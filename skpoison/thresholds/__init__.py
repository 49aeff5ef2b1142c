"""From suspicion to a verdict: where to cut a set of suspicion scores."""

from skpoison.thresholds._components import mirror_cut, two_component_cut
from skpoison.thresholds._contradiction import contradiction_cut
from skpoison.thresholds._cut import Cut, no_cut, share_cut
from skpoison.thresholds._plain import mixture_threshold, quantile_threshold

__all__ = [
    "Cut",
    "contradiction_cut",
    "mirror_cut",
    "mixture_threshold",
    "no_cut",
    "quantile_threshold",
    "share_cut",
    "two_component_cut",
]
