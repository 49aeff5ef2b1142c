"""Poisoning attacks, poisoning detectors and the filter between them, for scikit-learn."""

__version__ = "0.2.0"
