"""What becomes of records, whatever source they come from."""

import csv
import io
import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data_prep import sources
from data_prep.prepare import Prepared, prepare_request
from data_prep.records import Box, FaceRecord, Part, SkippedImage, make_record
from data_prep.sources import Request, Source
from gimefive_jax.cli import main
from gimefive_jax.config import DataConfig
from gimefive_jax.data import Split, open_split
from gimefive_jax.emotions import EMOTIONS
from gimefive_jax.errors import InputError


def face(
    number: int,
    *,
    emotion: str | None = None,
    part: Part = "whole",
    size: tuple[int, int] = (20, 20),
    source: str = "made_up",
    **more: object,
) -> FaceRecord:
    pixels = np.random.default_rng(number).integers(0, 256, size, np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    record = make_record(
        file.getvalue(),
        emotion=emotion or EMOTIONS[number % 6],
        file_name=f"{number}.png",
        source=source,
        usage="all",
        part=part,
        **more,  # type: ignore[arg-type]
    )
    assert isinstance(record, FaceRecord)
    return record


def faces(number: int, **more: object) -> list[FaceRecord]:
    return [face(i, **more) for i in range(number)]  # type: ignore[arg-type]


@pytest.fixture
def made_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> "MadeUp":
    return MadeUp(monkeypatch, tmp_path)


class MadeUp:
    """A data set whose reader yields what a test says."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        self.monkeypatch, self.folder = monkeypatch, folder

    def prepare(
        self,
        records: Iterable[FaceRecord | SkippedImage],
        *,
        name: str = "made_up",
        exclude: Path | None = None,
        set_name: str = "",
    ) -> Prepared:
        reader = Source("Made up.", "made_up", "folder")
        self.monkeypatch.setattr(Source, "read", lambda *_: iter(records))
        self.monkeypatch.setattr(sources, "SOURCES", {**sources.SOURCES, name: reader})
        (self.folder / "raw").mkdir(exist_ok=True)
        request = Request(name, raw=self.folder / "raw", exclude=exclude, set_name=set_name)
        return prepare_request(request, data_dir=self.folder / "tfds")

    def open(self, split: str, *, name: str = "made_up", **data: object) -> Split:
        config = DataConfig(name=name, directory=str(self.folder / "tfds"), image_size=32, **data)  # type: ignore[arg-type]
        return open_split(config, split)


def test_a_test_part_is_carved_where_there_is_none(made_up: MadeUp) -> None:
    prepared = made_up.prepare(faces(600))
    sizes = {name: sum(counts.values()) for name, counts in prepared.counts.items()}
    assert sizes == {"train": 432, "validation": 48, "test": 120, "test_deduplicated": 120}


def test_an_official_test_part_is_left_alone(made_up: MadeUp) -> None:
    records = [*faces(60, part="train"), *(face(i, part="test") for i in range(100, 112))]
    prepared = made_up.prepare(records)
    assert sum(prepared.counts["test"].values()) == 12
    assert set(made_up.open("test").file_names) == {f"{i}.png" for i in range(100, 112)}


def test_everything_a_source_says_comes_back_by_row(made_up: MadeUp) -> None:
    records = faces(120)
    special = face(
        1000,
        part="whole",
        subject="S7",
        votes={"fear": 3.0, "anger": 1.0},
        landmarks=np.array([[1, 2], [3, 4]]),
        attributes={"gender": "female"},
        size=(40, 60),
        box=Box(10, 5, 30, 25),
    )
    made_up.prepare([*records, special])
    splits = [made_up.open(name) for name in ("train", "validation", "test")]
    [split] = [split for split in splits if "1000.png" in set(split.file_names)]
    row = list(split.file_names).index("1000.png")
    other = (row + 1) % len(split)
    extras = split.extras
    assert [extras["subject"][i] for i in (row, other)] == [b"S7", b""]
    assert json.loads(extras["attributes"][row]) == {"gender": "female"}
    assert extras["box"][[row, other]].tolist() == [[10, 5, 30, 25], [-1, -1, -1, -1]]
    assert extras["landmarks"][row].tolist() == [[1, 2], [3, 4]]
    assert np.isnan(extras["landmarks"][other]).all()
    assert extras["votes"][[row, other]].tolist() == [[3, 1], [0, 0]]
    assert extras["pixel_sha256"][row].tobytes().hex() == special.pixel_sha256


def test_a_face_is_cut_out_by_its_box(made_up: MadeUp) -> None:
    box = Box(10, 5, 30, 25)
    made_up.prepare([face(i, size=(40, 60), box=box) for i in range(120)])
    train = made_up.open("train")
    with Image.open(io.BytesIO(face(int(train.file_names[0][:-4]), size=(40, 60)).image)) as image:
        wanted = {
            "box": image.crop(box).resize((32, 32), Image.Resampling.BILINEAR),
            "whole": image.resize((32, 32), Image.Resampling.BILINEAR),
        }
    for crop, pixels in wanted.items():
        found = made_up.open("train", crop=crop).images[0, :, :, 0]
        np.testing.assert_array_equal(found, np.asarray(pixels))


def test_a_box_beside_the_image_is_named() -> None:
    file = io.BytesIO()
    Image.new("L", (10, 10)).save(file, "PNG")
    record = make_record(
        file.getvalue(),
        emotion="fear",
        file_name="a.png",
        source="made_up",
        usage="",
        part="train",
        box=Box(20, 20, 30, 30),
    )
    assert record == SkippedImage("a.png", "a.png: its face box holds nothing of the image")


def test_other_categories_are_counted_and_left_out(made_up: MadeUp) -> None:
    prepared = made_up.prepare([*faces(60), face(90, emotion="contempt")])
    assert prepared.left_out == {"contempt": 1}


def exclusion_list(path: Path, records: Iterable[FaceRecord]) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["file_name", "pixel_sha256", "reason"])
        writer.writerows([r.file_name, r.pixel_sha256, "blank"] for r in records)
    return path


def test_excluded_faces_leave_train_and_validation_and_move_no_other(
    made_up: MadeUp, tmp_path: Path
) -> None:
    records = faces(120)
    parts = ("train", "validation", "test")
    before = made_up.prepare(records)
    names = {part: list(made_up.open(part).file_names) for part in parts}
    gone = {*names["train"][:5], *names["validation"][:2]}
    listed = exclusion_list(tmp_path / "x.csv", [r for r in records if r.file_name in gone])
    prepared = made_up.prepare(records, exclude=listed)
    assert (before.excluded, prepared.excluded) == (0, 7)
    assert not prepared.already_prepared
    for part in parts:
        wanted = [name for name in names[part] if name not in gone]
        assert list(made_up.open(part).file_names) == wanted


def test_a_list_that_names_a_test_face_is_refused(made_up: MadeUp, tmp_path: Path) -> None:
    records = faces(120)
    made_up.prepare(records)
    tested = set(made_up.open("test").file_names)
    listed = exclusion_list(tmp_path / "x.csv", [r for r in records if r.file_name in tested])
    with pytest.raises(InputError, match=r"such faces\), which lies in test; no face is left out"):
        made_up.prepare(records, exclude=listed)


def test_a_list_of_seven_categories_serves_six(made_up: MadeUp, tmp_path: Path) -> None:
    records = [*faces(60, part="train"), face(90, emotion="neutral", part="train")]
    listed = exclusion_list(tmp_path / "x.csv", [records[3], records[60]])
    prepared = made_up.prepare(records, exclude=listed)
    assert (prepared.excluded, prepared.left_out) == (1, {"neutral": 1})


def test_an_exclusion_list_of_another_download_is_refused(made_up: MadeUp, tmp_path: Path) -> None:
    listed = exclusion_list(tmp_path / "x.csv", [face(7)])
    other = [face(i + 1000) for i in range(60)]
    with pytest.raises(InputError, match=r"lists 7\.png \(1 such faces\), which the download"):
        made_up.prepare(other, exclude=listed)
    listed.write_text(listed.read_text().replace(face(7).pixel_sha256, "0" * 64))
    with pytest.raises(InputError, match=r"lists 7\.png with other pixels"):
        made_up.prepare(faces(60), exclude=listed)
    for text in ("name\n7.png\n", "name\n", ""):
        listed.write_text(text)
        with pytest.raises(InputError, match="must have the columns file_name, pixel_sha256, r"):
            made_up.prepare(faces(60), exclude=listed)
    with pytest.raises(InputError, match=r"no exclusion list at .*nowhere\.csv; `gimefive data au"):
        made_up.prepare(faces(60), exclude=tmp_path / "nowhere.csv")


def test_an_exclusion_list_that_a_spreadsheet_saved_is_read(
    made_up: MadeUp, tmp_path: Path
) -> None:
    records = faces(60, part="train")
    listed = exclusion_list(tmp_path / "x.csv", records[:1])
    listed.write_bytes(b"\xef\xbb\xbf" + listed.read_bytes())
    assert made_up.prepare(records, exclude=listed).excluded == 1
    listed.write_text("file_name,pixel_sha256,reason\n")
    assert made_up.prepare(records, exclude=listed).excluded == 0


def test_the_aggregate_joins_what_is_prepared(made_up: MadeUp, tmp_path: Path) -> None:
    data_dir = tmp_path / "tfds"
    with pytest.raises(InputError, match="has none of raf_db/six, fer2013/six"):
        prepare_request(Request("gimefive"), data_dir=data_dir)
    fer = [*faces(60, part="train", source="fer2013")]
    fer += [face(i, part="test", source="fer2013") for i in range(100, 112)]
    made_up.prepare(fer, name="fer2013")
    # One subject in two sets is two people; the train part of FER2013 holds a picture of CK+'s.
    made_up.prepare(
        [
            *(face(i, source="ck_plus", subject=f"S{i}") for i in range(200, 260)),
            face(3, source="ck_plus"),
        ],
        name="ck_plus",
    )
    made_up.monkeypatch.undo()
    prepared = prepare_request(Request("gimefive"), data_dir=data_dir)
    assert prepared.sources == {"fer2013": 72, "ck_plus": 61}
    assert sum(prepared.counts["test"].values()) == 12
    train, validation = (made_up.open(name, name="gimefive") for name in ("train", "validation"))
    assert len(train) + len(validation) == 121
    both = [
        {"fer2013/3.png", "ck_plus/3.png"} & set(split.file_names) for split in (train, validation)
    ]
    assert sorted(map(len, both)) == [0, 2]
    assert prepare_request(Request("gimefive"), data_dir=data_dir).already_prepared
    only = prepare_request(Request("gimefive", members=("ck_plus",)), data_dir=data_dir)
    assert only.sources == {"ck_plus": 61}
    with pytest.raises(InputError, match="member raf_db/six is not prepared"):
        prepare_request(Request("gimefive", members=("raf_db",)), data_dir=data_dir)


def fer_clean(made_up: MadeUp) -> Path:
    """A folder of prepared sets that holds one of FER2013, under a name of the user's own."""
    records = [*faces(60, part="train"), *(face(i, part="test") for i in range(100, 112))]
    made_up.prepare(records, name="fer2013", set_name="fer_clean")
    made_up.prepare([face(i) for i in range(200, 320)], name="ck_plus")
    made_up.prepare(
        [face(i, part="test" if i > 480 else "train") for i in range(400, 490)], name="affectnet"
    )
    return made_up.folder / "tfds"


def test_the_source_of_a_member_decides_whether_it_is_tested(
    made_up: MadeUp, capsys: pytest.CaptureFixture[str]
) -> None:
    data_dir = fer_clean(made_up)
    made_up.monkeypatch.undo()
    words = ["data", "prepare", "gimefive", "--set-name", "mine", "--data-dir", str(data_dir)]
    words += ["--members", "fer_clean", "ck_plus", "affectnet"]
    for _ in range(2):
        assert main(words) == 0
        printed = capsys.readouterr().out
        assert "joined from made_up 273" in printed
        assert "affectnet: 9 test faces left out" in printed
        assert "ck_plus has a carved test and trains whole" in printed
        assert "fer_clean: " not in printed
    assert len(made_up.open("test", name="mine")) == 12


@pytest.mark.parametrize(
    ("members", "message"),
    [
        (("ck_plus", "ck_plus"), "member ck_plus is given 2 times"),
        (("mine",), "mine cannot be a member of itself"),
        (("../tfds/ck_plus",), "member '../tfds/ck_plus' is no name of a data set"),
    ],
)
def test_what_cannot_be_a_member_is_refused(
    members: tuple[str, ...], message: str, tmp_path: Path
) -> None:
    request = Request("gimefive", members=members, set_name="mine")
    with pytest.raises(InputError, match=message):
        prepare_request(request, data_dir=tmp_path)


@pytest.mark.parametrize("text", ["[]", "{}", '{"emotions": ["fear"]}', "{"])
def test_a_member_of_another_version_is_to_be_prepared_again(
    made_up: MadeUp, text: str, tmp_path: Path
) -> None:
    prepared = made_up.prepare(faces(60), name="ck_plus")
    made_up.monkeypatch.undo()
    (prepared.path / "metadata.json").write_text(text)
    for members in ((), ("ck_plus",)):
        with pytest.raises(InputError, match="prepare ck_plus again"):
            prepare_request(Request("gimefive", members=members), data_dir=tmp_path / "tfds")


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (Request("gimefive", raw=Path("x")), "gimefive is read from no download"),
        (Request("raf_db", raw=Path("x"), ferplus=Path("y")), "FER.* has votes for fer2013, not"),
        (Request("fer2013", raw=Path("x"), labels="votes"), "give it with --ferplus"),
        (Request("fer2013", raw=Path("x"), members=("raf_db",)), "fer2013 has no members"),
        (Request("drawn_faces", exclude=Path("x")), "drawn_faces takes no exclusion list"),
        (Request("folders", raw=Path("x"), set_name="My Set"), "name 'My Set' must be of small"),
        (Request("folders", raw=Path("x"), set_name="raf_db"), "is another data set's"),
    ],
)
def test_what_does_not_go_together_is_refused(
    request_: Request, message: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=message):
        prepare_request(request_, data_dir=tmp_path)
