"""What triggers have in common."""

from abc import ABCMeta, abstractmethod
from typing import Any, Self

from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, TransformerMixin

from skpoison._typing import Rows


class BaseTrigger(TransformerMixin, BaseEstimator, metaclass=ABCMeta):
    """Base class of the triggers: a subclass writes ``transform``, which needs no fit."""

    def fit(self, X: Rows, y: ArrayLike | None = None) -> Self:
        """Learn nothing.

        Parameters
        ----------
        X, y
            Ignored.

        Returns
        -------
        self : object
            The trigger.
        """
        return self

    @abstractmethod
    def transform(self, X: Rows) -> Any:
        """Put the trigger on all rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Rows, which are not changed.

        Returns
        -------
        X_triggered : as X
            A copy with the trigger, in the container and the dtypes of `X`.
        """

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        return tags
