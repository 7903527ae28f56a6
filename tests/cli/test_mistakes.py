"""Each mistake of a user: one line that names it, exit status 2, nothing half-written."""

import os
from pathlib import Path

import pytest

from gimefive_jax.cli import main


def _mistake(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert main(words) == 2
    line = capsys.readouterr().err.strip().splitlines()[-1]
    assert line.startswith("gimefive: ")
    return line


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["trian"], "no verb 'trian', did you mean 'train'?"),
        (["data", "prepar"], "no verb 'data prepar', did you mean 'data prepare'?"),
        (["evaluate"], "MODEL"),
        (["evaluate", "nowhere"], "no model at nowhere"),
        (["evaluate", "{run}", "--split", "tset"], "has no split 'tset', did you mean 'test'?"),
        (["evaluate", "{run}", "--splt", "test"], "did you mean --split?"),
        (["evaluate", "{run}", "--data", "fer2031"], "fer2031"),
        (["explain", "{run}", "--layers", "block5/actvation"], "did you mean 'block5/activation'"),
        (["explain", "{run}", "--methods", "lime"], "no method 'lime'"),
        (["explain", "{run}", "--targets", "glee"], "'glee' is no category"),
        (["explain", "{run}", "--limit", "0"], "limit 0 must be positive"),
        (["explain", "{run}", "--pictures", "some"], "'some'"),
        (["predict", "{run}"], "name at least one image"),
        (["predict", "{run}", "nowhere.png"], "no file or folder nowhere.png"),
        (["predict", "{run}", "{empty}"], "no image in"),
        (["train", "--workdir", "x"], "--config NAME|FILE is missing"),
        (["train", "--config", "gimefive_fer201", "--workdir", "x"], "did you mean"),
        (["train", "--config", "gimefive_fer2013"], "--workdir"),
        (
            ["train", "--config", "gimefive_fer2013", "--workdir", "x", "--config.model.widht=1"],
            "did you mean --config.model.width?",
        ),
        (
            ["train", "--config", "gimefive_fer2013", "--workdir", "x", "--config.seed=one"],
            "--config.seed",
        ),
        (
            ["train", "--config", "gimefive_fer2013", "--workdir", "x", "--config.model.width=0"],
            "model.width 0.0 must be positive",
        ),
        (
            ["train", "--config", "gimefive_fer2013", "--workdir", "x", "--data-dir", "{empty}"],
            "gimefive data prepare fer2013",
        ),
        (["data", "prepare", "fer2031"], "no data set 'fer2031'"),
        (["data", "prepare", "fer2013"], "--raw"),
        (["data", "prepare", "fer2013", "--raw", "nowhere.zip"], "nowhere.zip"),
        (["data", "prepare", "fer2013", "--raw", "{empty}"], "none of FER2013's layouts"),
    ],
)
def test_a_mistake_is_one_line(
    words: list[str],
    message: str,
    tiny_run: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "prepared"))
    filled = [word.format(run=tiny_run, empty=tmp_path / "empty") for word in words]
    assert message in _mistake(filled, capsys)
    # Nothing was left behind: no run folder, no results, no partial file.
    assert [path.name for path in tmp_path.iterdir()] == ["empty"]


def test_a_run_folder_without_a_checkpoint(
    tiny_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "config.json").write_text((tiny_run / "config.json").read_text())
    assert "holds no checkpoint yet" in _mistake(["evaluate", str(tmp_path)], capsys)


def test_a_config_json_that_is_no_config(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "config.json").write_text('{"model": {"widht": 1}}')
    (tmp_path / "checkpoints").mkdir()
    line = _mistake(["evaluate", str(tmp_path)], capsys)
    assert "no field 'model.widht', did you mean 'width'?" in line


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere; see test_disk.py")
def test_a_folder_without_permission(
    tiny_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    tmp_path.chmod(0o500)
    line = _mistake(["evaluate", str(tiny_run), "--out", str(tmp_path / "out")], capsys)
    assert "Permission denied" in line


def test_debug_shows_the_traceback(tmp_path: Path):
    with pytest.raises(ValueError, match="no model at"):
        main(["evaluate", str(tmp_path / "nowhere"), "--debug"])
