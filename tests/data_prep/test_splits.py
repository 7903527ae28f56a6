import hashlib
import random
from collections import Counter, defaultdict

from data_prep.records import FaceRecord
from data_prep.splits import carve_validation, index_splits


def record(picture: int, emotion: str, *, usage: str = "Training", copy: int = 0) -> FaceRecord:
    return FaceRecord(
        image=b"",
        emotion=emotion,
        file_name=f"{usage}_{picture}_{copy}.png",
        source="fer2013",
        usage=usage,
        part="train" if usage == "Training" else "test",
        pixel_sha256=hashlib.sha256(str(picture).encode()).hexdigest(),
        channels=1,
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
    held = carve_validation(records)
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
    for face, is_held in zip(records, carve_validation(records), strict=True):
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
    held = carve_validation(records, seed=seed)
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
    assert index_splits(test, train=train) == {
        "public_test": [0, 1],
        "private_test": [2, 3, 4],
        "test_deduplicated": [0, 2, 4],
    }


def test_splits_without_rows_do_not_exist() -> None:
    assert index_splits([], train=[record(0, "fear")]) == {}
    unknown = [record(1, "fear", usage="Test")]
    assert list(index_splits(unknown, train=[])) == ["test_deduplicated"]
