"""Attacks x defences x victims on any data."""

from skpoison.experiments.comparison._comparison import Comparison
from skpoison.experiments.comparison._stages import STAGES

__all__ = ["STAGES", "Comparison"]
