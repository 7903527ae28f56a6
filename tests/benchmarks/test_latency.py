"""Numbers of the benchmark of single calls, and the whole of it in miniature."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.latency import HEADER, VARIANTS, Floor, ratio, row
from benchmarks.processes import ROOT
from benchmarks.same_logits import check_logits

_FLOOR = Floor(flops_per_face=1e9, weight_bytes=5e7, flops_per_second=1e12, bytes_per_second=1e10)


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_the_floor_is_the_weights_of_few_faces_and_the_arithmetic_of_many() -> None:
    assert _FLOOR.milliseconds(1) == pytest.approx(5.0)
    assert _FLOOR.milliseconds(64) == pytest.approx(64.0)


def test_a_ratio_is_that_of_neighbouring_turns() -> None:
    assert ratio([1.0, 4.0, 9.0], [1.0, 2.0, 3.0]) == "2.00 (1.00 to 3.00)"


def test_the_faster_variant_of_each_library_counts() -> None:
    times = {
        "predict": [2.0], "explain": [3.0], "shown": [4.0],
        "contiguous": [6.0], "channels_last": [5.0], "torch.onnx": [1.0], "gimefive.onnx": [8.0],
    }  # fmt: skip
    assert set(times) == {name for names in VARIANTS.values() for name in names}
    cells = _cells(row("small", 4, times, _FLOOR))
    assert len(cells) == len(_cells(HEADER.splitlines()[0]))
    assert cells[:5] == ["small", "4", "2.00", "5.00 (channels_last)", "1.00 (torch.onnx)"]
    assert [cell.split()[0] for cell in cells[5:]] == ["2.50", "0.50", "1.50", "2.00", "5.00"]


def test_other_logits_are_not_timed(tmp_path: Path) -> None:
    logits = np.eye(2, 6, dtype=np.float32)
    np.save(tmp_path / "logits.npy", logits)
    check_logits(np.resize(logits, (5, 6)) + 5e-5, tmp_path, of="torch")
    with pytest.raises(SystemExit, match=r"torch differ from ours by 2\.0e-04"):
        check_logits(logits + 2e-4, tmp_path, of="torch")


@pytest.mark.heavy
def test_the_benchmark_times_each_library(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="what it is compared with is torch's")
    pytest.importorskip("onnxruntime", reason="what it is compared with is onnxruntime's")
    small = "--models gimefive --width 0.0625 --batch-sizes 2 --rounds 1 --seconds 0"
    ended = subprocess.run(
        [
            sys.executable,
            "benchmarks/latency.py",
            *small.split(),
            "--out",
            str(tmp_path / "latency.md"),
        ],
        env={**os.environ, "XLA_FLAGS": ""},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    text = (tmp_path / "latency.md").read_text()
    assert "| gimefive | 2 |" in text
    assert "The largest matrix product reaches" in text
