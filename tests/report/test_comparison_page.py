import re
from pathlib import Path

import numpy as np
import pytest

from gimefive_jax.evaluation.comparison import ComparedModel, compare_models
from gimefive_jax.report.comparison_page import render_comparison, write_comparison_page
from gimefive_jax.report.evaluation_page import PAGE
from tests.report.made_evaluation import made_evaluation, made_split
from tests.report.parsed import ParsedPage

HOSTILE = '"><script>alert(1)</script>'
NAMES = ("one", "<two>", "three")


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> list[ComparedModel]:
    folder, split = tmp_path_factory.mktemp("made"), made_split(file_name=HOSTILE)
    models = [
        made_evaluation(folder / str(seed), split, name=name, seed=seed).measured
        for seed, name in enumerate(NAMES)
    ]
    return compare_models(models, baseline="one")


@pytest.fixture(scope="module")
def html(compared: list[ComparedModel]) -> str:
    return render_comparison(compared, baseline="one")


def test_page_is_one_file_of_text_and_pictures(html: str):
    page = ParsedPage(html)
    assert html.startswith("<!doctype html>")
    assert "<script" not in html
    assert all(one.startswith("data:") for one in re.findall(r"url\((.*?)\)", html))
    assert all(str(one["href"]).startswith("data:") for one in page.named("link"))
    for words in ("<two>", "sent nowhere", "gimefive evaluate 'a <b>'"):
        assert words in page.text
    assert any(HOSTILE in str(one["title"]) for one in page.named("i") if one.get("title"))


def test_gains_stand_on_the_page_as_they_were_compared(compared: list[ComparedModel], html: str):
    text = ParsedPage(html).text
    for one in compared[1:]:
        assert f"{100 * one.accuracy_gain.value:+.1f}".replace("-", "−") in text


def test_faces_that_changed_are_counted(compared: list[ComparedModel], html: str):
    base, *others = [one.model for one in compared]
    labels = np.asarray(base.split.labels)
    right = base.logits.argmax(1) == labels
    text = ParsedPage(html).text
    for one in others:
        ours = one.logits.argmax(1) == labels
        assert f"Right here, wrong there: {(ours & ~right).sum()}" in text
        assert f"Wrong here, right there: {(~ours & right).sum()}" in text


def test_a_model_compared_with_its_copy_changes_no_face(tmp_path: Path):
    split = made_split()
    models = [made_evaluation(tmp_path / name, split, name=name).measured for name in "ab"]
    compared = compare_models(models, baseline="a")
    page = write_comparison_page(tmp_path, compared, baseline="a")
    assert page == tmp_path / PAGE
    assert "Right here, wrong there: 0" in ParsedPage(page.read_text(encoding="utf-8")).text
    assert PAGE in (tmp_path / ".gitignore").read_text()
