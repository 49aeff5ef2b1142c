"""Values of strangers, written so that they do nothing: on a page, a terminal, a spreadsheet."""

import re

import pandas as pd

# Controls but tab and newline, marks that turn the direction of writing, line separators, and
# halves of characters that no file can hold.
_UNSEEN = re.compile(
    "\r(?!\n)|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"
    "\ud800-\udfff]"
)
_FORMULA = re.compile(r"\s*[=+\-@＝＋－＠]\s*\S|[\t\r]")
_NUMBER = re.compile(r"\s*[+-]?(\d+[.,]?\d*|[.,]\d+)([eE][+-]?\d+)?\s*%?\s*")


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


def encodable(values):
    r"""Texts that any file can hold: halves of characters are written out.

    Names of files and JSON may hold them, tables of pandas may not.

    Parameters
    ----------
    values : array-like or list
        Texts among anything else.

    Returns
    -------
    values : array-like or list
        The same where there are none, otherwise a list.

    Examples
    --------
    >>> print(*encodable(["b\udcff.png", 7]))
    b\udcff.png 7
    """
    texts = [value for value in values if isinstance(value, str)]
    try:
        "".join(texts).encode()
    except UnicodeEncodeError:
        return [_whole(value) if isinstance(value, str) else value for value in values]
    return values


def _whole(text):
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def spreadsheet_cell(value):
    """Text that no spreadsheet takes for a formula; numbers and what is no text stay as they are.

    Parameters
    ----------
    value : object
        A cell.

    Returns
    -------
    cell : object
        Of a str, its :func:`readable` text, after an apostrophe where it would be a formula.

    Examples
    --------
    >>> [spreadsheet_cell(cell) for cell in ["=1+1", "-5", "a+b", 7]]
    ["'=1+1", '-5', 'a+b', 7]
    """
    if not isinstance(value, str):
        return value
    is_formula = _FORMULA.match(value) and not _NUMBER.fullmatch(value)
    return ("'" if is_formula else "") + readable(value)


def spreadsheet_table(table):
    """A DataFrame whose cells and column names are all :func:`spreadsheet_cell`.

    Parameters
    ----------
    table : DataFrame
        Any table; its index is left as it is.

    Returns
    -------
    table : DataFrame
        A new table of the same shape.
    """
    columns = [table.iloc[:, column] for column in range(table.shape[1])]
    columns = [
        column
        if pd.api.types.is_numeric_dtype(column) or pd.api.types.is_datetime64_any_dtype(column)
        else column.astype(object).map(spreadsheet_cell)
        for column in columns
    ]
    names = [spreadsheet_cell(str(name)) for name in table.columns]
    return pd.concat(columns, axis=1, keys=range(len(columns))).set_axis(names, axis=1)
