"""`CertifiedAccuracyDisplay`: how many predictions stay right under how much poison."""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import check_consistent_length, column_or_1d
from sklearn.utils.validation import check_is_fitted

from skpoison._typing import Estimator, Rows
from skpoison.utils._pipelines import last_step_and_rows


class CertifiedAccuracyDisplay:
    """Curve of the share of rows that are predicted rightly whatever so many poison rows do.

    Use :meth:`from_estimator` or :meth:`from_predictions` to make one.

    Parameters
    ----------
    radius : ndarray of shape (n_radii,)
        Numbers of changed training rows: 0, 1, 2, ...

    certified_accuracy : ndarray of shape (n_radii,)
        Share of rows predicted rightly with a certificate at least as large.

    name : str, default=None
        Name of the curve.

    Attributes
    ----------
    figure_ : matplotlib Figure
        The figure.

    ax_ : matplotlib Axes
        The axes.

    line_ : matplotlib Line2D
        The curve.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import train_test_split
    >>> from skpoison.inspection import CertifiedAccuracyDisplay
    >>> from skpoison.robust import CertifiedNeighborsClassifier
    >>> X, X_test, y, y_test = train_test_split(*load_iris(return_X_y=True), random_state=0)
    >>> model = CertifiedNeighborsClassifier(9).fit(X, y)
    >>> display = CertifiedAccuracyDisplay.from_estimator(model, X_test, y_test)
    >>> bool(display.certified_accuracy[0] == model.score(X_test, y_test))
    True
    """

    def __init__(
        self, radius: ArrayLike, certified_accuracy: ArrayLike, *, name: str | None = None
    ):
        self.radius = radius
        self.certified_accuracy = certified_accuracy
        self.name = name

    @classmethod
    def from_estimator(
        cls, estimator: Estimator, X: Rows, y: ArrayLike, *, name: str | None = None, ax: Any = None
    ) -> Self:
        """Draw the curve of a fitted classifier.

        Parameters
        ----------
        estimator : classifier or Pipeline
            With ``certified_radius``, or a pipeline that ends in one. Transformers in front of it
            are taken to be fixed: fitted to training rows, they are not certified.

        X : array-like of shape (n_samples, ...)
            Rows.

        y : array-like of shape (n_samples,)
            Their true labels.

        name : str, default=None
            Name of the curve. None: the classifier's class.

        ax : matplotlib Axes, default=None
            Where to draw. None: a new figure.

        Returns
        -------
        display : CertifiedAccuracyDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If the classifier has no certificate.
        """
        check_is_fitted(estimator)
        classifier, rows = last_step_and_rows(estimator, X)
        if not hasattr(classifier, "certified_radius"):
            raise ValueError(
                f"estimator must have certified_radius, as the classifiers of skpoison.robust; "
                f"got {type(classifier).__name__}."
            )
        return cls.from_predictions(
            y,
            classifier.predict(rows),
            classifier.certified_radius(rows),
            name=type(classifier).__name__ if name is None else name,
            ax=ax,
        )

    @classmethod
    def from_predictions(
        cls,
        y_true: ArrayLike,
        y_pred: ArrayLike,
        certified_radius: ArrayLike,
        *,
        name: str | None = None,
        ax: Any = None,
    ) -> Self:
        """Draw the curve of predictions and their certificates.

        Parameters
        ----------
        y_true, y_pred : array-like of shape (n_samples,)
            True and predicted labels.

        certified_radius : array-like of shape (n_samples,)
            How many changed training rows each prediction withstands; -1 where nothing is certain.

        name : str, default=None
            Name of the curve.

        ax : matplotlib Axes, default=None
            Where to draw. None: a new figure.

        Returns
        -------
        display : CertifiedAccuracyDisplay
            The display, drawn.
        """
        y_true, y_pred = column_or_1d(y_true), column_or_1d(y_pred)
        certificate = column_or_1d(certified_radius)
        check_consistent_length(y_true, y_pred, certificate)
        radius = np.arange(max(certificate.max(), 0) + 2)
        right = np.where(y_true == y_pred, certificate, -1)
        accuracy = (right[:, np.newaxis] >= radius).mean(axis=0)
        return cls(radius, accuracy, name=name).plot(ax)

    def plot(self, ax: Any = None) -> Self:
        """Draw the curve.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw. None: a new figure.

        Returns
        -------
        display : CertifiedAccuracyDisplay
            Itself.
        """
        if ax is None:
            import matplotlib.pyplot as plt

            _, ax = plt.subplots(layout="constrained")
        (self.line_,) = ax.step(self.radius, self.certified_accuracy, where="post", label=self.name)
        ax.set(xlabel="changed training rows", ylabel="certified accuracy", ylim=(0, 1.02))
        ax.spines[["top", "right"]].set_visible(False)
        if self.name is not None:
            ax.legend(frameon=False)
        self.ax_, self.figure_ = ax, ax.figure
        return self
