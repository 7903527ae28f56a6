from pathlib import Path

import pytest

from gimefive_jax import config as configs
from gimefive_jax.cli import main
from gimefive_jax.cli.sweep import parse_arguments
from gimefive_jax.config import Range, SweepConfig
from gimefive_jax.errors import InputError

_PAPER = ["--config", "gimefive_fer2013", "--out", "x"]


def test_a_grid_is_read_from_the_command():
    words = ["--grid", "optimizer.learning_rate=1e-2,1e-3", "--grid=model.depth=4,5"]
    sweep, _ = parse_arguments([*_PAPER, *words, "--seeds", "0,1,2"])
    assert sweep == SweepConfig(
        base=configs.load_config("gimefive_fer2013"),
        fields={"optimizer.learning_rate": (1e-2, 1e-3), "model.depth": (4, 5)},
        seeds=(0, 1, 2),
    )


def test_ranges_are_read_from_the_command():
    words = ["--random", "optimizer.learning_rate=log:1e-4..1e-1"]
    words += ["--random", "model.dropout_rate=0..0.5", "--random", "optimizer.nesterov=True,False"]
    sweep, _ = parse_arguments([*_PAPER, *words, "--num-settings", "4", "--draw-seed", "3"])
    assert dict(sweep.fields) == {
        "optimizer.learning_rate": Range(1e-4, 1e-1, log=True),
        "model.dropout_rate": Range(0, 0.5),
        "optimizer.nesterov": (True, False),
    }
    assert (sweep.search, sweep.num_settings, sweep.draw_seed) == ("random", 4, 3)


def test_the_base_is_replaced_field_by_field_as_for_train():
    words = ["--config.model.width=0.25", "--config.reference=True", "--data-dir", "/data"]
    sweep, _ = parse_arguments([*_PAPER, *words, "--each", "model.depth=4"])
    wanted = {"model.width": 0.25, "reference": True, "data.directory": "/data"}
    assert sweep.base == configs.replace(configs.load_config("gimefive_fer2013"), wanted)
    assert sweep.search == "each"


def test_the_seed_of_the_config_is_the_one_trained_by_default():
    sweep, _ = parse_arguments([*_PAPER, "--config.seed=5", "--each", "model.depth=4"])
    assert sweep.seeds == (5,)


def test_a_shipped_sweep_takes_seeds_and_fields_of_its_base():
    words = ["--config", "paper_hyperparameters", "--out", "x", "--seeds", "4"]
    sweep, _ = parse_arguments([*words, "--config.model.width=0.25"])
    shipped = configs.load_sweep("paper_hyperparameters")
    assert isinstance(shipped, SweepConfig)
    assert (sweep.fields, sweep.seeds, sweep.base.model.width) == (shipped.fields, (4,), 0.25)


def test_the_plan_is_shown_without_training(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    assert main(["sweep", *_PAPER, "--each", "model.depth=4", "--plan-only"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "base-seed0",
        "depth=4-seed0",
        "",
        "2 trials, 1 for each setting",
    ]
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--grid", "optimizer.learning_rat=1,2"], "did you mean 'optimizer.learning_rate'?"),
        (["--grid", "optimizer.learning_rate"], "must read FIELD=VALUE,VALUE"),
        (["--grid", "optimizer.learning_rate=fast"], "'fast' must be a number"),
        (["--grid", "training.batch_size=8.5"], "'8.5' must be a whole number"),
        (["--grid", "optimizer.nesterov=yes"], "'yes' must be True or False"),
        (["--grid", "explanation.layers=a,b"], "several values in one"),
        (["--grid", "model.depth=4", "--grid", "model.depth=5"], "names model.depth twice"),
        (["--grid", "model.depth=4", "--each", "seed=5"], "--grid and --each are different"),
        (["--grid", "model.width=0.1..0.5"], "a range is for a random search"),
        (["--random", "model.width=0.1..0.5"], "num_settings 0 must be positive"),
        (["--grid", "model.depth=4", "--num-settings", "3"], "is for a random search"),
        (["--grid", "model.depth=4", "--seeds", "0,one"], "--seeds: 'one' must be a whole number"),
        (["--gird", "model.depth=4"], "did you mean --grid?"),
        ([], "nothing to vary"),
    ],
)
def test_a_mistake_is_one_line(
    words: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    monkeypatch.chdir(tmp_path)
    assert main(["sweep", *_PAPER, *words]) == 2
    [line] = capsys.readouterr().err.strip().splitlines()
    assert line.startswith("gimefive: ")
    assert message in line
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("--grid=model.depth=4", "the sweep says itself what to vary"),
        ("--config.seed=5", "give --seeds 5 instead"),
    ],
)
def test_what_a_sweep_varies_is_its_own_to_say(word: str, message: str):
    with pytest.raises(InputError, match=message):
        parse_arguments(["--config", "paper_hyperparameters", "--out", "x", word])


def test_a_sweep_needs_a_config():
    with pytest.raises(InputError, match=r"--config NAME\|FILE is missing"):
        parse_arguments(["--out", "x"])
