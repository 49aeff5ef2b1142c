"""What triggers have in common."""

from abc import ABCMeta, abstractmethod

from sklearn.base import BaseEstimator, TransformerMixin


class BaseTrigger(TransformerMixin, BaseEstimator, metaclass=ABCMeta):
    """Base class of the triggers: a subclass writes ``transform``, which needs no fit."""

    def fit(self, X, y=None):
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
    def transform(self, X):
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
