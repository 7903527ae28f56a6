import base64
import io

import numpy as np
import pytest
from PIL import Image

from data_prep.drawn_faces import draw_split
from gimefive_jax.audit.findings import Audit
from gimefive_jax.audit.summary import summarise
from gimefive_jax.report.audit_page import render_audit_page
from tests.audit.copies import copy
from tests.audit.stacks import EMOTIONS, find_faults_in, make_faces
from tests.report.parsed import ParsedPage

HOSTILE = '"><script>alert(1)</script><img src=http://evil.example/x.png>'


def _audit(train: np.ndarray, test: np.ndarray, *, train_labels: np.ndarray) -> Audit:
    test_labels = np.arange(len(test)) % 6
    faces = make_faces(
        train, test, train_labels=train_labels, test_labels=test_labels, name=HOSTILE
    )
    return find_faults_in(faces)


@pytest.fixture(scope="module")
def faulty() -> Audit:
    """Test holds the first of 60 train faces as it is, the second mirrored; face 7 is blank."""
    train = np.stack([face.pixels for face in draw_split("train", 60, seed=5)])
    test = np.stack([face.pixels for face in draw_split("test", 12, seed=5)])
    test[0], test[1], train[7] = train[0], copy(train[1], "mirrored"), 255
    # The first test face has another label than its equal in train.
    return _audit(train, test, train_labels=(np.arange(60) + 1) % 6)


@pytest.fixture(scope="module")
def html(faulty: Audit) -> str:
    return render_audit_page(faulty, summarise(faulty, command="gimefive data audit 'a <b>'"))


def test_page_is_well_formed_offline_and_runs_nothing(html: str) -> None:
    page = ParsedPage(html)
    assert html.startswith("<!doctype html>")
    tags = [tag for tag, _ in page.elements]
    assert tags.count("h1") == 1
    assert not {"script", "iframe", "object", "form"} & set(tags)
    assert "url(" not in html
    addresses = [
        value
        for _, attributes in page.elements
        for name, value in attributes.items()
        if name in ("src", "href")
    ]
    assert addresses
    assert all(str(address).startswith("data:") for address in addresses)
    assert all(attributes["alt"] for tag, attributes in page.elements if tag == "img")


def test_hostile_names_stay_text(html: str) -> None:
    assert HOSTILE in ParsedPage(html).text
    assert "<script" not in html
    assert "'a <b>'" in ParsedPage(html).text


def test_page_warns_that_it_shows_faces(html: str) -> None:
    assert "Keep this page to yourself" in ParsedPage(html).text


def test_findings_are_shown_with_their_numbers(html: str) -> None:
    text = ParsedPage(html).text
    for words in (
        "Equal pictures in train and test: 1 group",
        "Equal pictures under different labels: 1 group",
        "Near-duplicates in train and test: 1 group",
        "Near-duplicates with a mirrored copy: 1 group",
        "Blank faces: 1",
    ):
        assert words in text


def test_thumbnails_are_the_faces_themselves(html: str, faulty: Audit) -> None:
    pictures = {
        np.asarray(Image.open(io.BytesIO(base64.b64decode(str(source).split(",")[1])))).tobytes()
        for tag, attributes in ParsedPage(html).elements
        if tag == "img" and (source := attributes["src"])
    }
    for face in (0, 1, 7, 60, 61):
        assert faulty.faces.pixels(np.array([face]))[0].tobytes() in pictures
    mean = faulty.mean_faces["test"]["happiness"].round().astype(np.uint8)
    assert mean.tobytes() in pictures


def test_set_without_faults_says_none() -> None:
    train = np.stack([face.pixels for face in draw_split("train", 12, seed=6)])
    test = np.stack([face.pixels for face in draw_split("test", 6, seed=6)])
    clean = _audit(train, test, train_labels=np.arange(12) % 6)
    html = render_audit_page(clean, summarise(clean, command="gimefive data audit made"))
    assert ParsedPage(html).text.count("None.") == 8


def test_mean_faces_are_means_by_part(faulty: Audit) -> None:
    faces = faulty.faces
    for part, name in (("train + validation", "train"), ("test", "test")):
        [split] = [split for split in faces.splits if split.name == name]
        for label, emotion in enumerate(EMOTIONS):
            wanted = split.images[split.labels == label].mean(axis=0)
            np.testing.assert_allclose(faulty.mean_faces[part][emotion], wanted, rtol=1e-6)
