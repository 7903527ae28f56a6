from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from data_prep import fer2013
from data_prep.ferplus import CATEGORIES, read_votes
from data_prep.prepare import prepare
from data_prep.records import FaceRecord
from gimefive_jax.errors import InputError
from tests.raw_fer2013 import (
    EMOTIONS,
    RawFace,
    make_faces,
    write_csv,
    write_folders,
    write_labelled,
    zip_folder,
)
from tests.raw_ferplus import HEADER, write_ferplus

FACES = make_faces(num_train=2)
HEADERS = {
    "a": ["emotion", "pixels", "Usage"],
    "b": ["emotion", " Usage", " pixels"],
}
VOTES = {
    0: {"surprise": 6, "happiness": 4},
    1: {"happiness": 5, "surprise": 5},
    2: {"contempt": 9, "happiness": 1},
    3: {"unknown": 6, "happiness": 4},
    4: {"not a face": 10},
}


@pytest.fixture
def ferplus(tmp_path: Path) -> Path:
    return write_ferplus(tmp_path / "plus" / "fer2013new.csv", FACES, votes=VOTES)


def read(raw: Path, **options: object) -> list[FaceRecord]:
    records = list(fer2013.read_records(raw, **options))
    assert all(isinstance(record, FaceRecord) for record in records)
    return records


@pytest.mark.parametrize("layout", HEADERS)
def test_votes_join_the_rows_and_leave_the_labels(
    tmp_path: Path, ferplus: Path, layout: str
) -> None:
    write_csv(tmp_path / "fer2013.csv", FACES, header=HEADERS[layout])
    records = read(tmp_path / "fer2013.csv", ferplus=ferplus)
    assert [record.emotion for record in records] == [face.emotion for face in FACES]
    for row, (record, face) in enumerate(zip(records, FACES, strict=True)):
        wanted = VOTES.get(row, {face.emotion: 7, "contempt": 3})
        assert record.votes == {category: wanted.get(category, 0) for category in CATEGORIES}


def test_without_votes_the_faces_are_otherwise_the_same(tmp_path: Path, ferplus: Path) -> None:
    write_csv(tmp_path / "fer2013.csv", FACES, header=HEADERS["a"])
    plain = read(tmp_path / "fer2013.csv")
    assert {len(record.votes) for record in plain} == {0}
    with_votes = read(tmp_path / "fer2013.csv", ferplus=ferplus)
    assert [r.pixel_sha256 for r in plain] == [r.pixel_sha256 for r in with_votes]
    assert [r.file_name for r in plain] == [r.file_name for r in with_votes]


def test_the_majority_of_votes_can_be_the_label(tmp_path: Path, ferplus: Path) -> None:
    write_csv(tmp_path / "fer2013.csv", FACES, header=HEADERS["a"])
    records = read(tmp_path / "fer2013.csv", ferplus=ferplus, labels="votes")
    words = ["surprise", "ambiguous", "contempt", "unknown", "not a face"]
    assert [record.emotion for record in records[:5]] == words
    assert [r.emotion for r in records[5:]] == [face.emotion for face in FACES[5:]]


def test_votes_of_a_table_of_training_rows_are_those_of_training(
    tmp_path: Path, ferplus: Path
) -> None:
    train = [face for face in FACES if face.usage == "Training"]
    write_csv(tmp_path / "train.csv", train, header=["emotion", "pixels"])
    records = read(tmp_path / "train.csv", ferplus=ferplus)
    assert len(records) == len(train)
    assert records[2].votes["surprise"] == 7


def test_votes_are_found_in_a_zip_or_a_folder_with_both_tables(
    tmp_path: Path, ferplus: Path
) -> None:
    write_csv(ferplus.parent / "fer2013.csv", FACES, header=HEADERS["a"])
    votes = read_votes(ferplus)
    assert votes == read_votes(ferplus.parent)
    assert votes == read_votes(zip_folder(ferplus.parent, tmp_path / "plus.zip"))
    assert read(ferplus.parent, ferplus=ferplus.parent)[0].votes["surprise"] == 6


def test_a_broken_row_does_not_shift_the_votes_of_the_next(tmp_path: Path, ferplus: Path) -> None:
    write_csv(tmp_path / "fer2013.csv", FACES, header=HEADERS["a"])
    lines = (tmp_path / "fer2013.csv").read_text().splitlines()
    lines[1] = "3,1 2 3,Training"
    (tmp_path / "fer2013.csv").write_text("\n".join(lines))
    skipped, second, *_ = fer2013.read_records(tmp_path / "fer2013.csv", ferplus=ferplus)
    assert "holds 3 pixels" in skipped.reason
    assert second.votes["happiness"] == second.votes["surprise"] == 5


@pytest.mark.parametrize("write", [write_folders, write_labelled])
def test_pictures_do_not_tell_their_rows_and_get_no_votes(
    tmp_path: Path, ferplus: Path, write: Callable[[Path, Sequence[RawFace]], None]
) -> None:
    write(tmp_path / "raw", FACES)
    with pytest.raises(InputError, match=r"do not tell their rows .* give fer2013\.csv"):
        read(tmp_path / "raw", ferplus=ferplus)


def test_votes_as_labels_need_votes(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"give its fer2013new\.csv"):
        read(tmp_path, labels="votes")


@pytest.mark.parametrize(
    ("faces", "message"),
    [
        (FACES[:-1], r"holds only 34 rows"),
        ([*FACES, FACES[-1]], r"holds 1 rows more than"),
        (FACES[::-1], r"row 0 \(line 2\) is of Training, the same row of .* of PublicTest"),
    ],
    ids=["fewer", "more", "order"],
)
def test_votes_of_other_rows_are_refused(
    tmp_path: Path, faces: Sequence[RawFace], message: str
) -> None:
    write_csv(tmp_path / "fer2013.csv", FACES, header=HEADERS["a"])
    ferplus = write_ferplus(tmp_path / "fer2013new.csv", faces)
    with pytest.raises(InputError, match=message) as error:
        read(tmp_path / "fer2013.csv", ferplus=ferplus)
    assert "\n" not in str(error.value)


def test_votes_in_another_order_are_noticed_by_what_they_say(tmp_path: Path) -> None:
    train = [face for face in make_faces(num_train=20) if face.usage == "Training"]
    write_csv(tmp_path / "fer2013.csv", train, header=HEADERS["a"])
    turned = [*train[20:], *train[:20]]
    ferplus = write_ferplus(tmp_path / "fer2013new.csv", turned)
    with pytest.raises(InputError, match="agree on 0 of 140 faces, so their rows"):
        read(tmp_path / "fer2013.csv", ferplus=ferplus)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n", "holds no table of FER"),
        (f"{HEADER}\nTraining,fer0000000.png,1\n", r"line 2 holds 3 columns, must hold 12"),
        (f"{HEADER}\nTrain,x,{','.join('0' * 10)}\n", r"line 2: Usage 'Train' must be Training"),
        (f"{HEADER}\nTraining,x,-1,{','.join('0' * 9)}\n", r"line 2: number of votes '-1' must"),
    ],
)
def test_a_table_that_is_not_ferplus_is_one_clear_line(
    tmp_path: Path, text: str, message: str
) -> None:
    (tmp_path / "fer2013new.csv").write_text(text)
    with pytest.raises(InputError, match=message):
        read_votes(tmp_path / "fer2013new.csv")


def test_the_variant_eight_takes_contempt_by_votes(tmp_path: Path) -> None:
    faces = make_faces(emotions=[*EMOTIONS, "anger"])
    votes = {row: {"contempt": 6} for row in range(len(faces) - 13, len(faces))}
    write_ferplus(tmp_path / "fer2013new.csv", faces, votes=votes)
    write_csv(tmp_path / "fer2013.csv", faces, header=HEADERS["a"])
    options = fer2013.Fer2013Options(tmp_path / "fer2013new.csv", "votes")
    raw, data = tmp_path / "fer2013.csv", tmp_path / "data"
    prepared = prepare("fer2013", raw=raw, data_dir=data, variant="eight", options=options)
    assert list(prepared.counts["train"])[-2:] == ["neutral", "contempt"]
    assert prepared.counts["train"]["contempt"] == prepared.counts["train"]["neutral"]
