import re
from pathlib import Path

import pytest

from gimefive_jax.faithfulness import MeasuredSplit, read_faithfulness
from gimefive_jax.report.faithfulness_charts import nice_ticks
from gimefive_jax.report.faithfulness_faces import chosen_rows, sentence
from gimefive_jax.report.faithfulness_page import render_faithfulness, write_faithfulness_page
from gimefive_jax.report.faithfulness_table import faithfulness_table
from gimefive_jax.report.tables import text
from tests.report.made_faithfulness import METHOD, made_measurement, made_split
from tests.report.parsed import ParsedPage

HOSTILE = '"><script>alert(1)</script><img src=http://evil.example/x.png>'


@pytest.fixture(scope="module")
def measured() -> MeasuredSplit:
    return made_measurement(made_split())


@pytest.fixture(scope="module")
def html(measured: MeasuredSplit) -> str:
    return render_faithfulness(measured, made_split(file_name=HOSTILE))


def test_page_is_well_formed_and_every_picture_has_a_text(html: str):
    page = ParsedPage(html)
    assert html.startswith("<!doctype html>")
    assert [tag for tag, _ in page.elements].count("h1") == 1
    assert all(image["alt"] for image in page.named("img"))


def test_page_points_to_nothing_outside_itself(html: str):
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


def test_hostile_names_stay_text(html: str):
    page = ParsedPage(html)
    assert HOSTILE in page.text
    assert "<script" not in html
    assert "gimefive faithfulness 'a <b>'" in page.text


def test_page_of_faces_of_people_says_that_it_stays(measured: MeasuredSplit, html: str):
    assert "sent nowhere" in ParsedPage(html).text
    drawn = made_split("drawn_faces/six")
    text = ParsedPage(render_faithfulness(made_measurement(drawn), drawn)).text
    assert "none shows a person" in text
    assert "sent nowhere" not in text


def test_the_sentence_of_a_face_names_its_region(measured: MeasuredSplit):
    words = sentence(measured, 3, "anger")
    assert words == (
        "90\u202f% of the positive evidence for anger lies in the mouth region, 6.3× its area."
    )


@pytest.mark.parametrize(("deletion", "useful"), [(0.2, True), (0.5, False), (0.7, False)])
def test_only_what_beats_both_baselines_is_marked(deletion: float, useful: bool):
    split = made_split()
    found = made_measurement(split, deletion=deletion)
    measure = found.summary.maps[0].measures["deletion"]
    assert measure.is_useful is useful
    assert ("*" in text(faithfulness_table(found.summary))) is useful
    marks = render_faithfulness(found, split).count('<span class="useful">')
    # The text explains the mark itself.
    assert (marks > 1) is useful


def test_most_and_least_faithful_faces_are_the_ends(measured: MeasuredSplit):
    values = measured.table.columns[METHOD]["deletion"]
    chosen = chosen_rows(measured, "deletion", per_category=1)
    assert values[list(chosen.most)].max() < values[list(chosen.least)].min()
    assert values[chosen.most[0]] == values.min()
    assert all(measured.answers.correct[row] for row in chosen.right)
    assert not any(measured.answers.correct[row] for row in chosen.wrong)


def test_page_and_numbers_are_written_and_read(measured: MeasuredSplit, tmp_path: Path):
    write_faithfulness_page(tmp_path / "index.html", measured, made_split())
    measured.summary.write(tmp_path)
    assert (tmp_path / "index.html").read_text(encoding="utf-8").rstrip().endswith("</html>")
    assert read_faithfulness(tmp_path) == measured.summary


@pytest.mark.parametrize("ends", [(0.0, 1.0), (-0.3, 0.02), (0.412, 0.413), (5.0, 5.0), (0, 4e4)])
def test_ticks_are_few_and_hold_the_values(ends: tuple[float, float]):
    ticks = nice_ticks(*ends)
    assert 2 <= len(ticks) <= 9
    assert ticks[0] <= ends[0] <= ends[1] <= ticks[-1]
