import csv
from pathlib import Path

import pytest

from gimefive_jax.cli import main
from gimefive_jax.config import ExperimentConfig, replace
from tests.made_runs import make_run


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for rate in (0.01, 0.1):
        for seed in (0, 1):
            fields = {"optimizer.learning_rate": rate, "seed": seed, "training.num_epochs": 2}
            config = replace(ExperimentConfig(), fields)
            make_run(Path("runs") / f"{rate}-{seed}", config, [0.3, 0.5 + rate + seed / 100])
    return Path("runs")


def test_runs_are_listed_and_written(runs: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["runs", "list", "--sort", "best_validation_accuracy", "--out", "runs.csv"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[1:5]] == [
        "runs/0.1-1",
        "runs/0.1-0",
        "runs/0.01-1",
        "runs/0.01-0",
    ]
    with open("runs.csv", newline="", encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == 4


def test_a_damaged_run_is_listed_and_is_no_mistake(runs: Path, capsys: pytest.CaptureFixture[str]):
    (runs / "0.1-1" / "config.json").write_text("{")
    assert main(["runs", "list", "--out", "runs.md"]) == 0
    output = capsys.readouterr().out
    assert "runs/0.1-1/config.json is not a readable config.json" in output
    assert Path("runs.md").read_text().count("damaged") == 1


def test_groups_are_compared_drawn_and_written(runs: Path, capsys: pytest.CaptureFixture[str]):
    words = ["--out", "compared.md", "--picture", "curves.png"]
    assert main(["runs", "compare", "runs/0.01-0", "runs/0.01-1", str(runs), *words]) == 0
    output = capsys.readouterr().out
    assert "group  optimizer.learning_rate\nA                         0.01\n" in output
    assert "B - A" in output
    assert "B - A" in Path("compared.md").read_text()
    assert Path("curves.png").read_bytes()[:4] == b"\x89PNG"


def test_no_runs_are_an_empty_list(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    assert main(["runs", "list", str(tmp_path)]) == 0
    assert "no run in" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["list", "nowhere"], "no folder nowhere"),
        (["list", "--out", "runs.txt"], "must end in .csv or .md"),
        (["list", "--sort", "tset_accuracy"], "did you mean 'test_accuracy'?"),
        (["lst"], "did you mean 'runs list'?"),
        (["compare"], "RUN"),
        (["compare", "nowhere"], "no folder nowhere"),
        (["compare", "runs", "--out", "runs.html"], "must end in .csv or .md"),
        (["compare", "runs", "--picture", "curves.jpg"], "must end in .png"),
    ],
)
def test_a_mistake_is_one_line(
    words: list[str], message: str, runs: Path, capsys: pytest.CaptureFixture[str]
):
    assert main(["runs", *words]) == 2
    [line] = capsys.readouterr().err.strip().splitlines()
    assert message in line
    assert [path.name for path in Path().iterdir()] == ["runs"]
