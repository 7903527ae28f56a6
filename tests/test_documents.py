"""What people copy from README, docs and configs: commands parse, Python runs, links lead."""

import dataclasses
import importlib
import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gimefive_jax.cli.parsing import parse
from gimefive_jax.cli.verbs import VERBS

_ROOT = Path(__file__).parent.parent
_PAGES = [_ROOT / "README.md", *sorted((_ROOT / "docs").glob("*.md"))]
_CONFIGS = sorted((_ROOT / "configs").rglob("*.py"))
# Words that stand for a reader's own, and one that fits where they stand.
_STAND_INS = {
    "$i": "0",
    "my_config.py": "gimefive_fer2013",
    "--config NAME": "--config gimefive_fer2013",
    "LEFT TOP WIDTH HEIGHT": "1 2 30 40",
}


def _commands() -> list[str]:
    texts = [block for page in _PAGES for block in _blocks(page, "")]
    texts += ["\n".join(re.findall(r"^    (.*)", path.read_text(), re.M)) for path in _CONFIGS]
    found = re.findall(r"(?:^|[\s`])gimefive ([a-z][^\n;#|&\"]*)", "\n".join(texts), re.M)
    return sorted({" ".join(command.split()) for command in found})


def _blocks(page: Path, language: str) -> list[str]:
    text = page.read_text().replace("\\\n", " ")
    found = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.M | re.S)
    return [block for name, block in found if name == language]


@pytest.mark.parametrize("command", _commands())
def test_every_command_of_a_document_is_one_of_the_program(command: str):
    for words, stand_in in _STAND_INS.items():
        command = command.replace(words, stand_in)
    words = shlex.split(command)
    verb = " ".join(words[: 2 if " ".join(words[:2]) in VERBS else 1])
    module = importlib.import_module(VERBS[verb].module)
    rest = words[len(verb.split()) :]
    if hasattr(module, "parse_arguments"):
        module.parse_arguments(rest)
    else:
        assert dataclasses.is_dataclass(parse(module.Arguments, rest, verb=verb))


def test_documents_hold_commands():
    assert len(_commands()) > 40


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: page.name)
def test_links_of_a_document_lead_to_files_and_headings(page: Path):
    for link in re.findall(r"\]\((?!https?:)([^)]+)\)", page.read_text()):
        name, _, heading = link.partition("#")
        target = page.parent / name if name else page
        assert target.exists(), link
        assert not heading or heading in _headings(target), link


def _headings(page: Path) -> list[str]:
    titles = re.findall(r"^#+ (.*)", page.read_text(), re.M)
    return [re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles]


@pytest.mark.parametrize("page", ["README.md", "docs/python.md", "docs/photos.md"])
def test_python_of_a_document_runs(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(tmp_path)
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    for name in ("photo.jpg", "face.jpg"):
        Image.fromarray(pixels).save(name)
    names: dict[str, object] = {}
    for block in _blocks(_ROOT / page, "python"):
        if "evaluate(" not in block:  # needs a prepared data set
            exec(compile(block, page, "exec"), names)
    assert capsys.readouterr().out


def test_the_readme_is_what_a_newcomer_reads_first():
    assert len((_ROOT / "README.md").read_text().splitlines()) <= 120


def test_the_index_of_the_documentation_names_every_page():
    index = (_ROOT / "docs/README.md").read_text()
    pages = {page.name for page in _PAGES if page.parent.name == "docs"} - {"README.md", "plan.md"}
    assert all(f"({page})" in index for page in pages)
