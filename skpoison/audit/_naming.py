"""Names and rows as notes and errors call them: cut, and with what cannot be seen written out."""

from skpoison.utils._readable import readable

SHOWN = 5
LONGEST = 60  # characters of one name


def listed(names, limit=SHOWN):
    """Names after one another, cut short where there are many.

    Parameters
    ----------
    names : sequence of object
        What to name.

    limit : int, default=5
        The most names shown.

    Returns
    -------
    text : str

    Examples
    --------
    >>> listed([3, 17, 20], limit=2)
    '3, 17, ...'
    """
    shown = [_cut(name) for name in names[:limit]]
    return ", ".join([*shown, "..."] if len(names) > limit else shown)


def quoted(names, limit=20):
    """The same with quotes around each name."""
    return listed([f"'{_cut(name)}'" for name in names[: limit + 1]], limit)


def rows_named(index, rows):
    """Rows by the names they have: "lines 3, 17", "row 4", "files a/1.png, ...".

    Parameters
    ----------
    index : Index of shape (n_samples,)
        Name of each row; its own name is "line", "row" or "file".

    rows : array of shape (n_samples,), dtype=bool, or of positions
        Which ones.

    Returns
    -------
    text : str
    """
    names = list(index[rows])
    return f"{index.name}{'' if len(names) == 1 else 's'} {listed(names)}"


def counted(n, noun):
    """A number and its noun: "1 row", "12,000 rows".

    Examples
    --------
    >>> counted(12000, "row")
    '12,000 rows'
    """
    if n == 1:
        return f"1 {noun}"
    return f"{n:,} {noun[:-1] + 'ies' if noun.endswith('y') else noun + 's'}"


def _cut(name):
    text = readable(name)
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."
