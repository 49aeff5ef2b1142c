"""The paper's experiment from end to end: splits, poison, training and assessment."""

from importlib import import_module

__all__ = [
    "Comparison",
    "Protocol",
    "read_protocol",
    "run_protocol",
    "write_images",
    "write_report",
]

# Imported at first use: `skpoison --help` reads this folder's commands and must answer at once.
_MODULES = {
    "Comparison": "comparison",
    "Protocol": "_protocol",
    "read_protocol": "_files",
    "run_protocol": "_run",
    "write_images": "_images",
    "write_report": "_report",
}


def __getattr__(name):
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"skpoison.experiments.{_MODULES[name]}"), name)
