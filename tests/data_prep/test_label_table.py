import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from data_prep.label_table import fingerprint, read_records
from data_prep.records import FaceRecord, SkippedImage
from gimefive_jax.errors import InputError
from tests.raw_fer2013 import EMOTIONS, jpeg, make_pixels, zip_folder
from tests.raw_folders import write_table

WORDS = [f"images/{number}.jpg,{EMOTIONS[number % 7]}" for number in range(14)]


def read(raw: Path, **options: str) -> list[FaceRecord]:
    records = list(read_records(raw, **options))
    assert all(isinstance(record, FaceRecord) for record in records)
    return records


@pytest.mark.parametrize("form", ["csv", "folder", "zip"])
@pytest.mark.parametrize(
    "lines",
    [
        WORDS,
        ["file,label", *WORDS],
        ["\ufeffFile Name,Emotion", *WORDS],
        [f"images/{number}.jpg,{number % 7}" for number in range(14)],
        ["expression;path", *(";".join(line.split(",")[::-1]) for line in WORDS)],
        [line.replace("/", "\\") for line in WORDS],
        [f"./{line}" for line in WORDS],
        ["id,image,class", *(f"{number},{line}" for number, line in enumerate(WORDS)), ""],
    ],
    ids=["bare", "header", "bom", "numbers", "semicolon", "backslash", "dot", "columns"],
)
def test_every_way_to_write_it_lists_the_same_faces(
    tmp_path: Path, lines: Sequence[str], form: str
) -> None:
    write_table(tmp_path / "set" / "labels.csv", lines)
    raw = {
        "csv": lambda: tmp_path / "set" / "labels.csv",
        "folder": lambda: tmp_path / "set",
        "zip": lambda: zip_folder(tmp_path / "set", tmp_path / "set.zip"),
    }[form]()
    records = read(raw)
    assert [(r.file_name, r.emotion) for r in records] == [tuple(row.split(",")) for row in WORDS]
    assert {(record.part, record.source) for record in records} == {("whole", "table")}
    assert records[3].image == jpeg(make_pixels(3))


def test_split_and_subject_are_columns(tmp_path: Path) -> None:
    parts = ["train"] * 8 + ["validation"] * 2 + ["PublicTest"] * 4
    rows = [
        f"{row},{part},s{n % 3}" for n, (row, part) in enumerate(zip(WORDS, parts, strict=True))
    ]
    write_table(tmp_path / "labels.csv", ["path,category,Usage,subject", *rows])
    records = read(tmp_path, source="mine")
    assert [record.part for record in records] == ["train"] * 10 + ["test"] * 4
    assert [record.usage for record in records] == parts
    assert records[4].subject == "s1"
    assert records[0].source == "mine"


def test_files_may_be_named_from_the_top_and_others_are_left_alone(tmp_path: Path) -> None:
    write_table(tmp_path / "labels.csv", [])
    (tmp_path / "lists").mkdir()
    (tmp_path / "labels.csv").rename(tmp_path / "lists" / "labels.csv")
    (tmp_path / "lists" / "labels.csv").write_text("\n".join(WORDS[:3]))
    assert len(read(tmp_path)) == 3


def test_words_outside_the_variants_are_kept(tmp_path: Path) -> None:
    write_table(tmp_path / "labels.csv", ["images/0.jpg,Contempt", *WORDS[1:]])
    assert read(tmp_path)[0].emotion == "contempt"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("images/99.jpg,fear", r"lists images/99\.jpg \(1 such files\)"),
        ("../secret.jpg,fear", r"line 15: file '\.\./secret\.jpg' must be a path inside"),
        ("/etc/passwd,fear", r"line 15: file '/etc/passwd' must be a path inside"),
        ("C:\\faces\\1.jpg,fear", r"line 15: file 'C:.*' must be a path inside"),
        (",fear", r"line 15: file '' must be a path inside"),
        ("images/0.jpg,fear", r"line 15 lists images/0\.jpg again"),
        ("images/1.jpg,bored", r"line 15: 'bored' is not an expression category"),
        ('images/1.jpg,"fe\nar"', r"line 16: 'fe ar' is not an expression category"),
        ("images/1.jpg,7", r"line 15: category '7' must be 0 happiness, 1 surprise"),
        ("images/1.jpg,fear,1", r"line 15 holds 3 columns; the file must be a csv of `file,label`"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, line: str, message: str) -> None:
    write_table(tmp_path / "set" / "labels.csv", [*WORDS, line])
    (tmp_path / "secret.jpg").write_bytes(jpeg(make_pixels(0)))
    for raw in (tmp_path / "set", tmp_path / "set" / "labels.csv"):
        with pytest.raises(InputError, match=message) as error:
            read(raw)
        assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([], "is empty; it must be a csv of"),
        (["file,label"], "lists no faces"),
        (["file,label,split", "images/0.jpg,fear,third"], "line 2: 'third' is no part of a data"),
        (
            ["file,label,split", "images/0.jpg,fear"],
            "line 2 holds 2 columns, fewer than the header",
        ),
        (["img,cls", *WORDS], "line 1: 'cls' is not an expression category"),
    ],
)
def test_a_table_that_lists_nothing_readable_is_one_line(
    tmp_path: Path, lines: Sequence[str], message: str
) -> None:
    write_table(tmp_path / "labels.csv", lines)
    with pytest.raises(InputError, match=message) as error:
        read(tmp_path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(("num_tables", "found"), [(0, "no csv file"), (2, "2 csv files")])
def test_one_table_must_be_found(tmp_path: Path, num_tables: int, found: str) -> None:
    for number in range(num_tables):
        (tmp_path / f"{number}.csv").write_text(WORDS[0])
    with pytest.raises(InputError, match=f"holds {found}"):
        read(tmp_path)


def test_a_broken_image_is_skipped(tmp_path: Path) -> None:
    write_table(tmp_path / "labels.csv", WORDS)
    (tmp_path / "images" / "0.jpg").write_text("no image")
    first, *rest = read_records(tmp_path)
    assert isinstance(first, SkippedImage)
    assert len(rest) == 13


def test_a_changed_image_beside_a_csv_changes_its_fingerprint(tmp_path: Path) -> None:
    write_table(tmp_path / "labels.csv", WORDS)
    before = fingerprint(tmp_path / "labels.csv")
    (tmp_path / "unlisted.txt").write_text("no matter")
    assert fingerprint(tmp_path / "labels.csv") == before
    os.utime(tmp_path / "images" / "0.jpg", (1, 1))
    assert fingerprint(tmp_path / "labels.csv") != before
