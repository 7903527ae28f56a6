import base64
import csv
import dataclasses
import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from gimefive_jax import api
from gimefive_jax.data.names import FileNames
from gimefive_jax.evaluation.results import write_evaluation
from gimefive_jax.explained.evidence_file import measure_export
from gimefive_jax.explained.opened import open_export
from gimefive_jax.explained.pictures import colour, scale_to_unit
from gimefive_jax.report.cards import outline_path
from gimefive_jax.report.page import PageSources, render_page, write_page
from tests.report.parsed import ParsedPage

HOSTILE = '"><script>alert(1)</script><img src=http://evil.example/x.png>'
LAYERS = ("block5/activation", "block3/activation")


@pytest.fixture(scope="module")
def sources(tiny_run: Path, tmp_path_factory: pytest.TempPathFactory) -> PageSources:
    classifier = api.load(tiny_run)
    split = classifier.open_split("test")
    names = np.array(split.file_names, object)
    names[:] = [f"{i}{HOSTILE}" for i in range(len(names))]
    split = dataclasses.replace(split, file_names=FileNames(names))
    folder = tmp_path_factory.mktemp("results")
    write_evaluation(
        folder / "evaluation",
        split,
        classifier.logits(split),
        model_name=classifier.name,
        weights_sha256=classifier.weights_sha256,
    )
    classifier.export_explanations(
        split,
        folder / "explanations",
        methods=("layercam@block3/activation", "hirescam", "gradcam"),
        layers=LAYERS,
    )
    export = open_export(folder / "explanations")
    measure_export(export, split, model_name=classifier.name).write(export.folder)
    return PageSources(
        run_folder=tiny_run,
        evaluation_folder=folder / "evaluation",
        explanation_folder=folder / "explanations",
        split=split,
        num_train=72,
        command="gimefive quickstart --out 'a <b> & c'",
        stages=("gimefive train", "gimefive evaluate"),
    )


@pytest.fixture(scope="module")
def html(sources: PageSources) -> str:
    return render_page(sources)


def test_page_is_well_formed_and_every_picture_has_a_text(html: str) -> None:
    page = ParsedPage(html)
    assert html.startswith("<!doctype html>")
    assert [tag for tag, _ in page.elements].count("h1") == 1
    assert all(image["alt"] for image in page.named("img"))


def test_page_points_to_nothing_outside_itself(html: str) -> None:
    page = ParsedPage(html)
    addresses = [
        value
        for _, attributes in page.elements
        for name, value in attributes.items()
        if name in ("src", "href", "srcset", "action", "data", "poster", "xlink:href")
    ]
    assert addresses
    assert all(value is not None and value.startswith("data:") for value in addresses)
    assert not re.search(r"url\(|@import", html)
    assert not {"script", "iframe", "object", "form"} & {tag for tag, _ in page.elements}


def test_every_embedded_picture_decodes(html: str) -> None:
    images = [str(image["src"]) for image in ParsedPage(html).named("img")]
    assert len(images) > 10
    for image in images:
        kind, content = image.split(";base64,")
        with Image.open(io.BytesIO(base64.b64decode(content, validate=True))) as picture:
            picture.load()
            assert f"data:image/{picture.format.lower()}" == kind


def test_hostile_file_name_stays_text(html: str, sources: PageSources) -> None:
    page = ParsedPage(html)
    assert HOSTILE in page.text
    assert "<script" not in html
    assert "'a <b> & c'" in page.text


def test_page_shows_the_numbers_that_the_stages_wrote(html: str, sources: PageSources) -> None:
    with (sources.explanation_folder / "manifest.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    correct = sum(row["correct"] == "1" for row in rows)
    text = ParsedPage(html).text
    assert f"{correct} of {len(rows)} faces" in text
    assert f"{100 * correct / len(rows):.1f}\u202f%" in text
    assert sources.split.digest in text
    assert "There is no neutral class" in text


def test_cells_of_a_card_are_the_map_itself(html: str, sources: PageSources) -> None:
    maps = open_export(sources.explanation_folder).heat_maps("hirescam", "block5/activation")
    wanted = {colour(scale_to_unit(heat_map)).tobytes() for heat_map in maps}
    cells = [image for image in ParsedPage(html).named("img") if image.get("class") == "cells"]
    coarse = [image for image in cells if "2×2" in str(image["alt"])]
    assert coarse
    for image in coarse:
        picture = Image.open(io.BytesIO(base64.b64decode(str(image["src"]).split(",")[1])))
        assert np.asarray(picture).tobytes() in wanted


def test_page_replaces_an_older_one_whole(sources: PageSources, tmp_path: Path) -> None:
    path = tmp_path / "index.html"
    path.write_text("old")
    write_page(path, sources)
    assert path.read_text(encoding="utf-8").rstrip().endswith("</html>")
    assert [file.name for file in tmp_path.iterdir()] == ["index.html"]


def test_outline_runs_around_the_mask() -> None:
    mask = np.zeros((5, 6), np.bool_)
    mask[1:3, 2:5] = True
    mask[2, 3] = False
    drawn = Image.new("1", (7, 6))
    draw = ImageDraw.Draw(drawn)
    edges = 0
    for x, y, way, length in re.findall(r"M(\d+) (\d+)([hv])(\d+)", outline_path(mask)):
        end = (int(x) + int(length) * (way == "h"), int(y) + int(length) * (way == "v"))
        draw.line([(int(x), int(y)), end], fill=1)
        edges += int(length)
    padded = np.pad(mask, 1)
    assert edges == sum((padded != np.roll(padded, 1, axis)).sum() for axis in (0, 1))
    assert drawn.getbbox() == (2, 1, 6, 4)
    assert outline_path(np.zeros((4, 4), np.bool_)) == ""
