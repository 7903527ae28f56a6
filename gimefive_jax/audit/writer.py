"""Writes findings: audit.json, groups.csv, blank.csv, and exclusions.csv if asked for."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from gimefive_jax import files
from gimefive_jax.audit.exclusions import Exclusion
from gimefive_jax.audit.findings import Audit
from gimefive_jax.audit.summary import AuditSummary, summarise

GROUPS, BLANK, EXCLUSIONS = "groups.csv", "blank.csv", "exclusions.csv"
_GROUP_COLUMNS = (
    "group",
    "kind",
    "split",
    "row",
    "file_name",
    "label",
    "correlation",
    "mirrored",
    "pixel_sha256",
    "file_sha256",
)


def write_findings(
    folder: Path,
    audit: Audit,
    *,
    command: str,
    exclusions: Sequence[Exclusion] | None = None,
) -> AuditSummary:
    """Writes everything found to a folder.

    Args:
      folder: Gets audit.json, groups.csv, blank.csv, and exclusions.csv where there is a list.
      audit: The findings.
      command: What a user typed to get them.
      exclusions: The exclusion list, where one was asked for.

    Returns:
      What audit.json holds.
    """
    _write_csv(
        folder / GROUPS,
        _GROUP_COLUMNS,
        _group_rows(audit),
    )
    _write_csv(
        folder / BLANK,
        ("split", "row", "file_name", "label", "standard_deviation", "flat_share"),
        _blank_rows(audit),
    )
    if exclusions is not None:
        # The columns that `data_prep.exclusions` reads.
        _write_csv(
            folder / EXCLUSIONS,
            ("file_name", "pixel_sha256", "reason"),
            ((one.file_name, one.pixel_sha256, one.reason) for one in exclusions),
        )
    summary = summarise(audit, command=command, exclusions=exclusions)
    summary.write(folder)
    return summary


def _group_rows(audit: Audit) -> Iterator[tuple[object, ...]]:
    faces = audit.faces
    for group in (*audit.equal, *audit.near):
        for member in group.members:
            yield (
                group.number,
                group.kind,
                *_place(audit, member.face),
                f"{member.correlation:.4f}",
                int(member.mirrored),
                faces.pixel_sha256[member.face].tobytes().hex(),
                faces.file_sha256[member.face].tobytes().hex(),
            )


def _blank_rows(audit: Audit) -> Iterator[tuple[object, ...]]:
    for face in audit.blank.tolist():
        yield (
            *_place(audit, face),
            f"{audit.contrast.deviation[face]:.3f}",
            f"{audit.contrast.flat_share[face]:.4f}",
        )


def _place(audit: Audit, face: int) -> tuple[object, ...]:
    faces = audit.faces
    name = faces.file_name(face)
    return faces.split_name(face), int(faces.row[face]), name, faces.emotion(face)


def _write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with files.replacing_text(path) as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
