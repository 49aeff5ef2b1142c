"""What is wrong with one's own data: kinds of issue, and a report of them."""

from skpoison.audit._audit import Audit, audit, audit_data
from skpoison.audit._data import AuditData

__all__ = ["Audit", "AuditData", "audit", "audit_data"]
