"""`SuspicionDisplay`: how anomalous a detector finds the rows, and which it finds most so."""

from collections.abc import Sequence
from numbers import Integral
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import check_consistent_length, column_or_1d
from sklearn.utils.validation import check_is_fitted

from skpoison._typing import Estimator, Rows
from skpoison.utils._pipelines import last_step_and_rows

CLEAN_COLOR, POISON_COLOR, PLAIN_COLOR = "#0072B2", "#D55E00", "#7F7F7F"
IMAGES_A_LINE = 8


class SuspicionDisplay:
    """Histogram of the anomaly scores, the threshold, and the most anomalous images.

    Use :meth:`from_estimator` to make one.

    Parameters
    ----------
    anomaly_score : ndarray of shape (n_samples,)
        The larger, the more anomalous; infinite under a label that the detector does not know.

    threshold : float
        Rows with a larger anomaly score are flagged.

    labels : sequence of str, default=None
        What each row is labelled, one for each row.

    poison_mask : ndarray of shape (n_samples,), dtype=bool, default=None
        True for the rows that are known to be poison.

    images : ndarray of shape (n_samples, height, width, channels), default=None
        The rows as images.

    name : str, default=None
        Name of the detector, the histogram's title.

    Attributes
    ----------
    figure_ : matplotlib Figure
        The figure.

    ax_ : matplotlib Axes
        The histogram.

    threshold_line_ : matplotlib Line2D
        The threshold.

    image_axes_ : list of matplotlib Axes
        The images, the most anomalous first; empty where there are none.

    image_indices_ : ndarray of shape (n_images,)
        The rows they show.

    Examples
    --------
    >>> from skpoison.attacks import LabelFlipAttack
    >>> from skpoison.datasets import load_images
    >>> from skpoison.detectors import KNNDetector
    >>> from skpoison.inspection import SuspicionDisplay
    >>> digits = load_images("digits", classes=(3, 8))
    >>> attack = LabelFlipAttack(rate=0.1, random_state=0)
    >>> X, y = attack.fit_resample(digits.data, digits.target)
    >>> detector = KNNDetector(random_state=0).fit(X, y)
    >>> display = SuspicionDisplay.from_estimator(
    ...     detector, X, y, poison_mask=attack.poison_mask_, image_shape=digits.image_shape
    ... )
    >>> display.ax_.get_title()
    'KNNDetector'
    """

    def __init__(
        self,
        anomaly_score: ArrayLike,
        threshold: float,
        *,
        labels: ArrayLike | None = None,
        poison_mask: ArrayLike | None = None,
        images: ArrayLike | None = None,
        name: str | None = None,
    ):
        self.anomaly_score = anomaly_score
        self.threshold = threshold
        self.labels = labels
        self.poison_mask = poison_mask
        self.images = images
        self.name = name

    @classmethod
    def from_estimator(
        cls,
        estimator: Estimator,
        X: Rows,
        y: ArrayLike | None = None,
        *,
        poison_mask: ArrayLike | None = None,
        image_shape: Sequence[int] | None = None,
        display_labels: ArrayLike | None = None,
        name: str | None = None,
        n_images: int = 16,
        ax: Any = None,
    ) -> Self:
        """Show what a fitted detector makes of rows.

        Parameters
        ----------
        estimator : detector or Pipeline
            A fitted detector, or a pipeline of any library that ends in one. Images are those of
            the rows in front of it.

        X : array-like of shape (n_samples, n_features) or (n_samples, height, width, channels)
            The rows to judge.

        y : array-like of shape (n_samples,), default=None
            Their labels. Without them each row is judged under the label that suits it best.

        poison_mask : array-like of shape (n_samples,), default=None
            True for the rows that are known to be poison. They are drawn in a colour of their
            own.

        image_shape : tuple of (height, width, channels), default=None
            Shape of a row. None: the shape of the rows of an n-d `X`; for a 2-d `X`, the
            detector's parameter of this name, and no images where it has none.

        display_labels : array-like of shape (n_classes,), default=None
            Names to show for the detector's `classes_`. None: the classes themselves.

        name : str, default=None
            The histogram's title. None: the detector's class.

        n_images : int, default=16
            How many images to show.

        ax : matplotlib Axes, default=None
            Where to draw. None: a new figure.

        Returns
        -------
        display : SuspicionDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If `n_images` is no whole number or negative, `poison_mask` does not fit `X`,
            `image_shape` does not multiply to its columns, or
            `display_labels` are not as many as the classes.
        """
        check_is_fitted(estimator)
        if not isinstance(n_images, Integral) or n_images < 0:
            raise ValueError(f"n_images={n_images!r} must be a whole number, not negative.")
        detector, rows = last_step_and_rows(estimator, X)
        anomaly_score = -detector.score_samples(rows, y)
        if poison_mask is not None:
            poison_mask = column_or_1d(poison_mask).astype(bool)
            check_consistent_length(anomaly_score, poison_mask)
        labels = None
        if y is not None:
            names = detector.classes_ if display_labels is None else display_labels
            if len(names) != len(detector.classes_):
                raise ValueError(
                    f"display_labels={list(names)!r} must name the detector's "
                    f"{len(detector.classes_)} classes {detector.classes_.tolist()}."
                )
            name_of = dict(zip(detector.classes_.tolist(), names, strict=True))
            labels = [str(name_of.get(label, label)) for label in column_or_1d(y).tolist()]
        display = cls(
            anomaly_score,
            -detector.offset_,
            labels=labels,
            poison_mask=poison_mask,
            images=_as_images(X, image_shape or getattr(detector, "image_shape", None)),
            name=type(detector).__name__ if name is None else name,
        )
        return display.plot(ax, n_images=n_images)

    def plot(self, ax: Any = None, *, n_images: int = 16) -> Self:
        """Draw the histogram and the images.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; where there are images, its place is shared between the histogram and
            them. None: a new figure.

        n_images : int, default=16
            How many images to show.

        Returns
        -------
        display : SuspicionDisplay
            Itself.
        """
        if ax is None:
            import matplotlib.pyplot as plt

            _, ax = plt.subplots(figsize=(12, 3), layout="constrained")
        self.figure_ = ax.figure
        self.image_axes_, self.image_indices_ = [], np.array([], dtype=int)
        if self.images is None:
            self.ax_ = ax
        else:
            ax.set_axis_off()
            self.ax_ = ax.inset_axes((0, 0, 0.36, 1))
            order = np.argsort(-np.asarray(self.anomaly_score), kind="stable")
            self.image_indices_ = order[:n_images]
            self._draw_images(ax)
        self._draw_histogram()
        return self

    def _draw_histogram(self):
        is_finite = np.isfinite(self.anomaly_score)
        edges = np.histogram_bin_edges(self.anomaly_score[is_finite], bins=40)
        scores = np.where(is_finite, self.anomaly_score, edges[-1])
        groups, colors, names = [scores], [PLAIN_COLOR], ["rows"]
        if self.poison_mask is not None:
            groups = [scores[~self.poison_mask], scores[self.poison_mask]]
            colors, names = [CLEAN_COLOR, POISON_COLOR], ["clean", "poison"]
        self.ax_.hist(groups, bins=edges, stacked=True, color=colors, label=names)
        self.threshold_line_ = self.ax_.axvline(
            self.threshold, color="black", linestyle="--", linewidth=1.2, label="threshold"
        )
        self.ax_.set(title=self.name, xlabel="anomaly score", ylabel="rows")
        self.ax_.yaxis.get_major_locator().set_params(integer=True)
        self.ax_.spines[["top", "right"]].set_visible(False)
        self.ax_.legend(frameon=False, fontsize="small")

    def _draw_images(self, ax):
        """Draw the images in the right part of `ax`, framed and captioned."""
        low, high = self.images.min(), self.images.max()
        ax.text(0.4, 1, "most anomalous: label, anomaly score", va="bottom", transform=ax.transAxes)
        height = 1 / max(-(-len(self.image_indices_) // IMAGES_A_LINE), 1)
        width = 0.6 / min(max(len(self.image_indices_), 1), IMAGES_A_LINE)
        for place, row in enumerate(self.image_indices_):
            line, column = divmod(place, IMAGES_A_LINE)
            corner = (0.4 + column * width, 1 - (line + 1) * height)
            image_ax = ax.inset_axes([*corner, 0.9 * width, 0.72 * height])
            image = (self.images[row] - low) / (high - low if high > low else 1)
            image_ax.imshow(image, cmap="gray", vmin=0, vmax=1)
            image_ax.set(xticks=[], yticks=[])
            color = PLAIN_COLOR
            if self.poison_mask is not None:
                color = POISON_COLOR if self.poison_mask[row] else CLEAN_COLOR
            image_ax.spines[:].set(color=color, linewidth=2.5)
            caption = f"{self.anomaly_score[row]:.3g}"
            if self.labels is not None:
                caption = f"{self.labels[row]}\n{caption}"
            image_ax.set_title(caption, color=color, fontsize="small", pad=3)
            self.image_axes_.append(image_ax)


def _as_images(X, image_shape):
    """Rows as an array of images, None where their shape is not known."""
    shape = np.shape(X)
    if len(shape) > 2 and image_shape is None:
        image_shape = shape[1:]
    if image_shape is None:
        return None
    if len(image_shape) == 2:
        image_shape = (*image_shape, 1)
    if len(image_shape) != 3 or np.prod(image_shape) != np.prod(shape[1:]):
        raise ValueError(
            f"image_shape={tuple(image_shape)} must be (height, width, channels) and multiply to "
            f"the {np.prod(shape[1:])} columns of X."
        )
    return np.asarray(X, dtype=float).reshape(shape[0], *image_shape)
