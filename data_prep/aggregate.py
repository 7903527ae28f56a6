"""The paper's aggregate: the sets that are prepared already, joined."""

import dataclasses
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from data_prep.columns import NO_BOX
from data_prep.contents import VERSION, Metadata
from data_prep.records import Box, FaceRecord, Part
from gimefive_jax.errors import InputError, nearest

# The train parts of these, in the order of the paper ...
MEMBERS = ("raf_db", "fer2013", "affectnet", "ck_plus", "tfeid")
# ... and the test parts of these. Every other official test part stays out altogether.
TESTED = ("raf_db", "fer2013")
_CHUNK = 512


@dataclasses.dataclass(frozen=True)
class Member:
    """A prepared set that takes part."""

    name: str
    path: Path
    metadata: Metadata


def find_members(data_dir: Path, variant: str, wanted: Sequence[str] = ()) -> list[Member]:
    """The sets named by `wanted`, or the paper's that are prepared; InputError if there is none."""
    found = []
    for name in wanted or MEMBERS:
        path = data_dir / name / variant / VERSION
        try:
            metadata = json.loads((path / "metadata.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            if wanted:
                raise InputError(
                    f"member {name}/{variant} is not prepared in {data_dir}"
                    f"{nearest(name, MEMBERS)}; prepare it with `gimefive data prepare {name}`"
                ) from None
            continue
        found.append(Member(name, path, metadata))
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
            part = _part(member, split)
            if part is None:
                continue
            source = builder.as_data_source(split, decoders={"image": tfds.decode.SkipDecoding()})
            for start in range(0, len(source), _CHUNK):
                stop = min(start + _CHUNK, len(source))
                for record in source.__getitems__(range(start, stop)):
                    yield _face(record, member, part=part, labels=labels)


def _part(member: Member, split: str) -> Part | None:
    if split != "test" or member.metadata["carved_test"]:
        return "train"
    return "test" if member.name in TESTED else None


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
        box=Box(*box) if box != NO_BOX else None,
        landmarks=np.asarray(landmarks, np.float32) if present else None,
        votes=dict(zip(member.metadata["vote_names"], votes, strict=False)),
        attributes=json.loads(text("attributes") or "{}"),
    )
