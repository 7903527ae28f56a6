"""Types of what an audit finds: members, groups, and everything together."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from jaxtyping import Float32, Int

from gimefive_jax.audit.blanks import Contrast
from gimefive_jax.audit.faces import Faces
from gimefive_jax.data import PreparedSet

Kind = Literal["equal", "near"]


@dataclasses.dataclass(frozen=True)
class Member:
    """A face in a group of copies."""

    face: int
    """Number among all faces of the set."""
    correlation: float
    """With the most alike other picture of the group; 1 in a group of equal pictures."""
    mirrored: bool
    """Whether that one is seen in a mirror."""


@dataclasses.dataclass(frozen=True)
class Group:
    """Copies of one picture."""

    number: int
    """Counts through the groups of both kinds."""
    kind: Kind
    """Equal decoded pixels, or near-duplicates that verified pairs connect."""
    members: tuple[Member, ...]
    """By face: train, validation, test. A near group lists all equal copies of its pictures."""
    contradicts: bool
    """Whether its faces have different labels."""
    in_train: bool
    """Whether one lies in train or validation, which together are the official train part."""
    in_test: bool
    """Whether one lies in test."""
    chained: bool
    """Whether some of its pictures are connected only through others, not by a pair."""

    @property
    def crosses(self) -> bool:
        """Whether it lies in train and test."""
        return self.in_train and self.in_test


@dataclasses.dataclass(frozen=True)
class Audit:
    """Everything found in a prepared set."""

    prepared: PreparedSet
    faces: Faces
    equal: tuple[Group, ...]
    near: tuple[Group, ...]
    contrast: Contrast
    blank: Int[np.ndarray, "_"]
    """Faces that show nothing."""
    picture: Int[np.ndarray, " face"]
    """The same number for faces with equal pixels."""
    mean_faces: Mapping[str, Mapping[str, Float32[np.ndarray, "height width channel"]]]
    """By part (train with validation, and test) and category that has faces there."""
    thresholds: Mapping[str, float]

    @property
    def data_name(self) -> str:
        """Data set and variant, such as `fer2013/six`."""
        return str(self.prepared.data_name)


@dataclasses.dataclass(frozen=True)
class GroupCounts:
    """How many groups of copies there are, and where they lie; train includes validation."""

    groups: int
    faces: int
    """In all groups."""
    largest: int
    """Faces of the largest group."""
    within_train: int
    within_test: int
    across_train_and_test: int
    contradicting: int
    """Groups whose faces have different labels."""
    chained: int
    """Groups of which some faces are connected only through others."""
    test_faces_in_train: int
    """Test faces of which a copy lies in train."""


def count_groups(audit: Audit, groups: Sequence[Group]) -> GroupCounts:
    """Counts groups, where they lie, and how many contradict themselves.

    Args:
      audit: The findings.
      groups: Its groups of one kind.
    """
    return GroupCounts(
        groups=len(groups),
        faces=sum(len(group.members) for group in groups),
        largest=max((len(group.members) for group in groups), default=0),
        within_train=sum(not group.in_test for group in groups),
        within_test=sum(not group.in_train for group in groups),
        across_train_and_test=sum(group.crosses for group in groups),
        contradicting=sum(group.contradicts for group in groups),
        chained=sum(group.chained for group in groups),
        test_faces_in_train=sum(
            audit.faces.in_test(member.face)
            for group in groups
            if group.crosses
            for member in group.members
        ),
    )
