import json
import re
from pathlib import Path

import pytest

from gimefive_jax.cli import main
from gimefive_jax.errors import InputError
from gimefive_jax.recipes import export as module
from gimefive_jax.recipes.web_folder import export_web
from gimefive_jax.web.facts import PageFacts
from tests.recipes.test_export import narrow
from tests.web.packages import made_up_package

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")


def test_the_folder_holds_all_that_its_page_loads_and_names_no_other_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module, "_NUM_FACES", 4)
    package = made_up_package(tmp_path / "package", monkeypatch)
    classifier, folder = narrow("gimefive", width=1 / 32, size=32), tmp_path / "page"
    # Without maps, whose check costs most.
    done = export_web(classifier, folder, explain="none", runtime=package)
    names = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert done.num_files == len(names)
    assert {"model.onnx", "detector.onnx", "mesh.onnx", "LICENSE-mediapipe.txt"} < names
    page = (folder / "index.html").read_text()
    loaded = set(re.findall(r'(?:href|src)="([^"]+)"', page))
    for path in folder.glob("*.js"):
        loaded |= set(re.findall(r'from "\./([^"]+)"', path.read_text()))
    assert loaded <= names
    assert loaded > {"web.js", "live.css", "overlay.js", "onnxruntime/LICENSE.txt"}
    own = [page, *(path.read_text() for path in (*folder.glob("*.js"), *folder.glob("*.css")))]
    assert not [text for text in own if re.search(r"https?://(?!127\.0\.0\.1)", text)]
    assert "default-src 'none'" in page
    assert "unsafe-inline" not in page
    about = json.loads((folder / "about.json").read_text())
    assert about["about"]["emotions"] == list(classifier.emotions)
    assert about["side"] == 32
    assert about["search"]["centre_up"] == pytest.approx(0.083)
    assert about["about"]["map_name"] == ""


def test_the_page_knows_the_map_that_the_file_computes():
    classifier = narrow("gimefive", width=1 / 32)
    facts = PageFacts.of(classifier, {"method": "hirescam", "layer": "block5/activation"})
    assert facts.about.map_name == "HiResCAM at block5/activation"
    assert json.loads(facts.text())["file"]["method"] == "hirescam"


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path):
    (tmp_path / "letter.txt").write_text("mine")
    with pytest.raises(InputError, match="holds other files"):
        export_web(narrow("gimefive", width=1 / 32), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--out", "/dev/null/page"], "/dev/null/page"),
        (["--runtime", "nowhere"], "npm pack onnxruntime-web@"),
        (["--batch", "3"], "leave --batch out"),
        (["--explain", "hirescam@block9/activation"], "block9/activation"),
        (["--to", "onnx", "--runtime", "package"], "--runtime is for --to web"),
    ],
)
def test_a_mistake_is_one_line_and_leaves_no_folder(
    words: list[str],
    told: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    made_up_package(tmp_path / "package", monkeypatch)
    monkeypatch.chdir(tmp_path)
    runtime = [] if "--runtime" in words else ["--runtime", "package"]
    to = [] if "--to" in words else ["--to", "web"]
    assert main(["export", "small", *to, *runtime, *words]) == 2
    assert told in capsys.readouterr().err.splitlines()[-1]
    assert [path.name for path in tmp_path.iterdir()] == ["package"]
