import csv
import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import gimefive_jax
from gimefive_jax.cli import main
from gimefive_jax.cli.telling import MEANING
from gimefive_jax.emotions import EMOTIONS
from gimefive_jax.faces import REGIONS
from gimefive_jax.faces.found import FaceBox
from gimefive_jax.predicting import read_rows
from tests.cli.command import run
from tests.predicting.astronaut import SCENES, scenes
from tests.tolerances import RELATIVE, SAME_PROGRAM

BEFORE = "filepath,face,left,top,width,height,detector_score"
HEADER = f"{BEFORE},{','.join(EMOTIONS)},probabilities,predicted,note"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Image files of several modes and sizes, in nested folders, with one that is no image."""
    generator = np.random.default_rng(0)
    root = tmp_path / "photos"
    (root / "more").mkdir(parents=True)
    colours = Image.fromarray(generator.integers(0, 256, (120, 90, 3), np.uint8))
    colours.save(root / "b.jpg")
    colours.convert("P").save(root / "a.png")
    colours.convert("CMYK").save(root / "more" / "a.TIFF")
    colours.convert("RGBA").resize((70, 100)).save(root / "more" / "c.png")
    (root / "notes.txt").write_text("no image")
    return root


def _table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_files_and_folders_become_rows(
    tiny_run: Path, folder: Path, capsys: pytest.CaptureFixture[str]
):
    assert main(["predict", str(tiny_run), str(folder)]) == 0
    output = capsys.readouterr().out
    assert output.splitlines()[0] == HEADER
    rows = _table(output)
    assert [Path(row["filepath"]).name for row in rows] == ["a.png", "b.jpg", "a.TIFF", "c.png"]
    found = gimefive_jax.load(tiny_run).predict([row["filepath"] for row in rows])
    for row, wanted in zip(rows, found.probabilities, strict=True):
        values = [float(row[name]) for name in EMOTIONS]
        np.testing.assert_allclose(values, wanted, rtol=RELATIVE)
        assert (row["face"], row["detector_score"], row["note"]) == (
            *("1", "", "the image is the face"),
        )
        assert row["predicted"] == gimefive_jax.load(tiny_run).emotions[int(np.argmax(values))]


def test_a_broken_image_is_named_and_the_others_go_on(
    tiny_run: Path, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    broken = folder / "b.jpg"
    broken.write_bytes(broken.read_bytes()[:500])
    out = tmp_path / "out.csv"
    assert main(["predict", str(tiny_run), str(folder), "--out", str(out)]) == 2
    complaint = capsys.readouterr().err
    assert f"gimefive: {broken} cannot be decoded as an image" in complaint
    assert "1 of 4 images left out" in complaint
    assert len(_table(out.read_text())) == 3


def test_what_is_no_picture_is_counted_in_one_line(
    tiny_run: Path, folder: Path, capsys: pytest.CaptureFixture[str]
):
    (folder / "more" / "table.csv").write_text("a,b")
    (folder / ".DS_Store").write_text("of the system")
    # Pictures by their content, whatever their names say.
    (folder / "b.jpg").rename(folder / "b.jfif")
    (folder / "a.png").rename(folder / "a.backup")
    assert main(["predict", str(tiny_run), str(folder)]) == 0
    said = capsys.readouterr()
    assert {Path(row["filepath"]).name for row in _table(said.out)} == {
        *("a.backup", "b.jfif", "a.TIFF", "c.png")
    }
    [line] = [line for line in said.err.splitlines() if "passed over" in line]
    assert "2 files" in line
    assert "notes.txt" in line or "table.csv" in line


def test_a_pipe_without_a_writer_is_not_waited_for(
    tiny_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    os.mkfifo(tmp_path / "pipe.png")
    assert main(["predict", str(tiny_run), str(tmp_path / "pipe.png")]) == 2
    assert f"{tmp_path / 'pipe.png'} is a pipe" in capsys.readouterr().err


def test_a_picture_may_come_from_standard_input(folder: Path, capsys: pytest.CaptureFixture[str]):
    done = run("predict", "small", "/dev/stdin", redirected=f"< <(cat {folder / 'b.jpg'})")
    assert done.returncode == 0, done.stderr
    [row] = _table(done.stdout)
    assert main(["predict", "small", str(folder / "b.jpg")]) == 0
    [wanted] = _table(capsys.readouterr().out)
    scores = {name for name in row if name in EMOTIONS}
    for name in scores:
        # A batch of another size may be computed by other forms of the same convolutions.
        assert float(row[name]) == pytest.approx(float(wanted[name]), rel=RELATIVE)
    apart = dict.fromkeys((*scores, "filepath"), "")
    assert row | apart == wanted | apart


def test_no_file_is_written_where_no_image_can_be_read(
    tiny_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "a.jpg").write_text("no image")
    out = tmp_path / "out.csv"
    assert main(["predict", str(tiny_run), str(tmp_path / "a.jpg"), "--out", str(out)]) == 2
    assert "none of the 1 images can be read" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.jpg"]


def test_every_image_gets_its_own_picture(tiny_run: Path, folder: Path, tmp_path: Path):
    pictures = tmp_path / "pictures"
    words = ["predict", str(tiny_run), str(folder), "--out", str(tmp_path / "out.csv")]
    assert main([*words, "--pictures-dir", str(pictures)]) == 0
    wanted = {"a.png.png", "b.jpg.png", "more/a.TIFF.png", "more/c.png.png"}
    found = {str(path.relative_to(pictures)) for path in pictures.rglob("*.png")}
    assert found == wanted
    for path in pictures.rglob("*.png"):
        with Image.open(path) as picture:
            assert picture.width > 3 * 192


def test_an_image_named_twice_is_one_row(
    tiny_run: Path, folder: Path, capsys: pytest.CaptureFixture[str]
):
    assert main(["predict", str(tiny_run), str(folder / "a.png"), str(folder)]) == 0
    assert len(_table(capsys.readouterr().out)) == 4


def test_names_that_differ_by_their_suffix_keep_their_pictures(
    tiny_run: Path, folder: Path, tmp_path: Path
):
    Image.open(folder / "b.jpg").save(folder / "b.png")
    words = ["predict", str(tiny_run), str(folder), "--out", str(tmp_path / "out.csv")]
    # Inside the folder that is searched, twice: our own pictures are no faces.
    for _ in range(2):
        assert main([*words, "--pictures-dir", str(folder / "pictures")]) == 0
    assert len(list((folder / "pictures").rglob("*.png"))) == 5
    assert len(_table((tmp_path / "out.csv").read_text())) == 5


def test_a_file_name_that_is_no_unicode_comes_back_as_it_was(
    tiny_run: Path, folder: Path, tmp_path: Path
):
    name = os.fsdecode(b"caf\xe9.png")
    Image.open(folder / "a.png").save(folder / "plain.png")
    (folder / "plain.png").rename(folder / name)
    out = tmp_path / "out.csv"
    assert main(["predict", str(tiny_run), str(folder / name), "--out", str(out)]) == 0
    assert b"caf\xe9.png," in out.read_bytes()


def test_a_crop_is_the_face_that_was_cut_out(
    tiny_run: Path, folder: Path, capsys: pytest.CaptureFixture[str]
):
    with Image.open(folder / "b.jpg") as image:
        image.crop((10, 20, 60, 90)).save(folder / "cut.png")
    found = []
    for words in (["b.jpg", "--crop", "10", "20", "50", "70"], ["cut.png"]):
        assert main(["predict", str(tiny_run), str(folder / words[0]), *words[1:]]) == 0
        found.append(_table(capsys.readouterr().out)[0])
    assert [found[0][name] for name in EMOTIONS] == [found[1][name] for name in EMOTIONS]
    assert [found[0][name] for name in ("left", "top", "width", "height")] == [
        *("10", "20", "50", "70")
    ]


@pytest.mark.parametrize("crop", ["80 0 20 20", "0 0 0 5", "-1 0 5 5"])
def test_a_crop_outside_its_image_is_refused(
    crop: str, tiny_run: Path, folder: Path, capsys: pytest.CaptureFixture[str]
):
    words = ["predict", str(tiny_run), str(folder / "b.jpg"), "--crop", *crop.split()]
    assert main(words) == 2
    complaint = capsys.readouterr().err
    assert f"the crop {crop} (left, top, width, height) must lie inside" in complaint
    assert "which is 90 x 120 pixels" in complaint


def test_photos_without_a_face_have_a_row_and_are_said_once(
    tiny_run: Path, folder: Path, capsys: pytest.CaptureFixture[str]
):
    for name in ("one.png", "two.png"):
        Image.new("RGB", (400, 300), "grey").save(folder / name)
    assert main(["predict", str(tiny_run), str(folder)]) == 0
    said = capsys.readouterr()
    assert "no face found in 2 of 6 images" in said.err
    assert "--faces never" in said.err
    rows = {Path(row["filepath"]).name: row for row in _table(said.out)}
    assert len(rows) == 6
    assert (rows["one.png"]["face"], rows["one.png"]["note"]) == ("0", "no face found")
    assert {rows["one.png"][name] for name in (*EMOTIONS, "left", "predicted")} == {""}
    assert main(["predict", str(tiny_run), str(folder / "one.png"), "--faces", "never"]) == 0
    said = capsys.readouterr()
    assert said.err == f"gimefive: {MEANING}\n"
    [row] = _table(said.out)
    assert (row["face"], row["width"], row["height"]) == ("1", "400", "300")


def test_boxes_of_ones_own_are_classified(
    tiny_run: Path, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    boxes, out = tmp_path / "boxes.csv", tmp_path / "out.csv"
    boxes.write_text(
        f"filepath,left,top,width,height\n{folder / 'b.jpg'},10,20,50,50\n"
        f"{folder / 'b.jpg'},-5,0,30,30\n{folder / 'a.png'},,,,\n"
    )
    words = ["predict", str(tiny_run), str(folder / "b.jpg"), str(folder / "a.png")]
    assert main([*words, "--boxes", str(boxes), "--out", str(out)]) == 0
    rows = read_rows(out)
    assert [(row.face, row.note) for row in rows] == [
        (1, "box of your own"),
        (2, "box of your own"),
        (0, "no box given"),
    ]
    capsys.readouterr()
    crop = ["--crop", "10", "20", "50", "50"]
    assert main(["predict", str(tiny_run), str(folder / "b.jpg"), *crop]) == 0
    [wanted] = _table(capsys.readouterr().out)
    found = [rows[0].scores[name] for name in EMOTIONS]
    np.testing.assert_allclose(found, [float(wanted[name]) for name in EMOTIONS], rtol=RELATIVE)
    # What it wrote can be given again, and says the same.
    again = tmp_path / "again.csv"
    assert main([*words, "--boxes", str(out), "--out", str(again)]) == 0
    assert again.read_text() == out.read_text()


@pytest.mark.parametrize(
    ("words", "fact"),
    [
        (["--crop", "0", "0", "9", "9", "--faces", "always"], "--crop and --faces always both say"),
        (["--boxes", "boxes.csv", "--crop", "0", "0", "9", "9"], "--boxes and --crop both say"),
        (["--boxes", "bad.csv"], "bad.csv line 2: width 'x' must be a number of pixels"),
        (["--boxes", "outside.csv"], "lies outside"),
        (["--min-face-score", "2"], "--min-face-score 2 must be from 0 to 1"),
        (["--out", "rows.xlsx"], "rows.xlsx must end in .csv, .json or .jsonl"),
    ],
)
def test_mistakes_about_faces_are_a_line(
    words: list[str],
    fact: str,
    tiny_run: Path,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    monkeypatch.chdir(folder)
    head = "filepath,left,top,width,height\n"
    (folder / "bad.csv").write_text(head + "b.jpg,1,2,x,4\n")
    (folder / "outside.csv").write_text(head + "b.jpg,500,2,9,9\n")
    assert main(["predict", str(tiny_run), "b.jpg", *words]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert fact in line


def test_json_holds_regions_and_crops_give_the_same_scores_again(
    tiny_run: Path, folder: Path, tmp_path: Path
):
    out, crops = tmp_path / "out.json", tmp_path / "crops"
    words = ["predict", str(tiny_run), str(folder / "b.jpg"), "--crop", "10", "20", "50", "50"]
    assert main([*words, "--out", str(out), "--crops-dir", str(crops)]) == 0
    [row] = read_rows(out)
    assert set(row.region_shares) == set(REGIONS)
    # On noise no landmarks are found.
    assert (set(row.region_shares.values()), row.sentence) == ({None}, "")
    assert row.crop == row.box == FaceBox(10.0, 20.0, 50.0, 50.0)
    [crop] = crops.iterdir()
    assert crop.name == "b.jpg.1.png"
    again = tmp_path / "again.jsonl"
    assert main(["predict", str(tiny_run), str(crop), "--out", str(again)]) == 0
    [other] = read_rows(again)
    assert other.scores == row.scores


def test_the_smiling_astronaut_is_found_and_happy_in_every_picture(tmp_path: Path):
    data = pytest.importorskip("skimage.data")
    out, pictures = tmp_path / "out.json", tmp_path / "pictures"
    for name, image in scenes(data.astronaut(), data.coffee()).items():
        image.save(tmp_path / name)
    words = ["predict", "small", *(str(tmp_path / name) for name in SCENES)]
    assert main([*words, "--out", str(out), "--pictures-dir", str(pictures)]) == 0
    rows = read_rows(out)
    found = {
        name: [row for row in rows if Path(row.filepath).name == name and row.face]
        for name in SCENES
    }
    assert {name: len(faces) for name, faces in found.items()} == {
        name: len(boxes) for name, boxes in SCENES.items()
    }
    for name, boxes in SCENES.items():
        for box in boxes:
            best = max(found[name], key=lambda row: row.box.overlap(box))
            assert best.box.overlap(box) >= 0.5
            assert best.predicted == "happiness"
            assert best.scores["happiness"] >= 0.8
            assert sum(best.region_shares.values()) == pytest.approx(1, abs=1e-4)
            assert "of the positive evidence for happiness lies in" in best.sentence
        with Image.open(tmp_path / name) as photo, Image.open(pictures / f"{name}.png") as picture:
            turned = name == "turned.jpg"
            assert picture.size == (photo.size[::-1] if turned else photo.size)


def test_pictures_do_not_change_the_table(tiny_run: Path, folder: Path, tmp_path: Path):
    tables = []
    for words in ([], ["--pictures-dir", str(tmp_path / "pictures")]):
        out = tmp_path / "out.csv"
        assert main(["predict", str(tiny_run), str(folder), "--out", str(out), *words]) == 0
        tables.append(_table(out.read_text()))
    for one, other in zip(*tables, strict=True):
        assert one["predicted"] == other["predicted"]
        values = [[float(row[name]) for name in EMOTIONS] for row in (one, other)]
        np.testing.assert_allclose(values[0], values[1], atol=SAME_PROGRAM)


def test_pictures_take_one_pass_of_the_network(
    tiny_run: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def refuse(*_: object) -> None:
        raise AssertionError("predicted beside explaining")

    monkeypatch.setattr(gimefive_jax.Classifier, "predict", refuse)
    words = ["predict", str(tiny_run), str(folder / "b.jpg"), "--out", str(tmp_path / "out.csv")]
    assert main([*words, "--pictures-dir", str(tmp_path / "pictures")]) == 0


def test_shipped_weights_predict_calibrated_probabilities_and_say_where_they_are_from(
    folder: Path, capsys: pytest.CaptureFixture[str]
):
    assert main(["predict", "small", str(folder / "b.jpg")]) == 0
    said = capsys.readouterr()
    assert said.err.splitlines() == [
        "gimefive: small: trained on FER2013, for research use; its probabilities are calibrated",
        f"gimefive: {MEANING}",
    ]
    classifier = gimefive_jax.load("small")
    found = classifier.predict([folder / "b.jpg"])
    wanted = classifier.readout.probabilities(np.asarray(found.logits))[0]
    assert classifier.readout.is_calibrated
    [row] = _table(said.out)
    values = [float(row[name]) for name in classifier.emotions]
    np.testing.assert_allclose(values, wanted, rtol=RELATIVE)
    assert row["predicted"] == classifier.emotions[int(found.logits[0].argmax())]


def test_faces_below_a_confidence_get_no_category(folder: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["predict", "small", str(folder)]) == 0
    rows = _table(capsys.readouterr().out)
    confidences = sorted(max(float(row[name]) for name in EMOTIONS) for row in rows)
    threshold = (confidences[1] + confidences[2]) / 2
    assert main(["predict", "small", str(folder), "--abstain-below", str(threshold)]) == 0
    for row, before in zip(_table(capsys.readouterr().out), rows, strict=True):
        confidence = max(float(row[name]) for name in EMOTIONS)
        assert row["predicted"] == (before["predicted"] if confidence >= threshold else "")
        assert ("abstained" in row["note"]) == (confidence < threshold)
        assert row["probabilities"] == "calibrated"
    assert main(["predict", "small", str(folder), "--abstain-below", "1.5"]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert "--abstain-below 1.5" in line


def test_reading_a_file_of_weights_imports_no_orbax():
    script = "import sys, gimefive_jax; gimefive_jax.load('small'); print('orbax' in sys.modules)"
    found = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    )
    assert found.stdout == "False\n"
