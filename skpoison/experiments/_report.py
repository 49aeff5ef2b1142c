"""Results as figures and one HTML page that needs nothing else."""

import base64
import io
import json
import warnings
from contextlib import contextmanager
from html import escape
from pathlib import Path
from string import Template

import matplotlib
import pandas as pd

from skpoison._typing import FilePath
from skpoison.experiments._figures import draw, summarise
from skpoison.experiments.comparison._page import write_leaderboard
from skpoison.utils._files import named, write_whole
from skpoison.utils._readable import readable

FIGURES = {
    "accuracy": ("defended_accuracy", "Test accuracy of the victim"),
    "f1": ("f1", "F1 of the poison found"),
}
TABLES = {
    "Accuracy of the victim after filtering": "defended_accuracy",
    "F1 of the poison found": "f1",
    "Area under the ROC curve": "roc_auc",
    "Average precision": "average_precision",
    "Rows removed": "rows_removed",
}
FITTED = {"pooled": "detectors fitted to a pool", "per_set": "detectors fitted to each set"}
MOST_LETTERS = 60  # of a name
MOST_TEXT = 10_000
MOST_BYTES = 2**26  # of a table
MOST_NAMES = {"dataset": 100, "victim": 100, "attack": 100, "detector": 200, "defence": 200}
MOST_LINES = 5000  # of a figure, one for each combination of names
COLUMNS = {
    "Protocol": {"dataset", "fit", "run", "attack", "rate", "detector", "poisoned_accuracy"}
    | set(TABLES.values()),
    "Comparison": {"dataset", "victim", "run", "attack", "rate", "defence", "score"}
    | {"cpu_seconds", "refused", "f1", "clean_removed"},
}
NEEDED = ("results.csv", "timings.csv", "protocol.yaml", "machine.json")

PAGE = Template("""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<style>
:root { color-scheme: light dark; --line: #999; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 1100px; margin: 2em auto; padding: 0 1em; }
h1, h2 { line-height: 1.2; }
h2 { margin-top: 2em; }
img { max-width: 100%; height: auto; background: #fff; border-radius: 4px; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: 13px; font-variant-numeric: tabular-nums; }
th, td { padding: .25em .7em; text-align: right; white-space: nowrap; }
th { font-weight: 600; }
thead tr:first-child th[colspan] { text-align: center; }
thead tr:last-child th { border-bottom: 1px solid var(--line); }
tbody th { text-align: left; }
pre { padding: 1em; overflow-x: auto; border: 1px solid var(--line); }
</style>
</head>
<body>
<h1>$title</h1>
<p>$summary</p>
$figures
$tables
<h2>Time</h2>
<div class="wide">$timings</div>
<h2>Protocol</h2>
<pre>$protocol</pre>
<h2>Machine and versions</h2>
<pre>$machine</pre>
</body>
</html>
""")


def write_report(folder: FilePath) -> Path:
    """Draw the figures of a finished experiment and write its HTML page.

    Parameters
    ----------
    folder : str or path-like
        The folder of the results, or the ``results.csv`` in it.

    Returns
    -------
    page : Path
        ``report.html``, which holds everything it shows; ``accuracy.svg`` and ``f1.svg`` are
        written beside it.

    Raises
    ------
    ValueError
        If the folder holds no finished experiment.

    OSError
        If a file of it is broken, or nothing can be written.
    """
    folder = Path(folder)
    if folder.name == "results.csv":
        folder = folder.parent
    missing = [name for name in NEEDED if not (folder / name).is_file()]
    if missing:
        raise ValueError(f"{folder} holds no finished experiment: {', '.join(missing)} missing.")
    with named(folder / "machine.json"):
        machine = _machine_text(folder)
    with named(folder / "protocol.yaml"):
        protocol = (folder / "protocol.yaml").read_text(encoding="utf-8")[:MOST_TEXT]
    with named(folder / "timings.csv"):
        timings = _time_table(_read_table(folder / "timings.csv"))
    with named(folder / "results.csv"), _plain_figures():
        results = _read_results(folder / "results.csv")
        if "defence" in results:
            return write_leaderboard(folder, results, protocol)
        first = results.iloc[0]
        n_runs = results["run"].nunique()
        figures = "".join(_figure(results, name, folder) for name in FIGURES)
        tables = "".join(_table(results, title, measure) for title, measure in TABLES.items())
    fitted = FITTED.get(first["fit"], first["fit"])
    page = PAGE.substitute(
        title=escape(f"Poison and its detectors on {first['dataset']}, {fitted}"),
        summary=f"Means and 95 % intervals (Student's t) over {n_runs} assessment runs.",
        figures=figures,
        tables=tables,
        timings=timings,
        protocol=escape(protocol),
        machine=escape(machine),
    )
    path = folder / "report.html"
    write_whole(path, page)
    return path


def _read_table(path):
    if path.stat().st_size > MOST_BYTES:
        raise ValueError(f"it is larger than {MOST_BYTES >> 20} MiB")
    return pd.read_csv(path, keep_default_na=False, na_values=[""])


def _read_results(path):
    """The table of an experiment, its names short and readable, and few enough for a page."""
    results = _read_table(path)
    lacking = COLUMNS["Comparison" if "defence" in results else "Protocol"] - {*results.columns}
    if lacking:
        raise ValueError(f"it has no columns {', '.join(sorted(lacking))}")
    if len(results) == 0:
        raise ValueError("it has no rows")
    n_lines = 1
    for column in {*MOST_NAMES, "fit"} & {*results.columns}:
        results[column] = [readable(name, MOST_LETTERS) for name in results[column]]
        n_names, most = results[column].nunique(), MOST_NAMES.get(column, 1)
        n_lines *= n_names
        if n_names > most:
            raise ValueError(f"{n_names:,} different {column}s, a page shows at most {most}")
    if n_lines > MOST_LINES:
        raise ValueError(
            f"{n_lines:,} combinations of {', '.join(MOST_NAMES)}, a page shows at most "
            f"{MOST_LINES:,}"
        )
    return results


@contextmanager
def _plain_figures():
    """Draw names as they are, $ too, and say nothing of letters that the font has not."""
    with warnings.catch_warnings(), matplotlib.rc_context({"text.parse_math": False}):
        warnings.simplefilter("ignore")
        yield


def _figure(results, name, folder):
    """Write one figure and give the HTML that shows it."""
    measure, label = FIGURES[name]
    drawing = io.BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": name}):  # equal results, equal files
        figure = draw(summarise(results, measure), label)
        figure.savefig(drawing, format="svg", metadata={"Date": None})
    write_whole(folder / f"{name}.svg", drawing.getvalue())
    encoded = base64.b64encode(drawing.getvalue()).decode("ascii")
    return (
        f"<h2>{escape(label)}</h2>\n"
        f'<img id="{name}" alt="{escape(label)} against the rate of poison, one panel an attack, '
        f'one line a detector" src="data:image/svg+xml;base64,{encoded}">\n'
    )


def _table(results, title, measure):
    """One measure as an HTML table: a row a detector, a column an attack and rate."""
    summary = summarise(results, measure)
    digits = 1 if measure == "rows_removed" else 3
    summary["shown"] = [
        "–" if pd.isna(mean) else f"{mean:.{digits}f} ± {half_width:.{digits}f}"
        for mean, half_width in zip(summary["mean"], summary["half_width"], strict=True)
    ]
    summary["rate"] = [f"{100 * rate:g} %" for rate in summary["rate"]]
    # Rows and columns in their order of appearance.
    table = summary.set_index(["detector", "attack", "rate"])["shown"].unstack(["attack", "rate"])
    table = table.reindex(index=summary["detector"].unique())
    table = table[list(dict.fromkeys(zip(summary["attack"], summary["rate"], strict=True)))]
    table.columns.names = [None, None]
    table.index.name = None
    return f'<h2>{escape(title)}</h2>\n<div class="wide">{table.to_html(border=0)}</div>\n'


def _time_table(timings):
    table = timings.groupby("stage", sort=False)[["seconds", "cpu_seconds"]].agg(["count", "sum"])
    table = pd.DataFrame(
        {
            "units": table["seconds", "count"],
            "seconds": table["seconds", "sum"].round(1),
            "CPU seconds": table["cpu_seconds", "sum"].round(1),
        }
    )
    table.index.name = None
    return table.to_html(border=0)


def _machine_text(folder):
    machine = json.loads((folder / "machine.json").read_text(encoding="utf-8"))
    if not isinstance(machine, dict) or not isinstance(machine.get("packages"), dict):
        raise ValueError('it is no mapping with an entry "packages"')
    packages = machine.pop("packages")
    lines = [f"{name}: {value}" for name, value in (machine | packages).items()]
    return "\n".join(lines)[:MOST_TEXT]
