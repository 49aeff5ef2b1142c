"""What is wrong with one's own data: kinds of issue, and a report of them."""

from importlib import import_module

__all__ = ["Audit", "AuditData", "Context", "audit", "audit_data", "read_source"]

# Imported at first use: `skpoison --help` reads this folder's command and must answer at once.
_MODULES = {
    "Audit": "_result",
    "AuditData": "_data",
    "Context": "_context",
    "audit": "_audit",
    "audit_data": "_audit",
    "read_source": "_sources",
}


def __getattr__(name):
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"skpoison.audit.{_MODULES[name]}"), name)
