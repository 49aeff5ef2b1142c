"""The contract that every kind of issue keeps."""

from abc import ABCMeta, abstractmethod
from dataclasses import dataclass
from math import nan
from typing import Any

import numpy as np
import pandas as pd

from skpoison.audit._storing import Storable


@dataclass
class Finding(Storable):
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

    suggested_label : ndarray of shape (n_samples,), default=None
        The label or target that suits each row best, of kinds that judge labels.

    probability : ndarray of shape (n_samples,), default=None
        Probability that the label of each row is wrong, of kinds that judge labels.

    asked : bool, default=True
        Whether it was looked for at all; `sentence` says why not.
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
    suggested_label: np.ndarray | None = None
    probability: np.ndarray | None = None
    asked: bool = True


class BaseKind(metaclass=ABCMeta):
    """Base class of the kinds of issue.

    A subclass has a ``name``, a ``title`` (and a ``title_of_targets``, where regressions call it
    otherwise), the ``tasks`` and ``rows`` for which it makes sense, says in ``cost`` how its time
    grows, and writes ``look``. It looks at nothing but the
    :class:`~skpoison.audit._context.Context`, which computes once what several kinds need.

    ``needs`` names the attribute of :class:`~skpoison.audit.AuditData` without which it cannot be
    asked, such as the groups.
    """

    name = ""
    title = ""
    title_of_targets = ""
    tasks: tuple[str, ...] = ("classification",)
    rows: tuple[str, ...] = ("table", "text", "images", "features")
    needs: str | None = None
    cost = ""

    def suits(self, data: Any) -> bool:
        """Whether the kind makes sense for these data."""
        return data.task in self.tasks and data.kind in self.rows

    def lacks(self, data: Any) -> bool:
        """Whether the data lack what the kind needs."""
        return self.needs is not None and getattr(data, self.needs) is None

    @abstractmethod
    def look(self, context: Any) -> Finding:
        """Look for issues of this kind and return a :class:`Finding`."""

    def finding(self, context: Any, found: Any, sentence: str, **more: Any) -> Finding:
        """A finding of this kind; nothing is flagged and no row has a score unless said so."""
        fields: dict[str, Any] = {
            "flagged": np.zeros(context.n_rows, dtype=bool),
            "score": np.full(context.n_rows, np.nan),
            "reasons": {},
        }
        is_regression = context.data.is_regression
        title = is_regression and self.title_of_targets or self.title
        return Finding(self.name, title, bool(found), sentence, **(fields | more))

    def not_asked(self, context: Any, reason: str) -> Finding:
        """A finding that says why nothing was looked for: "there are too few rows"."""
        return self.finding(context, False, f"Not asked: {reason}.", asked=False)


def percent(share):
    """A share in words: two digits that tell something."""
    return f"{100 * share:.2g} %" if share < 0.1 else f"{100 * share:.0f} %"


def count(number, noun="row"):
    """A number of things: "1 row", "1,200 rows"."""
    plural = noun[:-1] + "ies" if noun.endswith("y") else noun + "s"
    plural = noun + "es" if noun.endswith("s") else plural
    return f"{number:,} {noun if number == 1 else plural}"


def are(number):
    """The verb that goes with a number of things."""
    return "is" if number == 1 else "are"
