import hashlib
import random
import tempfile
from collections import Counter, defaultdict
from pathlib import Path

from data_prep.records import FaceRecord
from data_prep.splits import carve, index_splits
from data_prep.spool import FaceTable, Spool


def table(records: list[FaceRecord]) -> FaceTable:
    with tempfile.TemporaryDirectory() as folder, Spool(Path(folder)) as spool:
        for face in records:
            spool.append(face)
        return spool.table()


def carved(records: list[FaceRecord], *, seed: int = 0, share: float = 0.1) -> list[bool]:
    return carve(table(records), seed=seed, share=share).tolist()


def record(
    picture: int, emotion: str, *, usage: str = "Training", copy: int = 0, subject: str = ""
) -> FaceRecord:
    return FaceRecord(
        image=b"",
        emotion=emotion,
        file_name=f"{usage}_{picture}_{copy}.png",
        source="fer2013",
        usage=usage,
        part="train" if usage == "Training" else "test",
        pixel_sha256=hashlib.sha256(str(picture).encode()).hexdigest(),
        channels=1,
        subject=subject,
    )


def many_records() -> list[FaceRecord]:
    counts = {"happiness": 1000, "disgust": 100, "fear": 37}
    records = []
    for label, (emotion, number) in enumerate(counts.items()):
        # Every fifth picture comes three times.
        for picture in range(number):
            for copy in range(3 if picture % 5 == 0 else 1):
                records.append(record(label * 10_000 + picture, emotion, copy=copy))
    # Pictures that lie in the set under two labels.
    records += [record(picture, "disgust", copy=9) for picture in range(0, 100, 10)]
    return records


def test_validation_takes_a_tenth_of_every_emotion() -> None:
    records = many_records()
    held = carved(records)
    first_label: dict[str, str] = {}
    for face in records:
        first_label.setdefault(face.pixel_sha256, face.emotion)
    all_faces = Counter(first_label[face.pixel_sha256] for face in records)
    validation = Counter(
        first_label[face.pixel_sha256]
        for face, is_held in zip(records, held, strict=True)
        if is_held
    )
    for emotion, number in all_faces.items():
        # A group of three may not fit in what is left.
        assert abs(validation[emotion] - number / 10) <= 2


def test_equal_images_are_never_divided() -> None:
    records = many_records()
    sides = defaultdict(set)
    for face, is_held in zip(records, carved(records), strict=True):
        sides[face.pixel_sha256].add(is_held)
    assert all(len(side) == 1 for side in sides.values())
    assert {True} in sides.values()


def test_validation_depends_on_pixels_and_seed_not_on_order() -> None:
    # Without groups of two labels: those count for the first record, so order is theirs to matter.
    records = [face for face in many_records() if not face.file_name.endswith("_9.png")]
    shuffled = random.Random(0).sample(records, len(records))
    assert held_names(records) == held_names(shuffled)
    assert held_names(records) != held_names(records, seed=1)


def held_names(records: list[FaceRecord], *, seed: int = 0) -> set[tuple[str, str]]:
    held = carved(records, seed=seed)
    return {
        (face.pixel_sha256, face.file_name)
        for face, is_held in zip(records, held, strict=True)
        if is_held
    }


def test_index_splits_follow_usage_and_leave_out_train_images() -> None:
    train = [record(number, "fear") for number in range(5)]
    test = [
        record(10, "fear", usage="PublicTest"),
        record(3, "fear", usage="PublicTest"),
        record(11, "fear", usage="PrivateTest"),
        record(4, "anger", usage="PrivateTest"),
        # Equal test images stay: only those that were trained on leave.
        record(11, "fear", usage="PrivateTest", copy=1),
    ]
    found = index_splits(table(test), train=table(train))
    assert {name: rows.tolist() for name, rows in found.items()} == {
        "public_test": [0, 1],
        "private_test": [2, 3, 4],
        "test_deduplicated": [0, 2, 4],
    }


def test_splits_without_rows_do_not_exist() -> None:
    assert index_splits(table([]), train=table([record(0, "fear")])) == {}
    unknown = [record(1, "fear", usage="Test")]
    assert list(index_splits(table(unknown), train=table([]))) == ["test_deduplicated"]


def people(number: int) -> list[FaceRecord]:
    """Each with a face or two of every emotion."""
    return [
        record(1000 * person + face, emotion, subject=f"S{person:03d}")
        for person in range(number)
        for face, emotion in enumerate(("happiness", "fear", "anger", "fear")[: 3 + person % 2])
    ]


def test_a_subject_is_never_divided() -> None:
    records = people(50)
    sides = defaultdict(set)
    for face, is_held in zip(records, carved(records), strict=True):
        sides[face.subject].add(is_held)
    assert all(len(side) == 1 for side in sides.values())


def test_subjects_fill_the_share_of_every_emotion() -> None:
    records = people(50)
    held = Counter(
        face.emotion for face, is_held in zip(records, carved(records), strict=True) if is_held
    )
    assert held["happiness"] >= 3
    assert held["fear"] <= 8
    assert set(held) == {"happiness", "fear", "anger"}


def test_equal_images_link_their_subjects() -> None:
    # Two codes for one person give themselves away by an image that lies under both.
    records = [*people(40), record(0, "happiness", subject="S001")]
    held = carved(records, share=0.5)
    linked = {
        is_held
        for face, is_held in zip(records, held, strict=True)
        if face.subject in ("S000", "S001")
    }
    assert len(linked) == 1


def test_subjects_are_carved_whatever_the_order() -> None:
    records = people(50)
    shuffled = random.Random(0).sample(records, len(records))
    assert held_names(records) == held_names(shuffled)
    assert held_names(records) != held_names(records, seed=1)


def test_faces_without_a_subject_are_each_their_own() -> None:
    records = [*people(10), *(record(90_000 + i, "fear") for i in range(100))]
    held = carved(records)
    assert any(held[-100:])
    assert not all(held[-100:])


def test_nothing_is_carved_from_nothing() -> None:
    assert carved([]) == []
