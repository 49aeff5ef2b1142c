"""What `skpoison audit` prints. All that comes from the data is inert on a terminal."""

from contextlib import contextmanager

import numpy as np
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Column, Table
from rich.text import Text

from skpoison.audit._naming import listed
from skpoison.utils._readable import readable

MOST_SUSPICIOUS = 10  # rows shown
NAMES_A_LINE = 12  # columns named for each way of using them
LONGEST = 400  # characters of one text


def show_data(data):
    """Print what was read and how each column is used.

    Parameters
    ----------
    data : AuditData
        What was read.
    """
    console = Console()
    for note in data.notes:
        console.print(_inert(note), soft_wrap=True)
    if data.columns:
        uses = {}
        for name, use in data.columns.items():
            uses.setdefault("dropped" if use.startswith("dropped") else use, []).append(name)
        table = Table("used as", Column("columns", justify="right"), "", box=None)
        for use, names in uses.items():
            named = listed([readable(name) for name in names], NAMES_A_LINE)
            table.add_row(_inert(use), f"{len(names):,}", _inert(named))
        console.print("", table, "", sep="\n")


def show_findings(found):
    """Print the summary, one line a kind, and the most suspicious rows.

    Parameters
    ----------
    found : Audit
        What was found.
    """
    console = Console()
    console.print(Text(_plain(found.summary["sentence"]), style="bold"), "", sep="\n")
    kinds = Table(box=None, show_header=False)
    for finding in found.findings.values():
        mark = (
            Text("found", style="bold yellow")
            if finding.found
            else Text("nothing" if finding.asked else "not asked", "dim")
        )
        kinds.add_row(mark, _inert(f"{finding.title}. {finding.sentence}"))
    console.print(kinds, "", sep="\n")
    flagged = found.rows[found.rows["flagged"]]
    if not len(flagged):
        console.print("No row is flagged.")
        return
    order = np.argsort(-flagged["anomaly_score"].to_numpy(), kind="stable")[:MOST_SUSPICIOUS]
    rows = Table(
        Column(str(found.data.index.name or "row"), no_wrap=True, max_width=40),
        "label",
        "likelier",
        Column("wrong", justify="right"),
        "why",
        box=None,
        title=f"The most suspicious of {len(flagged):,} flagged rows",
        title_justify="left",
    )
    for name, row in flagged.iloc[order].iterrows():
        wrong = row["wrong_label_probability"]
        is_other = row["suggested_label"] != row["label"]
        rows.add_row(
            _inert(name),
            _inert(_short(row["label"])),
            _inert(_short(row["suggested_label"]) if is_other else ""),
            "" if np.isnan(wrong) else f"{wrong:.0%}",
            _inert(row["reasons"]),
        )
    console.print(rows, "", sep="\n")


def show_files(folder):
    """Print what was written.

    Parameters
    ----------
    folder : pathlib.Path
        The folder of the audit.
    """
    console = Console()
    for path in sorted(folder.iterdir(), key=lambda path: (path.suffix != ".html", path.name)):
        console.print(Text(f"written: {_plain(path)}"), soft_wrap=True)


def show_error(message, title="Error:"):
    """Print an error, in one line, on the standard error stream.

    Parameters
    ----------
    message : str
        May hold what comes from the data.

    title : str, default="Error:"
        What stands in front.
    """
    text = Text.assemble((title, "bold red"), " ", _plain(message, limit=4000))
    Console(stderr=True).print(text, soft_wrap=True)


@contextmanager
def waiting(what):
    """Show on a terminal that something is going on."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield
        return
    with console.status(_inert(what)):
        yield


@contextmanager
def progress_bar():
    """Show progress and the time left on a terminal; gives what `audit_data` calls."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda title, n_done, n_kinds: None
        return
    progress = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left:"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    )
    with progress:
        task = progress.add_task("")

        def advance(title, n_done, n_kinds):
            progress.update(task, description=title, completed=n_done, total=n_kinds)

        yield advance


def _inert(value):
    return Text(_plain(value))


def _plain(value, limit=LONGEST):
    """One line of text without anything that a terminal obeys."""
    return " ".join(readable(value, limit=limit).split())


def _short(label):
    return f"{label:.6g}" if isinstance(label, float) else label
