"""Audits a data set: copies within and across splits, contradicting labels, blank images."""

from gimefive_jax.audit.audit import find_faults
from gimefive_jax.audit.exclusions import list_exclusions
from gimefive_jax.audit.findings import Audit
from gimefive_jax.audit.summary import MARKER, AuditSummary, read_audit
from gimefive_jax.audit.writer import EXCLUSIONS, write_findings

__all__ = [
    "EXCLUSIONS",
    "MARKER",
    "Audit",
    "AuditSummary",
    "find_faults",
    "list_exclusions",
    "read_audit",
    "write_findings",
]
