"""Attacks x defences x victims on any data."""

from skpoison.experiments.comparison._comparison import Comparison

__all__ = ["Comparison"]
