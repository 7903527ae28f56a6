"""The campaign: its plan, its tables, its packing; and all of it in miniature."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.campaign_pack import pack, unpack
from benchmarks.campaign_plan import Choices, allotments, make_stages
from benchmarks.campaign_results import seed_table, spread, summary_table
from benchmarks.campaign_runs import RESULT, Result
from benchmarks.processes import ROOT
from gimefive_jax.errors import InputError


def _result(group: str, seed: int, accuracy: float) -> Result:
    return Result(
        name=f"{group}-seed{seed}",
        group=group,
        seed=seed,
        command=f"gimefive train --config {group}",
        epochs=30.0,
        best_epoch=20.0 + seed,
        steps_minutes=1.5,
        images_per_second=1000.0,
        accuracy={"validation": accuracy, "test": accuracy - 0.1},
        balanced_accuracy={"validation": accuracy, "test": accuracy},
        count={"validation": 24, "test": 30},
    )


def _write(path: Path, size: int = 10) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes(size))


def _finish(out: Path, group: str, seed: int, accuracy: float, *, weights: int = 10) -> None:
    run = out / "runs" / f"{group}-seed{seed}"
    _write(run / "checkpoints" / "7" / "state", 1000)
    _write(run / "metrics.csv")
    _write(run / "evaluation" / "test" / "predictions.csv")
    (run / RESULT).write_text(json.dumps(_result(group, seed, accuracy)))
    _write(out / "weights" / f"{run.name}.safetensors", weights)


def _files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_no_two_trials_share_a_folder_or_a_config() -> None:
    trials = [trial for stage in make_stages(Choices()) for trial in stage.trials]
    assert len({trial.name for trial in trials}) == len(trials) == 12
    assert len({str(trial.config) for trial in trials}) == len(trials)
    assert len({trial.command for trial in trials}) == len(trials)


def test_the_recipes_run_for_as_long_as_the_issue_asks() -> None:
    recipes = {stage.name: stage for stage in make_stages(Choices())}["recipes"]
    assert {trial.config.model.width for trial in recipes.trials} == {0.25}
    assert all(trial.config.training.num_epochs >= 15 for trial in recipes.trials)


def test_both_recipes_of_a_seed_come_before_the_next_seed() -> None:
    recipes = {stage.name: stage for stage in make_stages(Choices())}["recipes"]
    names = [trial.name for trial in recipes.trials]
    assert names[:3] == ["paper-seed0", "modern-seed0", "paper-seed1"]


def test_stages_share_all_the_time_there_is() -> None:
    assert allotments(15.0, [3, 4, 4, 4]) == pytest.approx([3, 4, 4, 4])
    assert allotments(0.0, [3, 4]) == [0.0, 0.0]


def test_the_spread_is_the_sample_standard_deviation() -> None:
    assert spread([0.60, 0.62, 0.64]) == "62.00 ± 2.00"
    assert spread([0.6]) == "60.00"


def test_tables_hold_a_row_per_group_and_per_seed() -> None:
    results = [_result("paper", 0, 0.6), _result("modern", 0, 0.7), _result("paper", 1, 0.64)]
    summary, seeds = summary_table(results).splitlines(), seed_table(results).splitlines()
    assert summary[2] == "| paper | 2 | 30 | 20 to 21 | 62.00 ± 2.83 | 52.00 ± 2.83 |"
    assert summary[3] == "| modern | 1 | 30 | 20 | 70.00 | 60.00 |"
    assert [row.split(" | ")[:2] for row in seeds[2:]] == [
        ["| paper", "0"],
        ["| paper", "1"],
        ["| modern", "0"],
    ]


def test_a_split_that_one_trial_lacks_has_no_mean() -> None:
    results = [_result("paper", 0, 0.6), _result("paper", 1, 0.6)]
    del results[1]["accuracy"]["test"]
    assert summary_table(results).splitlines()[2].endswith("| 60.00 ± 0.00 | - |")


def test_what_is_packed_comes_back_as_it_was(tmp_path: Path) -> None:
    out = tmp_path / "out"
    _finish(out, "small", 0, 0.7)
    _write(out / "results.md")
    _write(out / "runs" / "full-seed0" / "checkpoints" / "9" / "state", 5000)
    _write(out / "runs" / "full-seed0" / "config.json")
    assert pack(out, tmp_path / "pack", part=4096) == []
    parts = list((tmp_path / "pack").rglob("*"))
    assert len(parts) > 2
    assert all(path.is_dir() or path.stat().st_size <= 4096 for path in parts)
    unpack(tmp_path / "pack", tmp_path / "back")
    assert _files(tmp_path / "back") == [
        "results.md",
        "runs/full-seed0/checkpoints/9/state",
        "runs/full-seed0/config.json",
        "runs/small-seed0/metrics.csv",
        "runs/small-seed0/result.json",
        "weights/small-seed0.safetensors",
    ]
    state = "runs/full-seed0/checkpoints/9/state"
    assert (tmp_path / "back" / state).read_bytes() == (out / state).read_bytes()


def test_the_best_weights_go_before_others_where_not_all_fit(tmp_path: Path) -> None:
    out = tmp_path / "out"
    for seed, accuracy in enumerate((0.6, 0.7, 0.65)):
        _finish(out, "small", seed, accuracy, weights=100_000)
    left_out = pack(out, tmp_path / "pack", limit=150_000)
    assert [path.name for path in left_out] == [
        "small-seed0.safetensors",
        "small-seed2.safetensors",
    ]
    packed = (tmp_path / "pack").rglob("part-*")
    assert sum(path.stat().st_size for path in packed) <= 150_000


def test_packing_again_replaces_the_earlier_parts(tmp_path: Path) -> None:
    out = tmp_path / "out"
    _finish(out, "small", 0, 0.7, weights=50_000)
    pack(out, tmp_path / "pack", part=4096)
    (out / "weights" / "small-seed0.safetensors").unlink()
    pack(out, tmp_path / "pack", part=4096)
    unpack(tmp_path / "pack", tmp_path / "back")
    assert not (tmp_path / "back" / "weights").exists()


def test_a_missing_part_is_told(tmp_path: Path) -> None:
    out = tmp_path / "out"
    _finish(out, "small", 0, 0.7, weights=50_000)
    pack(out, tmp_path / "pack", part=4096)
    last = max((tmp_path / "pack").rglob("part-*"))
    for path in (last, last.with_name("part-09")):
        path.unlink(missing_ok=True)
    with pytest.raises(InputError, match="bring all parts back"):
        unpack(tmp_path / "pack", tmp_path / "back")
    with pytest.raises(InputError, match="holds no"):
        unpack(tmp_path / "elsewhere", tmp_path / "back")


def _campaign(out: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "benchmarks/campaign.py", "--dry", "--out", str(out), *words],
        env={**os.environ, "XLA_FLAGS": ""},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.heavy
def test_a_campaign_that_ran_out_of_time_goes_on_elsewhere(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="what it is compared with is torch's")
    out, packed, back = tmp_path / "out", tmp_path / "pack", tmp_path / "back"
    words = ["--only", "recipes", "--num-seeds", "1"]
    first = _campaign(out, *words, "--max-minutes", "0.001", "--pack", str(packed))
    assert first.returncode == 0, first.stderr
    assert "paper-seed0: out of time" in first.stdout
    again = _campaign(back, *words, "--unpack", str(packed))
    assert again.returncode == 0, again.stderr
    assert (back / "recipes-curves.png").is_file()
    text = (back / "recipes.md").read_text()
    assert "| paper | 1 | 2 |" in text
    assert "| modern | 1 | 2 |" in text
    rest = _campaign(back, "--num-seeds", "1")
    assert rest.returncode == 0, rest.stderr
    assert "4 of 4 trials have a result" in rest.stdout
    assert sorted(path.name for path in (back / "weights").iterdir()) == [
        "full-seed0.safetensors",
        "small-seed0.safetensors",
    ]
    assert "| gimefive, width 0.0625 | 8 |" in (back / "speed.md").read_text()
