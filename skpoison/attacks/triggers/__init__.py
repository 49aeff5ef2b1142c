"""Triggers of backdoors: transformers that put a sign on rows.

They learn nothing: ``transform`` needs no ``fit``. A trigger of one's own is any object that has
``transform``, which gives back as many rows, in the container that it got.
"""

from skpoison.attacks.triggers._base import BaseTrigger
from skpoison.attacks.triggers._blend import BlendTrigger
from skpoison.attacks.triggers._column import ColumnTrigger
from skpoison.attacks.triggers._patch import PatchTrigger
from skpoison.attacks.triggers._sinusoidal import SinusoidalTrigger
from skpoison.attacks.triggers._token import TokenTrigger

__all__ = [
    "BaseTrigger",
    "BlendTrigger",
    "ColumnTrigger",
    "PatchTrigger",
    "SinusoidalTrigger",
    "TokenTrigger",
]
