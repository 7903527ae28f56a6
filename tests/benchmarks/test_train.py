"""Numbers of the training benchmark, and the whole of it in miniature."""

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.processes import ROOT
from benchmarks.train import OUT_OF_TIME
from benchmarks.train_tables import (
    COMPARISON_HEADER,
    Comparison,
    dispatch_table,
    epoch_table,
    outside_share,
    paper_minutes,
    peak_flops,
    utilisation,
)
from benchmarks.worker import Work, serve, timed


def _comparison(speeds: dict[str, list[float]]) -> Comparison:
    return Comparison(
        model="gimefive",
        batch_size=16,
        precision="bfloat16",
        speeds=speeds,
        build_seconds=dict.fromkeys(speeds, 30.0),
        flops=1e9,
        device="NVIDIA H100 80GB HBM3",
        num_devices=1,
        num_train=21_368,
    )


def _cells(row: str) -> list[str]:
    return [cell.strip() for cell in row.strip("|").split("|")]


def test_torch_counts_in_its_faster_format() -> None:
    row = _comparison(
        {"driven": [90, 100, 110], "contiguous": [50, 50, 50], "channels_last": [45, 80, 100]}
    ).row()
    cells = _cells(row)
    assert cells[3:7] == ["100.0", "80.0", "channels_last", "1.25 (1.10 to 2.00)"]
    assert cells[7:9] == ["-", "-"]  # nothing was compiled


def test_compiled_loops_stand_apart_from_eager_ones() -> None:
    row = _comparison({"driven": [100], "contiguous": [50], "channels_last compiled": [200]}).row()
    cells = _cells(row)
    assert cells[4:9] == [
        "50.0",
        "contiguous",
        "2.00 (2.00 to 2.00)",
        "200.0",
        "0.50 (0.50 to 0.50)",
    ]


def test_a_row_fits_its_header_with_and_without_torch() -> None:
    titles = _cells(COMPARISON_HEADER.splitlines()[0])
    for others in ({}, {"contiguous": [1.0]}, {"contiguous": [1.0], "contiguous compiled": [2.0]}):
        assert len(_cells(_comparison({"driven": [1.0], **others}).row())) == len(titles)


def test_share_outside_is_what_bare_steps_do_not_take() -> None:
    assert outside_share([(1.0, 0.98), (2.0, 1.96), (1.0, 0.5)]) == pytest.approx(0.02)


@pytest.mark.parametrize(
    ("device", "precision", "peak"),
    [
        ("NVIDIA H100 80GB HBM3", "bfloat16", 989e12),
        ("NVIDIA H200", "float32", 494e12),
        ("NVIDIA A100-SXM4-40GB", "float32", 156e12),
        ("TPU v5 lite", "bfloat16", 197e12),
        ("TPU v5", "bfloat16", 459e12),
        ("TPU v4", "float32", None),
        ("NVIDIA H100 80GB HBM3", "highest", None),
        ("cpu", "float32", None),
    ],
)
def test_peaks_are_found_by_the_nearest_name(
    device: str, precision: str, peak: float | None
) -> None:
    assert peak_flops(device, precision) == peak


def test_utilisation_counts_a_training_step_as_three_forward_passes() -> None:
    found = utilisation(1e5, flops=1e9, device="NVIDIA H100", precision="bfloat16")
    assert found == pytest.approx(1e5 * 3e9 / 989e12)
    assert utilisation(1e5, flops=math.nan, device="H100", precision="bfloat16") is None


def test_eighty_epochs_take_their_faces_and_the_compilation() -> None:
    assert paper_minutes(1000.0, num_faces=750, build_seconds=60.0) == pytest.approx(2.0)


def test_steps_that_were_not_measured_leave_a_dash() -> None:
    table = dispatch_table({"small": {1: 100.0, 8: 800.0}, "large": {1: 5.0}})
    assert _cells(table.splitlines()[-1]) == ["large", "5.0", "-"]


def test_parts_of_an_epoch_are_shares_of_their_sum() -> None:
    table = epoch_table({"small": {"steps": 9.0, "saving": 1.0}})
    assert _cells(table.splitlines()[-1]) == ["small", "10.00", "90.0%", "10.0%"]


def test_what_is_left_in_flight_counts_as_time_of_a_turn() -> None:
    finished = []
    times = timed(Work(lambda: None, lambda: finished.append(True)), seconds=0.0)
    assert len(times) == 1
    assert finished == [True]


def test_a_worker_answers_every_request_with_a_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    requests = [
        {"do": "make", "settings": {"size": 2}, "variants": ["a"]},
        {"do": "time", "variant": "a", "seconds": 0},
        {"do": "steps"},
    ]
    monkeypatch.setattr("sys.stdin", [json.dumps(request) for request in requests])
    sizes = []

    def make_work(*, size: int, variant: str) -> Work:
        return Work(lambda: sizes.append(size))

    serve(make_work, {"steps": lambda: 8})
    built, times, steps = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert list(built) == ["a"]
    assert len(times) == 1
    assert steps == 8
    assert sizes == [2, 2, 2]  # twice to warm up


def _benchmark(out: Path, *words: str) -> subprocess.CompletedProcess[str]:
    small = "--seconds 0 --rounds 1 --batch-sizes 8 --width 0.0625 --image-size 32 --num-train 64"
    table = "--dispatch-widths 0.0625 --steps-per-dispatch-of-table 1 2"
    return subprocess.run(
        [
            sys.executable,
            "benchmarks/train.py",
            *f"{small} {table}".split(),
            *words,
            "--out",
            str(out),
        ],
        env={**os.environ, "XLA_FLAGS": ""},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.heavy
def test_the_benchmark_measures_every_part(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="what it is compared with is torch's")
    ended = _benchmark(tmp_path / "train.md")
    assert ended.returncode == 0, ended.stderr
    text = (tmp_path / "train.md").read_text()
    assert "| gimefive, width 0.0625 | 8 | float32 |" in text
    assert "steps alone, ms/step" in text
    assert "| steps/s at steps per dispatch | 1 | 2 |" in text
    assert "| validation | saving |" in text


@pytest.mark.heavy
def test_a_benchmark_without_time_says_that_it_is_not_whole(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="what it is compared with is torch's")
    ended = _benchmark(tmp_path / "train.md", "--max-minutes", "0.0001")
    assert ended.returncode == OUT_OF_TIME, ended.stderr
    assert "Cut short" in (tmp_path / "train.md").read_text()
