"""The command `skpoison audit`."""

import tempfile
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

# Everything heavy is imported where it is used: `skpoison --help` answers at once.

JUDGES_OF_LABELS = ("label", "target", "tags")  # kinds whose share is that of wrong labels


def audit(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="SOURCE",
            help="A table (CSV, TSV, Parquet, Feather, Arrow, JSON lines, also compressed), a "
            "folder with one folder of pictures or text files for each class, or a NumPy file.",
        ),
    ],
    label: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN",
            help="Column of the labels: its name, or its number from 0, -1 for the last; given "
            "several times, columns of tags. In an .npz archive the key; beside an .npy file "
            "another one. Folders need none.",
        ),
    ] = None,
    text: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Column of texts: they alone are judged.")
    ] = None,
    image: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="Column of pictures: paths below the table's folder."),
    ] = None,
    features: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Features of your own, an .npy file with one row for each row."
        ),
    ] = None,
    pred_proba: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Class probabilities of your own model, out of sample: an .npy file with one "
            "column for each label in sorted order.",
        ),
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            help="Model for features of pictures or texts: a .keras or .onnx file, or a folder of "
            "Model2Vec.",
        ),
    ] = None,
    groups: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN", help="Annotator, source or date: which are worse than the rest?"
        ),
    ] = None,
    split: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN", help='"train", "test" ...: duplicates between them are found.'
        ),
    ] = None,
    task: Annotated[
        str | None,
        typer.Option(
            help="classification or regression.",
            show_default="told from the labels",
            metavar="TASK",
        ),
    ] = None,
    only: Annotated[
        str | None,
        typer.Option(metavar="KINDS", help="Kinds of issue to look for, separated by commas."),
    ] = None,
    max_rows: Annotated[
        int | None, typer.Option(min=2, metavar="N", help="Look at so many rows drawn at random.")
    ] = None,
    jobs: Annotated[
        int, typer.Option("--jobs", "-j", metavar="N", help="Threads; -1: one each core.")
    ] = 1,
    seed: Annotated[int, typer.Option(min=0, metavar="N", help="Seed of all that is drawn.")] = 0,
    fail_above: Annotated[
        float | None,
        typer.Option(
            min=0.0,
            max=1.0,
            metavar="SHARE",
            help="Exit with status 1 where surely more than this share of the labels is wrong.",
        ),
    ] = None,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Leave broken lines out, and name them.")
    ] = False,
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="FOLDER", help="New folder for what is found.")
    ] = Path("skpoison-audit"),
):
    """Look for what is wrong with your data, and write a report.

    Wrong labels, classes that are confused, rows far from all others, duplicates, rows that were
    planted, columns that give the label away. Writes report.html, rows.csv, rows.parquet, the rows
    to keep and summary.json into a new folder.
    """
    with _refusing_bad_input():
        only = _kinds(only, fail_above)
        _check_folder(out)
        from skpoison.audit import _terminal
        from skpoison.audit._sources import read_source

        with _terminal.waiting(f"Reading {source.name}"), _without_warnings():
            data = read_source(
                source,
                label=label or None,
                text=text,
                image=image,
                features=features,
                pred_proba=pred_proba,
                model=model,
                groups=groups,
                split=split,
                task=task,
                skip_bad=skip_bad,
                max_rows=max_rows,
                random_state=seed,
            )
        _terminal.show_data(data)

        from skpoison.audit._audit import audit_data
        from skpoison.audit._writers import write

        with _terminal.progress_bar() as advance, _without_warnings():
            found = audit_data(data, only=only, n_jobs=jobs, random_state=seed, progress=advance)
        with _terminal.waiting("Writing the report"), _without_warnings():
            write(found, out)
    _terminal.show_findings(found)
    _terminal.show_files(out)
    if fail_above is not None:
        judged = next(found.findings[kind] for kind in JUDGES_OF_LABELS if kind in found.findings)
        if judged.interval[0] > fail_above:
            _terminal.show_error(
                f"At least {judged.interval[0]:.1%} of the labels are wrong, more than the "
                f"{fail_above:.1%} of --fail-above.",
                "Failed:",
            )
            raise typer.Exit(1)


def _kinds(only, fail_above):
    """Names of the kinds to look for, after a look at whether there are such."""
    if only is None:
        return None
    from skpoison.audit.kinds import KINDS
    from skpoison.utils._nearest import nearest

    names = [name.strip() for name in only.split(",") if name.strip()]
    for name in names or [""]:
        if name not in KINDS:
            raise ValueError(
                f"--only must hold names of {', '.join(KINDS)}, got '{name}'.{nearest(name, KINDS)}"
            )
    if fail_above is not None and not set(names) & set(JUDGES_OF_LABELS):
        raise ValueError("--fail-above needs the kind 'label' among those of --only.")
    return names


def _check_folder(out):
    """Raise an OSError unless a new folder can be written here; nothing is left behind."""
    from skpoison.audit._writers import check_new

    try:
        check_new(out)
        parent = next(folder for folder in out.absolute().parents if folder.exists())
        with tempfile.TemporaryFile(dir=parent):
            pass
    except FileExistsError as error:
        raise OSError(f"--out: {error}") from error
    except OSError as error:
        raise OSError(f"--out: {out} cannot be written: {error.strerror or error}.") from error


@contextmanager
def _without_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def _refusing_bad_input():
    """Turn what a user can mend into one sentence and exit status 2."""
    try:
        yield
    except (ValueError, OSError, ImportError, MemoryError) as error:
        from skpoison.audit._terminal import show_error

        message = str(error) or "Memory does not suffice."
        if getattr(error, "filename", None) and error.strerror:
            message = f"{error.filename}: {error.strerror}."
        if isinstance(error, MemoryError):
            message += " --max-rows N looks at fewer rows."
        show_error(message)
        raise typer.Exit(2) from error
