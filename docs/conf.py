"""Sphinx configuration: ``make docs`` builds the site."""

import sys
from pathlib import Path

from sphinx_gallery.sorting import ExplicitOrder

import skpoison

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))

import made_by
from leaderboard_pages import read_runs, write_pages

project = "skpoison"
author = "The skpoison developers"
copyright = "2026, the skpoison developers"
release = version = skpoison.__version__

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
]
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath", "substitution"]
myst_substitutions = made_by.notes()
autosummary_generate = True
numpydoc_show_class_members = False
autodoc_typehints = "none"  # the tables of parameters say more
templates_path = ["_templates"]
exclude_patterns = ["_build", "_templates", "examples"]
# scikit-learn's docstring of `score`, which learners inherit, names labels of its own guide.
suppress_warnings = ["ref.ref"]
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

html_theme = "pydata_sphinx_theme"
html_title = f"skpoison {version}"
html_theme_options = {"logo": {"text": "skpoison"}, "show_prev_next": False}
html_show_sourcelink = False
html_static_path = ["_static/site.css", "../skpoison/experiments/comparison/sortable.js"]
html_css_files = ["site.css"]

sphinx_gallery_conf = {
    "examples_dirs": "examples",
    "gallery_dirs": "auto_examples",
    "download_all_examples": False,
    "show_memory": False,
    "within_subsection_order": ExplicitOrder(
        [
            "plot_first_audit.py",
            "plot_verdict.py",
            "plot_mixed_table.py",
            "plot_texts.py",
            "plot_images.py",
            "plot_own_predictions.py",
            "plot_filter.py",
            "plot_network_victim.py",
            "plot_threshold_rules.py",
            "plot_decision_boundary.py",
            "plot_backdoor.py",
            "plot_adaptive_attacker.py",
            "plot_certificates.py",
            "plot_regression.py",
            "plot_paper.py",
            "plot_reconstructions.py",
            "*",
        ]
    ),
}


def _write_leaderboard(app):
    write_pages(read_runs())


def _make_tables_sortable(app, pagename, templatename, context, doctree):
    if pagename.startswith("leaderboard"):
        app.add_js_file("sortable.js", loading_method="defer")


def setup(app):
    """Make the pages of the leaderboard before the others are read."""
    app.connect("builder-inited", _write_leaderboard)
    app.connect("html-page-context", _make_tables_sortable)
