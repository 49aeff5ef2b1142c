"""Looking at poison: displays and tables of what a detector sees, and comparisons of detectors."""

from skpoison.inspection._certificates import CertifiedAccuracyDisplay
from skpoison.inspection._comparison import compare_on_run
from skpoison.inspection._rows import suspicious_rows
from skpoison.inspection._suspicion import SuspicionDisplay

__all__ = ["CertifiedAccuracyDisplay", "SuspicionDisplay", "compare_on_run", "suspicious_rows"]
