"""Lists the faces that `--fix` leaves out of train and validation; test is never touched."""

import dataclasses
from collections import Counter
from collections.abc import Callable, Sequence

from gimefive_jax.audit.findings import Audit, Group


@dataclasses.dataclass(frozen=True)
class Exclusion:
    """A face to leave out, as `gimefive data prepare --exclude` reads it."""

    file_name: str
    pixel_sha256: str
    reason: str


@dataclasses.dataclass(frozen=True)
class ExclusionList:
    """The faces to leave out, by face."""

    exclusions: tuple[Exclusion, ...]
    num_ambiguous: int
    """Faces that the list cannot name, because another face of the set has the same file name."""


def list_exclusions(audit: Audit) -> ExclusionList:
    """Lists the faces of train and validation to leave out, with one reason each.

    In this order: blank faces; all equal pictures under contradicting labels, as none is known to
    be right; faces equal to a test face; near-duplicates of a test face; of equal pictures with one
    label all but the first. Near-duplicates within train stay, whatever their labels: in posed sets
    two expressions of one person may be as alike as two copies, and neither is wrong.

    Args:
      audit: What was found in the set.

    Returns:
      The list, and the number of faces that it cannot name.
    """
    reasons = dict.fromkeys(audit.blank.tolist(), "blank")
    rules: tuple[tuple[Sequence[Group], Callable[[Audit, Group], dict[int, str]]], ...] = (
        (audit.equal, _contradicting),
        (audit.equal, _copies_of_test),
        (audit.near, _copies_of_test),
        (audit.equal, _repeated),
    )
    for groups, rule in rules:
        for group in groups:
            for face, reason in rule(audit, group).items():
                reasons.setdefault(face, reason)
    names = Counter(name for split in audit.faces.splits for name in split.file_names)
    chosen = [face for face in sorted(reasons) if not audit.faces.in_test(face)]
    named = [face for face in chosen if names[audit.faces.file_name(face)] == 1]
    return ExclusionList(
        tuple(
            Exclusion(
                audit.faces.file_name(face),
                audit.faces.pixel_sha256[face].tobytes().hex(),
                reasons[face],
            )
            for face in named
        ),
        num_ambiguous=len(chosen) - len(named),
    )


def _contradicting(audit: Audit, group: Group) -> dict[int, str]:
    if not group.contradicts:
        return {}
    labels = sorted({audit.faces.emotion(member.face) for member in group.members})
    return {
        member.face: f"equal pictures labelled {' and '.join(labels)}" for member in group.members
    }


def _copies_of_test(audit: Audit, group: Group) -> dict[int, str]:
    if not group.crosses:
        return {}
    test = next(member.face for member in group.members if audit.faces.in_test(member.face))
    words = "equal to" if group.kind == "equal" else "near-duplicate of"
    reason = f"{words} test face {audit.faces.file_name(test)}"
    return {member.face: reason for member in group.members}


def _repeated(audit: Audit, group: Group) -> dict[int, str]:
    first, *others = group.members
    if group.contradicts or group.in_test:
        return {}
    reason = f"equal to {audit.faces.file_name(first.face)}"
    return {member.face: reason for member in others}
