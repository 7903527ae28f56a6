"""An audit from the prepared set to its folder: findings, lists, page."""

import dataclasses
import shutil
from pathlib import Path

from gimefive_jax.audit import (
    EXCLUSIONS,
    MARKER,
    AuditSummary,
    find_faults,
    list_exclusions,
    write_findings,
)
from gimefive_jax.config import DataConfig
from gimefive_jax.files import check_replaceable, replacing_folder
from gimefive_jax.report.audit_page import write_audit_page

PAGE = "index.html"


@dataclasses.dataclass(frozen=True)
class AuditResult:
    """What an audit ends with."""

    summary: AuditSummary
    """What audit.json holds."""
    num_ambiguous: int
    """Faces that belong on the exclusion list, but share their file name with another face."""
    kept_list: bool = False
    """Whether the folder holds the exclusion list of an earlier audit."""


def audit_data_set(
    data: DataConfig,
    folder: Path,
    *,
    command: str,
    fix: bool = False,
    progress: bool = False,
) -> AuditResult:
    """Audits a prepared set into a folder; earlier results in it are replaced.

    Args:
      data: Names the set.
      folder: Gets audit.json, groups.csv, blank.csv and index.html.
      command: What a user typed, for the page.
      fix: Also write exclusions.csv. Without it the list of an earlier audit stays, as a set may
        have been prepared by it.
      progress: Show a bar.

    Returns:
      The counts of every finding.

    Raises:
      InputError: If the set is not prepared, or other files are in the way.
    """
    check_replaceable(folder, marker=MARKER)
    found = find_faults(data, progress=progress)
    listed = list_exclusions(found) if fix else None
    with replacing_folder(folder) as temporary:
        summary = write_findings(
            temporary,
            found,
            command=command,
            exclusions=None if listed is None else listed.exclusions,
        )
        write_audit_page(temporary / PAGE, found, summary)
        kept_list = listed is None and (folder / EXCLUSIONS).is_file()
        if kept_list:
            shutil.copy2(folder / EXCLUSIONS, temporary / EXCLUSIONS)
    num_ambiguous = 0 if listed is None else listed.num_ambiguous
    return AuditResult(summary, num_ambiguous=num_ambiguous, kept_list=kept_list)
