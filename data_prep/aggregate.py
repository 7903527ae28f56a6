"""The paper's aggregate: the sets that are prepared already, joined."""

import dataclasses
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import cast

import numpy as np

from data_prep import exclusions, splits
from data_prep.columns import NO_BOX
from data_prep.records import FaceRecord, Part
from data_prep.source import Options, Records, Request, Source, is_name
from gimefive_jax.errors import InputError, nearest
from gimefive_jax.images import Box
from gimefive_jax.set_metadata import VERSION, Joined, Metadata, read_json

# The train parts of these, in the order of the paper ...
MEMBERS = ("raf_db", "fer2013", "affectnet", "ck_plus", "tfeid")
# ... and the test parts of sets from these sources, whatever the sets' names. Every other official
# test part stays out altogether.
TESTED = ("raf_db", "fer2013")
_CHUNK = 512


@dataclasses.dataclass(frozen=True)
class AggregateOptions(Options):
    """What is joined."""

    members: tuple[str, ...] = ()
    """Prepared sets; empty means all of the paper's that are there."""


class Aggregate(Source):
    """The sets of the paper that are prepared already, joined."""

    options = AggregateOptions

    def fingerprint(self, request: Request, *, data_dir: Path) -> list[object]:
        """Of how splits are made, the exclusions and the members' own fingerprints."""
        members = _members(request, data_dir)
        return [
            *splits.SETTINGS,
            "original",
            "",
            exclusions.fingerprint(request.exclude),
            *[[member.name, member.metadata["fingerprint"]] for member in members],
        ]

    def records(self, request: Request, *, data_dir: Path) -> Records:
        """The faces of every member."""
        return read_members(_members(request, data_dir))

    def describe(self, request: Request, *, data_dir: Path) -> str:
        """Where the members lie."""
        return f"the joined sets in {data_dir}"

    def joined(self, request: Request, *, data_dir: Path) -> dict[str, Joined]:
        """What is taken of each member."""
        return {member.name: member.joined() for member in _members(request, data_dir)}


@dataclasses.dataclass(frozen=True)
class Member:
    """A prepared set that takes part."""

    name: str
    path: Path
    metadata: Metadata

    def part(self, split: str) -> Part | None:
        """What its faces of a physical split become; None where they stay out."""
        if split != "test" or self.metadata["carved_test"]:
            return "train"
        return "test" if self.metadata["source_name"] in TESTED else None

    def joined(self) -> Joined:
        """What is taken of it."""
        test = self.metadata["counts"].get("test", {})
        return {
            "left_out_of_test": sum(test.values()) if self.part("test") is None else 0,
            "whole": self.metadata["carved_test"],
        }


def find_members(
    data_dir: Path, variant: str, wanted: Sequence[str] = (), *, own_name: str
) -> list[Member]:
    """Finds the sets that an aggregate joins.

    Args:
      data_dir: Folder of prepared data sets.
      variant: Of their categories.
      wanted: Names; empty means the paper's that are prepared.
      own_name: The aggregate's, which cannot be its own member.

    Returns:
      The members, in order.

    Raises:
      InputError: If there is none, or a wanted one is missing.
    """
    _check_names(wanted, own_name=own_name)
    found = []
    for name in wanted or MEMBERS:
        path = data_dir / name / variant / VERSION
        if (path / "metadata.json").is_file():
            found.append(Member(name, path, _read_metadata(path, name)))
        elif wanted:
            raise InputError(
                f"member {name}/{variant} is not prepared in {data_dir}"
                f"{nearest(name, MEMBERS)}; prepare it with `gimefive data prepare {name}`"
            )
    if not found:
        raise InputError(
            f"gimefive joins sets that are prepared, and {data_dir} has none of "
            f"{', '.join(f'{name}/{variant}' for name in MEMBERS)}; prepare one of them first"
        )
    return found


def read_members(members: Sequence[Member]) -> Iterator[FaceRecord]:
    """Every face of the members that trains, and the tests of RAF-DB and FER2013.

    A set without official parts trains whole: its carved test part joins its train part. Names
    get the member's before them, so that they stay unique.
    """
    import tensorflow_datasets as tfds

    for member in members:
        builder = tfds.builder_from_directory(member.path)
        labels = member.metadata["emotions"]
        for split in builder.info.splits:
            part = member.part(split)
            if part is None:
                continue
            source = builder.as_data_source(split, decoders={"image": tfds.decode.SkipDecoding()})
            for start in range(0, len(source), _CHUNK):
                stop = min(start + _CHUNK, len(source))
                for record in source.__getitems__(range(start, stop)):
                    yield _face(record, member, part=part, labels=labels)


def _members(request: Request, data_dir: Path) -> list[Member]:
    wanted = request.options_as(AggregateOptions).members
    return find_members(data_dir, request.variant, wanted, own_name=request.prepared_name)


def _check_names(wanted: Sequence[str], *, own_name: str) -> None:
    for name, number in Counter(wanted).items():
        if not is_name(name):
            raise InputError(
                f"member '{name}' is no name of a data set; `gimefive data list` shows the names"
            )
        if number > 1:
            raise InputError(f"member {name} is given {number} times; name each member once")
        if name == own_name:
            raise InputError(
                f"{name} cannot be a member of itself; choose another --set-name or leave it out"
            )


def _read_metadata(path: Path, name: str) -> Metadata:
    metadata = read_json(path / "metadata.json")
    if missing := [key for key in Metadata.__annotations__ if key not in metadata]:
        raise InputError(
            f"member {name} in {path} was prepared by another version (its metadata lacks "
            f"{missing[0]}); prepare {name} again"
        )
    return cast(Metadata, metadata)


def _face(
    record: dict[str, object], member: Member, *, part: Part, labels: Sequence[str]
) -> FaceRecord:
    def text(name: str) -> str:
        value = record.get(name, b"")
        return value.decode() if isinstance(value, bytes) else str(value)

    box = tuple(int(side) for side in np.asarray(record.get("box", NO_BOX)).tolist())
    votes = np.asarray(record.get("votes", ())).tolist()
    landmarks = record.get("landmarks")
    present = landmarks is not None and bool(np.isfinite(np.asarray(landmarks)).any())
    image = record["image"]
    assert isinstance(image, bytes)
    return FaceRecord(
        image=image,
        emotion=labels[int(np.asarray(record["label"]))],
        file_name=f"{member.name}/{text('file_name')}",
        source=text("source"),
        usage=text("usage"),
        part=part,
        pixel_sha256=text("pixel_sha256"),
        channels=member.metadata["channels"],
        # The same code may be another person in another set.
        subject=f"{member.name}/{text('subject')}" if text("subject") else "",
        box=Box.from_corners(*box) if box != NO_BOX else None,
        landmarks=np.asarray(landmarks, np.float32) if present else None,
        votes=dict(zip(member.metadata["vote_names"], votes, strict=False)),
        attributes=json.loads(text("attributes") or "{}"),
    )
