import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from gimefive_jax.evaluation.predictions import make_predictions
from gimefive_jax.report.evaluation_faces import (
    confident_mistakes,
    confusion_cells,
    least_certain,
)
from gimefive_jax.report.evaluation_page import PAGE
from tests.report.made_evaluation import MadeEvaluation, made_evaluation, made_logits, made_split
from tests.report.parsed import ParsedPage

HOSTILE = '"><script>alert(1)</script><img src=http://evil.example/x.png>'


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> MadeEvaluation:
    split = made_split(file_name=HOSTILE)
    return made_evaluation(tmp_path_factory.mktemp("made") / "evaluation", split)


@pytest.fixture(scope="module")
def html(measured: MadeEvaluation) -> str:
    return measured.render()


def test_page_is_well_formed_and_every_picture_has_a_text(html: str):
    page = ParsedPage(html)
    assert html.startswith("<!doctype html>")
    assert [tag for tag, _ in page.elements].count("h1") == 1
    assert all(image["alt"] for image in page.named("img"))
    small = [one for one in page.named("i") if one.get("role") == "img"]
    assert len(small) == 60
    assert all(one["title"] for one in small)


def test_page_points_to_nothing_outside_itself(html: str):
    page = ParsedPage(html)
    addresses = [
        value
        for _, attributes in page.elements
        for name, value in attributes.items()
        if name in ("src", "href", "srcset", "action", "data", "poster", "xlink:href")
    ]
    assert addresses
    assert all(value is not None and value.startswith(("data:", "#")) for value in addresses)
    assert all(
        one.startswith("data:image/jpeg;base64,") for one in re.findall(r"url\((.*?)\)", html)
    )
    assert "@import" not in html
    assert not {"script", "iframe", "object", "form"} & {tag for tag, _ in page.elements}


def test_hostile_names_stay_text(html: str):
    page = ParsedPage(html)
    assert HOSTILE in page.text
    assert "<script" not in html
    for words in ("gimefive evaluate 'a <b>'", "made <up>", "<young>", "runs/<a>"):
        assert words in page.text
    titles = [one.get("title") or "" for one in page.named("i")]
    assert any(HOSTILE in title for title in titles)


def test_every_cell_leads_to_its_faces(measured: MadeEvaluation, html: str):
    page = ParsedPage(html)
    anchors = {one["id"] for one in page.named("section") if "id" in one}
    links = {str(one["href"])[1:] for one in page.named("a") if "style" in one}
    confusion = np.array(measured.measured.evaluation.confusion)
    assert links == anchors == {f"cell-{i}-{j}" for i, j in np.argwhere(confusion).tolist()}


def test_page_says_what_was_measured(measured: MadeEvaluation, html: str):
    text = ParsedPage(html).text
    accuracy = measured.measured.evaluation.accuracy
    assert f"{100 * accuracy:.1f}\u202f%" in text
    for words in (
        "test_deduplicated",
        "fitted on made_up/six validation",
        "expected calibration error",
        "for research alone",
        "covered mouth",
        "Groups of faces",
    ):
        assert words in text


def test_what_was_not_measured_is_left_out(tmp_path: Path):
    measured = made_evaluation(tmp_path / "out", made_split(), robust=False)
    assert "worse pictures" not in measured.render()


@pytest.mark.parametrize(("name", "stays"), [("made_up/six", True), ("drawn_faces/six", False)])
def test_page_of_faces_of_people_says_that_it_stays_and_git_leaves_it_out(
    tmp_path: Path, name: str, stays: bool
):
    git = shutil.which("git")
    if git is None:
        pytest.skip("git is not installed")
    subprocess.run([git, "init", "-q", str(tmp_path)], check=True)
    measured = made_evaluation(tmp_path / "out", made_split(name=name), robust=False)
    page = measured.write_page()
    text = ParsedPage(page.read_text(encoding="utf-8")).text
    assert ("sent nowhere" in text) is stays
    assert ("none shows a person" in text) is not stays
    listed = subprocess.run(
        [git, "-C", str(tmp_path), "ls-files", "--others", "--exclude-standard"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    assert "out/metrics.json" in listed
    assert (f"out/{PAGE}" in listed) is not stays


def test_cells_hold_each_face_once_the_most_confident_first():
    split = made_split()
    predictions = make_predictions(split, made_logits(split))
    cells = [one for row in confusion_cells(predictions, split) for one in row]
    assert sorted(face.index for cell in cells for face in cell.faces) == list(range(60))
    for cell in cells:
        confidences = [face.confidence for face in cell.faces]
        assert confidences == sorted(confidences, reverse=True)
        assert cell.count == len(cell.faces) == cell.sheet.count


@pytest.mark.parametrize("most", [0, 1, 20, 59, 60, 100])
def test_too_many_faces_cut_the_large_cells_first(most: int):
    split = made_split()
    predictions = make_predictions(split, made_logits(split))
    cells = [one for row in confusion_cells(predictions, split, most_faces=most) for one in row]
    shown = [len(one.faces) for one in cells]
    assert sum(shown) <= most
    assert sum(one.count for one in cells) == 60
    whole = {one.anchor for one in cells if len(one.faces) == one.count}
    cut = [one for one in cells if one.anchor not in whole]
    assert all(len(one.faces) == max(shown) for one in cut)
    assert bool(cut) is (most < 60)


def test_mistakes_are_wrong_and_sure_and_the_unsure_are_unsure():
    split = made_split()
    predictions = make_predictions(split, made_logits(split))
    mistakes = confident_mistakes(predictions, split)
    assert all(one.label != one.predicted for one in mistakes)
    wrong = predictions.predicted != predictions.labels
    assert mistakes[0].confidence == predictions.shown.max(1)[wrong].max()
    gaps = np.diff(np.sort(predictions.shown, axis=1)[:, -2:], axis=1)[:, 0]
    assert least_certain(predictions, split)[0].index == gaps.argmin()


@pytest.mark.heavy
def test_six_thousand_faces_stay_below_25_megabytes(tmp_path: Path):
    # Noise is the worst that JPEG can meet: faces take a third of it.
    measured = made_evaluation(tmp_path / "out", made_split(6000))
    page = measured.write_page()
    assert page.stat().st_size < 25e6
