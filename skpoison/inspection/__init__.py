"""Looking at poison: displays of what a detector sees, and comparisons of detectors."""

from skpoison.inspection._comparison import compare_on_run

__all__ = ["compare_on_run"]
