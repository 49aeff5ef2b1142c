"""`AuditData`: rows, labels and what is known about them."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from skpoison.audit._storing import Storable


@dataclass
class AuditData(Storable):
    """Rows, labels and what is known about them.

    Parameters
    ----------
    X : DataFrame, list of str, ndarray or sparse matrix
        The rows: a DataFrame (table), a list of texts, an array of images (n, h, w) or
        (n, h, w, c), in [0, 1] or uint8, or features (n, d).

    y : ndarray of shape (n_samples,) or (n_samples, n_tags)
        Labels; targets where `task` is "regression"; 0 and 1 for each tag where it is
        "multilabel".

    kind : {"table", "text", "images", "features"}
        What the rows are.

    task : {"classification", "regression", "multilabel"}, default="classification"
        What `y` holds.

    index : Index, default=None
        Name of each row: line number, file name, or the index of a DataFrame. None: its position.

    label_name : str, default="label"
        Name of the label.

    tag_names : list of str, default=None
        Name of each tag where `task` is "multilabel". None: their numbers.

    groups : ndarray of shape (n_samples,), default=None
        Annotator, source or date of each row.

    split : ndarray of shape (n_samples,), default=None
        Part of the data that each row belongs to, such as "train" and "test".

    pred_proba : ndarray of shape (n_samples, n_classes), default=None
        Out-of-sample predictions of the user's own, one column for each label in sorted order.

    features : ndarray of shape (n_samples, n_features), default=None
        Features of the user's own, used in place of `X` in all that is computed.

    columns : dict of str to str, default=None
        How each column was used: "number", "category", "date", "text", "label", "dropped: ...".

    paths : list of str, default=None
        Files behind the rows.

    table : DataFrame, default=None
        All columns of a table as they were read, of which the rows to keep are written.

    notes : list of str
        What was read, what was left out and why, in sentences.
    """

    X: object
    y: np.ndarray
    kind: str
    task: str = "classification"
    index: pd.Index | None = None
    label_name: str = "label"
    tag_names: list[str] | None = None
    groups: np.ndarray | None = None
    split: np.ndarray | None = None
    pred_proba: np.ndarray | None = None
    features: np.ndarray | None = None
    columns: dict[str, str] | None = None
    paths: list[str] | None = None
    table: pd.DataFrame | None = None
    notes: list[str] = field(default_factory=list)

    def __post_init__(self):
        if self.task == "multilabel" and self.tag_names is None:
            self.tag_names = [str(tag) for tag in range(np.shape(self.y)[1])]

    @property
    def is_classification(self) -> bool:
        """Whether `y` holds classes."""
        return self.task == "classification"

    @property
    def is_regression(self) -> bool:
        """Whether `y` holds numbers to predict."""
        return self.task == "regression"
