"""The contract that every kind of issue keeps."""

from dataclasses import dataclass
from math import nan

import numpy as np
import pandas as pd


@dataclass
class Finding:
    """What one kind of issue found.

    Parameters
    ----------
    kind : str
        Name of the kind.

    title : str
        Its heading.

    found : bool
        Whether there is anything to look at.

    sentence : str
        What was found, in plain words.

    flagged : ndarray of shape (n_samples,), dtype=bool
        Rows to look at; none where the kind flags columns or classes.

    score : ndarray of shape (n_samples,)
        The larger, the more suspicious; NaN where there is none.

    reasons : dict of int to str
        Reason for each flagged row, under its position.

    share : float, default=nan
        Estimated share of the rows.

    interval : tuple of float, default=(nan, nan)
        Its 90 % interval.

    p_value : float, default=nan
        Of the test that decided, corrected for how many were made.

    table : DataFrame, default=None
        Pairs, columns, groups or classes: what else there is to show.

    advice : str, default=""
        What to do, in one sentence.
    """

    kind: str
    title: str
    found: bool
    sentence: str
    flagged: np.ndarray
    score: np.ndarray
    reasons: dict[int, str]
    share: float = nan
    interval: tuple[float, float] = (nan, nan)
    p_value: float = nan
    table: pd.DataFrame | None = None
    advice: str = ""
