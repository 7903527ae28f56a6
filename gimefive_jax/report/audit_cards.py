"""Faces of an audit's findings as thumbnails that lie inside the page."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np

from gimefive_jax.audit.findings import Audit, Group, Member
from gimefive_jax.report.templating import embed_png

MOST_GROUPS, MOST_MEMBERS, MOST_BLANKS = 24, 6, 24


@dataclasses.dataclass(frozen=True)
class Thumbnail:
    """One face with its caption."""

    picture: str
    """Data URI."""
    split: str
    label: str
    file_name: str
    note: str
    """What the finding says of it, such as its correlation."""


@dataclasses.dataclass(frozen=True)
class GroupCard:
    """Copies of one picture, side by side."""

    number: int
    contradicts: bool
    thumbnails: tuple[Thumbnail, ...]
    num_hidden: int
    """Further copies that are not shown."""


@dataclasses.dataclass(frozen=True)
class ContactSheet:
    """One finding: its first groups, and how many there are."""

    title: str
    explanation: str
    total: int
    cards: tuple[GroupCard, ...]


@dataclasses.dataclass(frozen=True)
class _Finding:
    """What a sheet shows: a kind of group, and which of them."""

    title: str
    explanation: str
    kind: Literal["equal", "near"]
    holds: Callable[[Group], bool]


_FINDINGS = (
    _Finding(
        "Equal pictures in train and test",
        "A model that learned these by heart is right about them in test. Results on "
        "test_deduplicated leave their test faces out.",
        "equal",
        lambda group: group.crosses,
    ),
    _Finding(
        "Equal pictures under different labels",
        "At most one of the labels can be right.",
        "equal",
        lambda group: group.contradicts,
    ),
    _Finding(
        "Equal pictures within one part",
        "They count more than once, in training or in a result.",
        "equal",
        lambda group: not group.crosses and not group.contradicts,
    ),
    _Finding(
        "Near-duplicates in train and test",
        "The least alike first: that is where a false one would stand.",
        "near",
        lambda group: group.crosses,
    ),
    _Finding(
        "Near-duplicates under different labels",
        "One picture labelled twice, or one person with two expressions: look before you act.",
        "near",
        lambda group: group.contradicts,
    ),
    _Finding(
        "Near-duplicates with a mirrored copy",
        "Flipping faces in training makes these equal to their copies.",
        "near",
        lambda group: any(member.mirrored for member in group.members),
    ),
    _Finding(
        "Other near-duplicates",
        "Within one part and under one label.",
        "near",
        lambda group: not group.crosses and not group.contradicts,
    ),
)


def make_sheets(audit: Audit) -> tuple[ContactSheet, ...]:
    """A sheet per finding about copies, the graver findings first."""
    groups = {"equal": audit.equal, "near": sorted(audit.near, key=_least_correlation)}
    return tuple(
        _make_sheet(audit, finding, list(filter(finding.holds, groups[finding.kind])))
        for finding in _FINDINGS
    )


def _make_sheet(audit: Audit, finding: _Finding, groups: Sequence[Group]) -> ContactSheet:
    cards = tuple(_make_card(audit, group) for group in groups[:MOST_GROUPS])
    return ContactSheet(finding.title, finding.explanation, total=len(groups), cards=cards)


def make_blanks(audit: Audit) -> tuple[Thumbnail, ...]:
    """The first faces that show nothing."""
    return tuple(
        _make_thumbnail(
            audit,
            face,
            note=f"deviation {audit.contrast.deviation[face]:.1f}, "
            f"flat {100 * audit.contrast.flat_share[face]:.0f} %",
        )
        for face in audit.blank[:MOST_BLANKS].tolist()
    )


def _least_correlation(group: Group) -> float:
    return min(member.correlation for member in group.members)


def _make_card(audit: Audit, group: Group) -> GroupCard:
    shown = _representatives(audit, group)
    return GroupCard(
        number=group.number,
        contradicts=group.contradicts,
        thumbnails=tuple(
            _make_thumbnail(
                audit,
                member.face,
                note=""
                if group.kind == "equal"
                else f"{member.correlation:.3f}{', mirrored' if member.mirrored else ''}",
            )
            for member in shown
        ),
        num_hidden=len(group.members) - len(shown),
    )


def _representatives(audit: Audit, group: Group) -> list[Member]:
    """Some members, so chosen that each split and label of the group is seen."""
    seen: set[tuple[str, str]] = set()
    first: list[Member] = []
    rest: list[Member] = []
    for member in group.members:
        key = (audit.faces.split_name(member.face), audit.faces.emotion(member.face))
        (rest if key in seen else first).append(member)
        seen.add(key)
    return sorted((first + rest)[:MOST_MEMBERS], key=lambda member: member.face)


def _make_thumbnail(audit: Audit, face: int, *, note: str) -> Thumbnail:
    return Thumbnail(
        picture=embed_png(audit.faces.pixels(np.array([face]))[0]),
        split=audit.faces.split_name(face),
        label=audit.faces.emotion(face),
        file_name=audit.faces.file_name(face),
        note=note,
    )
