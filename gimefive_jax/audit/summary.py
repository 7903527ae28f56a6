"""Counts of everything an audit found, as a typed file `audit.json`."""

import dataclasses
import importlib.metadata
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path

from gimefive_jax import files, json_records
from gimefive_jax.audit.exclusions import Exclusion
from gimefive_jax.audit.faces import count_originals
from gimefive_jax.audit.findings import Audit, Group, GroupCounts, count_groups

MARKER = "audit.json"
_PACKAGES = ("gimefive-jax", "numpy", "scipy", "pillow", "tensorflow-datasets")
# A set of photographs may have as many sizes as files.
_MOST_KINDS = 50


@dataclasses.dataclass(frozen=True)
class EqualCounts(GroupCounts):
    """Groups of faces whose decoded pixels are equal."""

    identical_files: int
    """Groups whose files are equal byte for byte too."""


@dataclasses.dataclass(frozen=True)
class NearCounts(GroupCounts):
    """Groups of near-duplicates."""

    with_mirrored: int
    """Groups in which one is the mirror image of another."""


@dataclasses.dataclass(frozen=True)
class OriginalKind:
    """Original files of one size, mode and format."""

    width: int
    height: int
    mode: str
    format: str
    files: int
    """How many there are."""


@dataclasses.dataclass(frozen=True)
class OtherKinds:
    """Original files of the kinds that are not listed one by one."""

    other_kinds: int
    files: int


@dataclasses.dataclass(frozen=True)
class AuditSummary:
    """Counts of every finding, the thresholds behind them, and what they were found in."""

    data: str
    """Data set and variant, such as `fer2013/six`."""
    version: str
    fingerprint: str
    """Of the prepared set."""
    sha256: Mapping[str, str]
    """Of pixels and labels, by split."""
    command: str
    """What a user typed."""
    python: str
    packages: Mapping[str, str]
    """Versions."""
    thresholds: Mapping[str, int | float]
    faces: int
    faces_per_split: Mapping[str, Mapping[str, int]]
    """By split and category."""
    equal: EqualCounts
    near: NearCounts
    blank: int
    """Faces that show nothing."""
    originals: tuple[OriginalKind | OtherKinds, ...]
    """The most frequent first."""
    excluded: int | None
    """Faces on the exclusion list; None where none was asked for."""

    def write(self, folder: Path) -> None:
        """Writes `audit.json` to the folder of an audit."""
        files.write_json(folder / MARKER, json_records.to_json(self))


def read_audit(folder: Path) -> AuditSummary:
    """Reads `audit.json` in a folder that `gimefive data audit` wrote.

    Raises:
      InputError: If it is not there or damaged.
    """
    return json_records.read_json(
        AuditSummary, folder / MARKER, mend="`gimefive data audit` writes it anew"
    )


def summarise(
    audit: Audit, *, command: str, exclusions: Sequence[Exclusion] | None = None
) -> AuditSummary:
    """Counts what an audit found.

    Args:
      audit: The findings.
      command: What a user typed to get them.
      exclusions: The exclusion list, where one was asked for.
    """
    return AuditSummary(
        data=audit.data_name,
        version=audit.prepared.version,
        fingerprint=audit.prepared.fingerprint,
        sha256={split.name: split.digest for split in audit.faces.splits},
        command=command,
        python=platform.python_version(),
        packages={name: _version(name) for name in _PACKAGES},
        thresholds=audit.thresholds,
        faces=len(audit.faces),
        faces_per_split=audit.faces.counts(),
        equal=EqualCounts(
            **vars(count_groups(audit, audit.equal)),
            identical_files=sum(has_identical_files(audit, group) for group in audit.equal),
        ),
        near=NearCounts(
            **vars(count_groups(audit, audit.near)),
            with_mirrored=sum(
                any(member.mirrored for member in group.members) for group in audit.near
            ),
        ),
        blank=len(audit.blank),
        originals=_summarise_originals(audit),
        excluded=None if exclusions is None else len(exclusions),
    )


def has_identical_files(audit: Audit, group: Group) -> bool:
    """Whether all files of a group are equal byte for byte, not only in their pixels."""
    digests = audit.faces.file_sha256[[member.face for member in group.members]]
    return bool((digests == digests[0]).all())


def _summarise_originals(audit: Audit) -> tuple[OriginalKind | OtherKinds, ...]:
    counts = list(count_originals(audit.faces).items())
    kinds = [OriginalKind(*kind, files=number) for kind, number in counts[:_MOST_KINDS]]
    rest = [number for _, number in counts[_MOST_KINDS:]]
    return (*kinds, OtherKinds(len(rest), sum(rest))) if rest else tuple(kinds)


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"
