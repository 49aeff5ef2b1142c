"""A patch of pixels in a corner."""

from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any

from sklearn.utils._param_validation import Interval, StrOptions

from skpoison.attacks.triggers._images import ImageTrigger

CORNERS = {
    "top left": (False, False),
    "top right": (False, True),
    "bottom left": (True, False),
    "bottom right": (True, True),
}


class PatchTrigger(ImageTrigger):
    """Put a square of one brightness on images.

    The pattern of BadNets [1]_.

    Parameters
    ----------
    size : int, default=3
        Side of the square, in pixels.

    position : {"top left", "top right", "bottom left", "bottom right"} or tuple (row, column), \
            default="bottom right"
        The corner in which it lies, or the place of its upper left pixel.

    value : float, default=1.0
        Its brightness, from 0 (black) to 1 (white).

    image_shape : tuple of int, default=None
        ``(height, width)`` or ``(height, width, channels)`` of flattened images.

    References
    ----------
    .. [1] T. Gu, B. Dolan-Gavitt, S. Garg, "BadNets: Identifying Vulnerabilities in the Machine
       Learning Model Supply Chain", arXiv:1708.06733, 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from skpoison.attacks.triggers import PatchTrigger
    >>> PatchTrigger(size=2).transform(np.zeros((1, 3, 4), dtype=np.uint8))[0]
    array([[  0,   0,   0,   0],
           [  0,   0, 255, 255],
           [  0,   0, 255, 255]], dtype=uint8)
    """

    _parameter_constraints: dict = {
        **ImageTrigger._parameter_constraints,
        "size": [Interval(Integral, 1, None, closed="left")],
        "position": [StrOptions(set(CORNERS)), tuple, list],
        "value": [Interval(Real, 0, 1, closed="both")],
    }

    def __init__(
        self,
        size: int = 3,
        *,
        position: str = "bottom right",
        value: Any = 1.0,
        image_shape: Sequence[int] | None = None,
    ):
        self.size = size
        self.position = position
        self.value = value
        self.image_shape = image_shape

    def _put(self, images):
        height, width = images.shape[1:3]
        room = height - self.size, width - self.size
        if isinstance(self.position, str):
            far = CORNERS[self.position]
            place = [space if is_far else 0 for space, is_far in zip(room, far, strict=True)]
        else:
            place = list(self.position)
        fits = len(place) == 2 and all(
            isinstance(start, Integral) and 0 <= start <= space
            for start, space in zip(place, room, strict=True)
        )
        if not fits:
            raise ValueError(
                f"A patch of size={self.size} at position={self.position!r} does not fit into "
                f"images of {height} x {width} pixels."
            )
        rows, columns = (slice(start, start + self.size) for start in place)
        images = images.copy()
        images[:, rows, columns] = self.value
        return images
