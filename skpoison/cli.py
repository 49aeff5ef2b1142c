"""The command line: `skpoison ...`."""

import io
import logging
import os
import sys
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Column, Table

import skpoison
from skpoison.audit._command import audit
from skpoison.experiments._commands import app as experiment_commands
from skpoison.utils._files import write_whole

# Everything heavy is imported where it is used: `skpoison --help` answers at once.

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    add_completion=False,
    help="Poison training data, detect the poison, and see what the defence gives back.",
)

STOPPED = 130  # exit code after Ctrl-C
PAPER_ATTACKS = ("flipping", "optimal", "semi-optimal", "mixed")
DEMO_DETECTORS = ("ensemble", "label-noise", "influence", "slab", "centroid", "knn")  # no network
# Classes that the attacks move visibly.
DEMO_CLASSES: dict[str, tuple[int, ...]] = {
    "digits": (4, 9),
    "mnist": (4, 9),
    "fashion_mnist": (0, 1),
    "cifar10": (0, 1),
}


def main():
    """Run the command line."""
    try:
        app()
    except SystemExit as end:
        if end.code == STOPPED:  # TensorFlow takes more than a second to end in good order
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(STOPPED)
        raise


def _print_version(wanted: bool):
    if wanted:
        typer.echo(f"skpoison {skpoison.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
):
    pass


@app.command()
def demo(
    dataset: Annotated[str, typer.Option(help=f"One of {', '.join(DEMO_CLASSES)}.")] = "digits",
    classes: Annotated[
        tuple[int, int] | None,
        typer.Option(help="Two classes of the data set.", show_default="a pair for each"),
    ] = None,
    attack: Annotated[
        list[str] | None,
        typer.Option(help="An attack; can be repeated.", show_default="the paper's"),
    ] = None,
    detector: Annotated[
        list[str] | None,
        typer.Option(
            help="A detector; can be repeated. The paper's (cae+, cae, rae, magnet) need "
            "skpoison[networks].",
            show_default=", ".join(DEMO_DETECTORS),
        ),
    ] = None,
    rate: Annotated[
        float, typer.Option(min=0.01, max=1.0, help="Poison rows on each of 100 clean ones.")
    ] = 0.3,
    runs: Annotated[int, typer.Option(min=1, help="Draws of rows to average over.")] = 2,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the first draw.")] = 0,
    data_home: Annotated[
        Path | None,
        typer.Option(help="Folder with the images.", show_default="$SKPOISON_DATA or the cache"),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for the table and the picture.")] = Path(
        "skpoison-demo"
    ),
):
    """Poison real images, find the poison, train on what is left: one table.

    Every attack poisons 100 training rows, every detector is fitted to each poisoned set alone,
    and an SVM is trained on the clean, the poisoned and the filtered rows. Writes
    comparison.csv, most_suspicious.png and report.html: what `skpoison audit` finds in images of
    which some labels were flipped.
    """
    files = [out / "comparison.csv", out / "most_suspicious.png", out / "report.html"]
    with _refusing_bad_input():
        _check_writable(out, files)
        from skpoison.datasets import load_images
        from skpoison.utils import make_estimator

        attacks = list(dict.fromkeys(attack or PAPER_ATTACKS))
        detectors = list(dict.fromkeys(detector or DEMO_DETECTORS))
        for kind, names in (("attack", attacks), ("detector", detectors)):
            for name in names:
                make_estimator(kind, name)
        classes = classes or DEMO_CLASSES.get(dataset, ())
        images = load_images(dataset, classes=classes, data_home=data_home)

    from skpoison.audit._demo import audit_flipped_images
    from skpoison.audit._report import render
    from skpoison.inspection._demo import as_rich_table, run_demo

    with _progress_bar(runs * len(attacks) * len(detectors)) as advance:
        table, figure = run_demo(
            images,
            attacks=attacks,
            detectors=detectors,
            rate=rate,
            n_runs=runs,
            random_state=seed,
            on_fit=advance,
        )
    named = " v ".join(images.target_names[list(classes)])
    title = f"{dataset}: {named}, {rate:.0%} poison, mean of {runs} run{'s' if runs > 1 else ''}"
    Console().print(as_rich_table(table, title))

    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=110)
    found = audit_flipped_images(images, rate, seed)
    typer.echo(f"audit: {found.summary['sentence']}")
    contents = [table.to_csv(index=False).encode(), picture.getvalue(), render(found).encode()]
    for path, content in zip(files, contents, strict=True):
        write_whole(path, content)
        typer.echo(f"written: {path}")


KINDS_OF_ROWS = {  # tag of scikit-learn -> in words
    "two_d_array": "numbers",
    "three_d_array": "images",
    "sparse": "sparse matrices",
    "categorical": "tables",
    "string": "texts",
    "allow_nan": "gaps",
}


@app.command("list")
def list_estimators():
    """Print attacks, detectors and learners with the short names that commands know them by.

    With the rows that each takes, and of a detector the threshold rule that "auto" stands for.
    """
    from sklearn.utils import get_tags

    from skpoison.utils import short_names

    console = Console()
    for kind in ("attack", "regression attack", "detector", "regression detector", "learner"):
        table = Table(
            Column("name", no_wrap=True), "what it stands for, and what that does", box=None
        )
        for name, (estimator, keywords) in short_names(kind).items():
            written = ", ".join(f"{key}={value!r}" for key, value in keywords.items())
            lines = [f"[bold]{estimator.__name__}({written})[/]", _summary(estimator)]
            accepted = get_tags(estimator(**keywords)).input_tags
            kinds = [text for tag, text in KINDS_OF_ROWS.items() if getattr(accepted, tag)]
            takes_all = len(kinds) == len(KINDS_OF_ROWS)
            lines.append("takes " + ("rows of any kind" if takes_all else ", ".join(kinds)))
            if kind.endswith("detector"):
                lines.append(f'"auto" is {estimator.auto_threshold!r}')
            table.add_row(name, "\n".join(lines))
        console.print(f"\n[bold]{kind}s[/]", table, sep="\n")


app.command()(audit)
app.add_typer(experiment_commands)


def _summary(estimator):
    return estimator.__doc__.strip().splitlines()[0]


@contextmanager
def _refusing_bad_input():
    """Turn the library's complaints about what the user asked for into exit code 2."""
    try:
        yield
    except (ValueError, OSError, ImportError) as error:
        from skpoison.audit._terminal import show_error

        show_error(error)
        raise typer.Exit(2) from error


def _check_writable(folder, files):
    """Raise an OSError unless these files can be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path in files:
            if path.is_dir():
                raise IsADirectoryError(f"{path} is a folder")
            probe = path.with_name(f".partial-{path.name}")
            probe.touch()
            probe.unlink()
    except OSError as error:
        raise OSError(f"out={str(folder)!r} must be a folder to write into: {error}.") from error


@contextmanager
def _progress_bar(total):
    """Show progress on a terminal, and no warnings; gives a function that counts one step."""
    console = Console(stderr=True)
    columns = (TextColumn("poison, detect, defend"), BarColumn(), MofNCompleteColumn())
    progress = Progress(
        *columns,
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    with warnings.catch_warnings(), progress:
        warnings.simplefilter("ignore")
        logging.getLogger("tensorflow").setLevel(logging.ERROR)
        task = progress.add_task("", total=total)
        yield lambda: progress.advance(task)
