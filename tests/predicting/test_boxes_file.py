from pathlib import Path

import pytest

from gimefive_jax.errors import InputError
from gimefive_jax.faces.found import FaceBox
from gimefive_jax.predicting import read_boxes

HEAD = "filepath,left,top,width,height\n"


def _file(folder: Path, text: str) -> Path:
    path = folder / "boxes.csv"
    path.write_text(text)
    return path


def test_rows_are_the_faces_of_their_images_in_order(tmp_path: Path):
    text = HEAD + f"{tmp_path}/a.jpg,1,2,30,40\nb.jpg,5,6.5,7,8\n{tmp_path}/a.jpg,-3,0,9,9\n"
    (tmp_path / "b.jpg").write_text("")
    found = read_boxes(_file(tmp_path, text))
    assert found.of(tmp_path / "a.jpg") == (
        FaceBox(1.0, 2.0, 30.0, 40.0),
        FaceBox(-3.0, 0.0, 9.0, 9.0),
    )
    # Named from the folder of the file.
    assert found.of(tmp_path / "b.jpg") == (FaceBox(5.0, 6.5, 7.0, 8.0),)
    assert found.of(tmp_path / "c.jpg") is None


def test_names_count_from_the_current_folder_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "here").mkdir()
    for place in ("here/a.jpg", "a.jpg"):
        (tmp_path / place).write_text("")
    monkeypatch.chdir(tmp_path / "here")
    found = read_boxes(_file(tmp_path, HEAD + "a.jpg,1,2,3,4\n"))
    assert found.of(Path("a.jpg")) == (FaceBox(1.0, 2.0, 3.0, 4.0),)
    assert found.of(tmp_path / "a.jpg") is None


def test_columns_may_stand_in_any_order_among_others(tmp_path: Path):
    text = "score,height,width,top,left,filepath\n.9,4,3,2,1,a.jpg\n,,,,,b.jpg\n"
    found = read_boxes(_file(tmp_path, "\ufeff" + text))
    assert found.of(Path("a.jpg")) == (FaceBox(1.0, 2.0, 3.0, 4.0),)
    assert found.of(Path("b.jpg")) == ()


@pytest.mark.parametrize(
    ("row", "fact"),
    [
        ("a.jpg,1,2,wide,4", "line 3: width 'wide' must be a number of pixels"),
        ("a.jpg,1,2,nan,4", "line 3: width 'nan' must be a number"),
        ("a.jpg,1,2,0,4", "line 3: width 0 must be more than 0"),
        ("a.jpg,1,2,3,-4", "line 3: height -4 must be more than 0"),
        ("a.jpg,1,2,3", "line 3: height '' must be a number"),
        (",1,2,3,4", "line 3 names no image"),
    ],
)
def test_a_bad_row_is_named_in_a_line(row: str, fact: str, tmp_path: Path):
    path = _file(tmp_path, HEAD + "a.jpg,1,2,3,4\n" + row + "\n")
    with pytest.raises(InputError, match=fact) as caught:
        read_boxes(path)
    assert str(path) in str(caught.value)


def test_a_file_without_a_column_or_that_is_not_there_is_refused(tmp_path: Path):
    for text, fact in [("filepath,x,y\n", "no column left"), ("", "no column filepath")]:
        with pytest.raises(InputError, match=fact):
            read_boxes(_file(tmp_path, text))
    with pytest.raises(InputError, match="check the path"):
        read_boxes(tmp_path / "missing.csv")


def test_boxes_that_name_none_of_the_images_are_refused(tmp_path: Path):
    found = read_boxes(_file(tmp_path, HEAD + "a.jpg,1,2,3,4\n"))
    found.check_names([Path("b.jpg"), Path("a.jpg")])
    with pytest.raises(InputError, match="names none of the images"):
        found.check_names([Path("b.jpg")])
