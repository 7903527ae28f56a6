import base64
import io
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data_prep.drawn_faces import draw_split
from gimefive_jax.audit.audit import find_faults_of
from gimefive_jax.audit.findings import Audit
from gimefive_jax.audit.summary import summarise
from gimefive_jax.data.prepared import PreparedSet
from gimefive_jax.report.audit_page import render_audit_page
from tests.audit.copies import copy
from tests.audit.stacks import EMOTIONS, make_faces

HOSTILE = '"><script>alert(1)</script><img src=http://evil.example/x.png>'
_VOID = {"meta", "link", "img", "br"}


class _Page(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attributes)))
        if tag not in _VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def _audit(train: np.ndarray, test: np.ndarray, *, train_labels: np.ndarray) -> Audit:
    test_labels = np.arange(len(test)) % 6
    faces = make_faces(
        train, test, train_labels=train_labels, test_labels=test_labels, name=HOSTILE
    )
    prepared = PreparedSet(
        name="made",
        variant="six",
        version="1.0.0",
        path=Path("made"),
        fingerprint="f",
        emotions=EMOTIONS,
        channels=3,
        splits=faces.counts(),
        index_splits={},
        order={},
    )
    return find_faults_of(prepared, faces)


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
    page = _Page(html)
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
    assert HOSTILE in _Page(html).text
    assert "<script" not in html
    assert "'a <b>'" in _Page(html).text


def test_page_warns_that_it_shows_faces(html: str) -> None:
    assert "Keep this page to yourself" in _Page(html).text


def test_findings_are_shown_with_their_numbers(html: str) -> None:
    text = _Page(html).text
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
        for tag, attributes in _Page(html).elements
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
    assert _Page(html).text.count("None.") == 8


def test_mean_faces_are_means_by_part(faulty: Audit) -> None:
    faces = faulty.faces
    for part, name in (("train + validation", "train"), ("test", "test")):
        [split] = [split for split in faces.splits if split.name == name]
        for label, emotion in enumerate(EMOTIONS):
            wanted = split.images[split.labels == label].mean(axis=0)
            np.testing.assert_allclose(faulty.mean_faces[part][emotion], wanted, rtol=1e-6)
