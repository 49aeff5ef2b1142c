"""Stripes that swing like a sine."""

from collections.abc import Sequence
from numbers import Real

import numpy as np
from sklearn.utils._param_validation import Interval

from skpoison.attacks.triggers._images import ImageTrigger


class SinusoidalTrigger(ImageTrigger):
    """Add a horizontal sine wave to images.

    The signal of [1]_, ``amplitude * sin(2 pi * column * frequency / width)``, made for poison that
    keeps its label.

    Parameters
    ----------
    amplitude : float, default=0.1
        Largest change of a pixel, of which white is 1.

    frequency : float, default=6
        Waves over the width of the image.

    image_shape : tuple of int, default=None
        ``(height, width)`` or ``(height, width, channels)`` of flattened images.

    References
    ----------
    .. [1] M. Barni, K. Kallas, B. Tondi, "A New Backdoor Attack in CNNs by Training Set Corruption
       without Label Poisoning", ICIP 2019.

    Examples
    --------
    >>> import numpy as np
    >>> from skpoison.attacks.triggers import SinusoidalTrigger
    >>> grey = np.full((1, 1, 4), 0.5)
    >>> SinusoidalTrigger(0.2, frequency=1).transform(grey)[0, 0].round(3).tolist()
    [0.5, 0.7, 0.5, 0.3]
    """

    _parameter_constraints = {
        **ImageTrigger._parameter_constraints,
        "amplitude": [Interval(Real, 0, 1, closed="right")],
        "frequency": [Interval(Real, 0, None, closed="neither")],
    }

    def __init__(
        self,
        amplitude: float = 0.1,
        *,
        frequency: int = 6,
        image_shape: Sequence[int] | None = None,
    ):
        self.amplitude = amplitude
        self.frequency = frequency
        self.image_shape = image_shape

    def _put(self, images):
        width = images.shape[2]
        wave = self.amplitude * np.sin(2 * np.pi * np.arange(width) * self.frequency / width)
        return images + wave[:, np.newaxis]
