"""Values of strangers, written so that they do nothing: on a page, a terminal, a spreadsheet."""

import re

import pandas as pd

from skpoison.utils._readable import readable

_FORMULA = re.compile(r"\s*[=+\-@＝＋－＠]\s*\S|[\t\r]")
_NUMBER = re.compile(r"\s*[+-]?(\d+[.,]?\d*|[.,]\d+)([eE][+-]?\d+)?\s*%?\s*")


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
