"""The nearest accepted name, for errors."""

from difflib import get_close_matches

from skpoison.utils._readable import readable

LONGEST = 60  # characters of a name that is offered
LOOKED_AT = 200  # characters of what came


def nearest(name, accepted):
    """A question that offers the nearest of the accepted names, or an empty text.

    Parameters
    ----------
    name : str
        What came.

    accepted : sequence of str
        What would have been right.

    Returns
    -------
    text : str

    Examples
    --------
    >>> nearest("specis", ["island", "species"])
    " Did you mean 'species'?"
    """
    lower = {}
    for known in map(str, accepted):
        lower.setdefault(known.lower(), known)
    name = str(name)[:LOOKED_AT].lower()
    found = get_close_matches(name, lower, n=1) or [x for x in lower if name and x.startswith(name)]
    return f" Did you mean '{readable(lower[found[0]][:LONGEST])}'?" if found else ""
