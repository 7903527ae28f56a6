import math
import os
import signal
import time
from pathlib import Path

import pytest

from gimefive_jax import config as configs
from gimefive_jax.cli import main
from gimefive_jax.cli.reproduce import make_plan, parse_arguments
from gimefive_jax.config import ExperimentConfig
from gimefive_jax.recipes.reproduce import ReproductionPlan
from gimefive_jax.report.reproduced import read_reproduction
from tests.cli import command


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "nothing"))


def _plan(*words: str) -> ReproductionPlan:
    return make_plan(parse_arguments(words), words)


def test_a_plan_is_read_from_the_command():
    words = ["paper", "--row", "gimefive", "--row", "vgg", "--data", "fer2013", "--seeds", "3"]
    words += ["--max-minutes", "5", "--config.model.width=0.25", "--data-dir", "/data"]
    plan = _plan(*words)
    assert (plan.table, plan.names, plan.data) == ("paper", ("gimefive", "vgg"), ("fer2013",))
    assert (plan.num_seeds, plan.max_minutes, plan.data_directory) == (3, 5.0, "/data")
    assert dict(plan.values) == {"model.width": 0.25}
    assert plan.out == Path("runs/reproduce/paper")


def test_runs_are_taken_from_the_usual_folder_where_there_is_one(tmp_path: Path):
    assert _plan("ours").take_from == ()
    (tmp_path / "runs").mkdir()
    assert _plan("ours").take_from == (Path("runs"),)
    assert _plan("ours", "--runs", "a", "b").take_from == (Path("a"), Path("b"))
    assert _plan("ours").max_minutes == math.inf


def test_fields_that_are_not_named_are_not_replaced():
    assert dict(_plan("ours", "--config.training.batch-size=64").values) == {
        "training.batch_size": 64
    }


def test_the_plan_alone_shows_the_table_and_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert main(["reproduce", "paper", "--plan-only"]) == 0
    printed = capsys.readouterr().out
    assert printed.count("data missing") == 20
    assert "gimefive data prepare fer2013 --raw PATH" in printed
    assert not list(tmp_path.iterdir())


def test_a_call_without_its_data_says_what_to_prepare_and_fails(
    capsys: pytest.CaptureFixture[str],
):
    assert main(["reproduce", "paper", "--row", "vgg", "--data", "raf_db"]) == 2
    assert "gimefive data prepare raf_db --raw PATH" in capsys.readouterr().out
    assert all(row.prepare for row in read_reproduction(Path("runs/reproduce/paper")).rows)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["paper", "--row", "gimefiv"], "did you mean 'gimefive'?"),
        (["paper", "--row", "small"], "--row small is in no row"),
        (["paper", "--seeds", "0"], "seeds 0 must be at least 1"),
        (["paper", "--config.model.name=vgg"], "choose rows with --row MODEL"),
        (["paper", "--config.model.widht=1"], "did you mean --config.model.width"),
        (["paper", "--runs", "nowhere"], "no folder nowhere"),
        (["papers"], "papers"),
    ],
)
def test_a_mistake_is_one_line(
    words: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert main(["reproduce", *words]) == 2
    [line] = capsys.readouterr().err.strip().splitlines()
    assert line.startswith("gimefive: ")
    assert message in line
    assert not list(tmp_path.iterdir())


@pytest.mark.heavy
def test_a_killed_call_made_again_ends_the_table(tiny_config: ExperimentConfig):
    fields = configs.to_fields(tiny_config)
    words = ["reproduce", "ours", "--row", "drawn_faces_quickstart"]
    words += ["--data-dir", fields["data.directory"], "--config.training.num-epochs=30"]
    words += ["--config.training.save-every-minutes=0.0001"]
    for name in ("data.image_size", "model.width", "training.batch_size"):
        words.append(f"--config.{name}={fields[name]}")
    process = command.start(*words)
    out = Path("runs/reproduce/ours")
    deadline = time.monotonic() + 240
    while not list(out.glob("*/trials/*/checkpoints/[0-9]*/commit_success.txt")):
        assert time.monotonic() < deadline, "nothing was saved"
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    # The table is whole at any time.
    assert read_reproduction(out).row("drawn_faces_quickstart").state == "waiting"
    again = command.run(*words)
    assert again.returncode == 0, again.stderr
    row = read_reproduction(out).row("drawn_faces_quickstart")
    assert (row.state, row.runs[0].epochs) == ("measured", 30)
