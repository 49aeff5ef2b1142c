"""What is wrong with one's own data: kinds of issue, and a report of them."""

from importlib import import_module

__all__ = ["Audit", "AuditData", "audit", "audit_data"]

# Imported at first use: `skpoison --help` reads this folder's command and must answer at once.
_MODULES = {
    "Audit": "_result",
    "AuditData": "_data",
    "audit": "_audit",
    "audit_data": "_audit",
}


def __getattr__(name):
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"skpoison.audit.{_MODULES[name]}"), name)
