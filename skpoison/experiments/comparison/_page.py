"""The leaderboard of a comparison: one HTML page that needs nothing else."""

import base64
import io
from pathlib import Path

import jinja2
import matplotlib

from skpoison.experiments.comparison._figures import (
    against_rate,
    cells,
    cost_and_quality,
    heat_map,
    ranking,
    refusals,
    with_points_lost,
)
from skpoison.utils._files import write_whole


def write_leaderboard(folder, results, protocol):
    """Write ``report.html`` of a finished comparison.

    Parameters
    ----------
    folder : Path
        The folder of the results.

    results : DataFrame
        The content of its ``results.csv``.

    protocol : str
        The text of its ``protocol.yaml``.

    Returns
    -------
    page : Path
        The page.
    """
    results = with_points_lost(results)
    top = results["rate"].max()
    worst = results[(results["rate"] == top) | (results["attack"] == "none")]
    names = results["dataset"].unique()
    sections = [("all data sets", worst)] if len(names) > 1 else []
    sections += [(name, worst[worst["dataset"] == name]) for name in names]
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent), autoescape=True
    )
    page = environment.get_template("leaderboard.html").render(
        rate=f"{100 * top:g} %",
        n_runs=results["run"].nunique(),
        ranking=ranking(worst),
        sections=[(name, _inline(heat_map(rows))) for name, rows in sections],
        rates=_inline(against_rate(results)),
        cost=_inline(cost_and_quality(worst)),
        refused=refusals(results),
        cells=cells(results),
        protocol=protocol,
    )
    path = Path(folder) / "report.html"
    write_whole(path, page)
    return path


def _inline(figure):
    """A figure as the address of an SVG image."""
    drawing = io.BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": "leaderboard"}):  # equal results, equal pages
        figure.savefig(drawing, format="svg", metadata={"Date": None})
    encoded = base64.b64encode(drawing.getvalue()).decode("ascii")
    return f"data:image/svg+xml;base64,{encoded}"
