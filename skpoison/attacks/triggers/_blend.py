"""A faint picture over the whole image."""

from collections.abc import Sequence
from numbers import Integral, Real

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval

from skpoison._typing import RandomState
from skpoison.attacks.triggers._images import ImageTrigger


class BlendTrigger(ImageTrigger):
    """Blend images with a pattern: ``(1 - strength) * image + strength * pattern``.

    The blended injection of [1]_.

    Parameters
    ----------
    pattern : array-like of shape (height, width) or (height, width, channels), default=None
        Pixels in [0, 1]. None: uniform noise, the random pattern of the paper.

    strength : float, default=0.2
        Weight of the pattern, in (0, 1].

    image_shape : tuple of int, default=None
        ``(height, width)`` or ``(height, width, channels)`` of flattened images.

    random_state : int, default=0
        Seed of the noise.

    References
    ----------
    .. [1] X. Chen, C. Liu, B. Li, K. Lu, D. Song, "Targeted Backdoor Attacks on Deep Learning
       Systems Using Data Poisoning", arXiv:1712.05526, 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from skpoison.attacks.triggers import BlendTrigger
    >>> BlendTrigger(np.eye(2), strength=0.5).transform(np.zeros((1, 2, 2)))[0].tolist()
    [[0.5, 0.0], [0.0, 0.5]]
    """

    _parameter_constraints = {
        **ImageTrigger._parameter_constraints,
        "pattern": ["array-like", None],
        "strength": [Interval(Real, 0, 1, closed="right")],
        "random_state": [Interval(Integral, 0, None, closed="left")],
    }

    def __init__(
        self,
        pattern: ArrayLike | None = None,
        *,
        strength: float = 0.2,
        image_shape: Sequence[int] | None = None,
        random_state: RandomState = 0,
    ):
        self.pattern = pattern
        self.strength = strength
        self.image_shape = image_shape
        self.random_state = random_state

    def _put(self, images):
        shape = images.shape[1:]
        if self.pattern is None:
            pattern = check_random_state(self.random_state).uniform(size=shape)
        else:
            pattern = np.asarray(self.pattern, dtype=float)
            if pattern.shape == shape[:2]:
                pattern = pattern[:, :, np.newaxis]
            if pattern.ndim != 3 or np.broadcast_shapes(pattern.shape[2:], shape[2:]) != shape[2:]:
                pattern = None
            if pattern is None or pattern.shape[:2] != shape[:2]:
                raise ValueError(
                    f"pattern must have the shape of the images, {shape}, got "
                    f"{np.shape(self.pattern)}."
                )
            if not (pattern.min() >= 0 and pattern.max() <= 1):
                raise ValueError("pattern must hold pixels in [0, 1].")
        return (1 - self.strength) * images + self.strength * pattern
