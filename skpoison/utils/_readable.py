"""Any value as text that can be seen."""

import re

# Controls but tab and newline, marks that turn the direction of writing, line separators, and
# halves of characters that no file can hold.
_UNSEEN = re.compile(
    "\r(?!\n)|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"
    "\ud800-\udfff]"
)


def readable(value, limit=None):
    r"""Text of any value, with what cannot be seen written out and cut at `limit` characters.

    Parameters
    ----------
    value : object
        Anything that has a text.

    limit : int, default=None
        The most characters to give back, the mark of the cut included.

    Returns
    -------
    text : str
        Control characters, marks of direction and lone surrogates stand in it as escapes.

    Examples
    --------
    >>> print(readable("red \x1b[31m"))
    red \x1b[31m
    >>> readable("a long value", limit=7)
    'a long…'
    """
    text = str(value)
    if limit is not None:
        text = text[: limit + 1]
    text = _UNSEEN.sub(_escape, text)
    if limit is not None and len(text) > limit:
        text = text[: limit - 1] + "…"
    return text


def _escape(match):
    code = ord(match.group()[0])
    return "\\r" if code == 13 else f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"
