"""Sphinx configuration: ``pip install -e ".[docs]" && make -C docs html``."""

import skpoison

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
    "sphinx_gallery.gen_gallery",
]
myst_enable_extensions = ["dollarmath", "deflist"]
autosummary_generate = True
numpydoc_show_class_members = False
exclude_patterns = ["_build", "examples"]
html_theme = "furo"
html_title = f"skpoison {version}"
sphinx_gallery_conf = {
    "examples_dirs": "examples",
    "gallery_dirs": "auto_examples",
    "download_all_examples": False,
    "show_memory": False,
}
