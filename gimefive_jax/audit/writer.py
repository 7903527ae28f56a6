"""Findings as files: audit.json, groups.csv, blank.csv, and exclusions.csv where asked for."""

import csv
import importlib.metadata
import platform
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from gimefive_jax import files
from gimefive_jax.audit.exclusions import Exclusion
from gimefive_jax.audit.faces import count_originals
from gimefive_jax.audit.findings import Audit, Group, count_groups, count_test_faces_in_train

MARKER, GROUPS, BLANK, EXCLUSIONS = "audit.json", "groups.csv", "blank.csv", "exclusions.csv"
_PACKAGES = ("gimefive-jax", "numpy", "scipy", "pillow", "tensorflow-datasets")
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
# A set of photographs may have as many sizes as files.
_MOST_KINDS = 50


def write_findings(
    folder: Path,
    audit: Audit,
    *,
    command: str,
    exclusions: Sequence[Exclusion] | None = None,
) -> dict[str, object]:
    """Write everything found to `folder`, and the exclusion list if any; what audit.json holds."""
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
    files.write_json(folder / MARKER, summary)
    return summary


def summarise(
    audit: Audit, *, command: str, exclusions: Sequence[Exclusion] | None = None
) -> dict[str, object]:
    """Counts of every finding, the thresholds behind them, and what they were found in."""
    return {
        "data": audit.data_name,
        "version": audit.prepared.version,
        "fingerprint": audit.prepared.fingerprint,
        "sha256": {split.name: split.digest for split in audit.faces.splits},
        "command": command,
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in _PACKAGES},
        "thresholds": dict(audit.thresholds),
        "faces": len(audit.faces),
        "faces_per_split": audit.faces.counts(),
        "equal": {
            **count_groups(audit.equal),
            "test_faces_in_train": count_test_faces_in_train(audit, audit.equal),
            "identical_files": sum(has_identical_files(audit, group) for group in audit.equal),
        },
        "near": {
            **count_groups(audit.near),
            "test_faces_in_train": count_test_faces_in_train(audit, audit.near),
            "with_mirrored": sum(
                any(member.mirrored for member in group.members) for group in audit.near
            ),
        },
        "blank": len(audit.blank),
        "originals": _summarise_originals(audit),
        "excluded": None if exclusions is None else len(exclusions),
    }


def has_identical_files(audit: Audit, group: Group) -> bool:
    """Whether all files of a group are equal byte for byte, not only in their pixels."""
    digests = audit.faces.file_sha256[[member.face for member in group.members]]
    return bool((digests == digests[0]).all())


def _summarise_originals(audit: Audit) -> list[Mapping[str, object]]:
    counts = count_originals(audit.faces)
    kinds = [
        {"width": width, "height": height, "mode": mode, "format": kind, "files": number}
        for (width, height, mode, kind), number in list(counts.items())[:_MOST_KINDS]
    ]
    rest = sum(list(counts.values())[_MOST_KINDS:])
    others = len(counts) - len(kinds)
    return [*kinds, {"other_kinds": others, "files": rest}] if others else list(kinds)


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


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"
