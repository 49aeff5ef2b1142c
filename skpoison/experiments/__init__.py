"""The paper's experiment from end to end: splits, poison, training and assessment."""

from skpoison.experiments._images import write_images
from skpoison.experiments._protocol import Protocol
from skpoison.experiments._report import write_report
from skpoison.experiments._run import run_protocol

__all__ = ["Protocol", "run_protocol", "write_images", "write_report"]
