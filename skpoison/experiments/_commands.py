"""The command line of the experiments."""

import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer()

ProtocolFile = Annotated[
    Path, typer.Argument(metavar="PROTOCOL", help="YAML file that says what to do.")
]
Out = Annotated[Path, typer.Option("--out", "-o", help="Folder of the results.")]
Jobs = Annotated[int, typer.Option("--jobs", "-j", help="Worker processes; -1: one each core.")]
Backend = Annotated[str, typer.Option(help="Where the work is done: local, dask or ray.")]
Scheduler = Annotated[str | None, typer.Option(help="Address of the Dask or Ray cluster.")]
Images = Annotated[bool, typer.Option("--images", help="Write the poison as PNG files too.")]
Update = Annotated[
    bool, typer.Option("--update", help="Accept a folder that was made for another protocol.")
]
Trust = Annotated[
    list[str] | None,
    typer.Option(help="A package of yours of which the file may name classes: its code runs."),
]


@app.command()
def split(
    protocol: ProtocolFile,
    out: Out,
    jobs: Jobs = 1,
    backend: Backend = "local",
    scheduler: Scheduler = None,
    update: Update = False,
):
    """Draw the rows of every run."""
    _run("split", protocol, out, jobs, backend, scheduler, update)


@app.command()
def attack(
    protocol: ProtocolFile,
    out: Out,
    jobs: Jobs = 1,
    backend: Backend = "local",
    scheduler: Scheduler = None,
    images: Images = False,
    update: Update = False,
):
    """Place the poison of every run, after what goes before."""
    _run("attack", protocol, out, jobs, backend, scheduler, update, images)


@app.command()
def train(
    protocol: ProtocolFile,
    out: Out,
    jobs: Jobs = 1,
    backend: Backend = "local",
    scheduler: Scheduler = None,
    images: Images = False,
    update: Update = False,
):
    """Train the detectors, after what goes before."""
    _run("train", protocol, out, jobs, backend, scheduler, update, images)


@app.command()
def assess(
    protocol: ProtocolFile,
    out: Out,
    jobs: Jobs = 1,
    backend: Backend = "local",
    scheduler: Scheduler = None,
    images: Images = False,
    update: Update = False,
):
    """Assess the detectors, after what goes before, and write the tables."""
    _run("assess", protocol, out, jobs, backend, scheduler, update, images)


@app.command()
def run(
    protocol: ProtocolFile,
    out: Out,
    jobs: Jobs = 1,
    backend: Backend = "local",
    scheduler: Scheduler = None,
    images: Images = False,
    update: Update = False,
    trust: Trust = None,
):
    """Do a whole experiment, or go on with it, and write the tables and the report."""
    _run(None, protocol, out, jobs, backend, scheduler, update, images, trust or ())
    report(out)


@app.command()
def report(
    results: Annotated[
        Path, typer.Argument(metavar="RESULTS", help="Folder of a finished experiment.")
    ],
):
    """Draw the figures and write the HTML page of a finished experiment."""
    with _clear_errors():
        from skpoison.experiments import write_report

        _say(f"Report: {write_report(results)}")


def _run(until, protocol, out, jobs, backend, scheduler, update, images=False, trust=()):
    with _clear_errors():
        from skpoison.experiments import read_protocol, run_protocol, write_images

        protocol = read_protocol(protocol, trust)
        run_protocol(
            protocol,
            out,
            until=until,
            n_jobs=jobs,
            backend=backend,
            scheduler=scheduler,
            update=update,
        )
        if images:
            write_images(protocol, out)
    _say(f"Results: {out / (until if until and until != 'assess' else 'results.csv')}")


def _say(text):
    """Print a line with a path, whose name may be a stranger's."""
    from skpoison.utils._readable import readable

    typer.echo(readable(text))


@contextmanager
def _clear_errors():
    """Turn what a user can mend into one message and exit code 2, and warnings into one line."""
    from skpoison.audit._terminal import show_error

    def show(message, category, filename, lineno, file=None, line=None):
        show_error(message, "Warning:")

    try:
        with warnings.catch_warnings():
            warnings.showwarning = show
            yield
    except KeyboardInterrupt:
        typer.echo("Stopped. The same command goes on from here.", err=True)
        raise typer.Exit(130) from None
    except (ValueError, OSError, ImportError, RuntimeError) as error:
        show_error(error)
        raise typer.Exit(2) from error
