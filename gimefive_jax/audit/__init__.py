"""What is wrong with a data set: copies within and across splits, contradictions, blanks."""

from gimefive_jax.audit.audit import find_faults
from gimefive_jax.audit.exclusions import list_exclusions
from gimefive_jax.audit.findings import Audit
from gimefive_jax.audit.writer import EXCLUSIONS, MARKER, write_findings

__all__ = ["EXCLUSIONS", "MARKER", "Audit", "find_faults", "list_exclusions", "write_findings"]
