"""Time of a process from a photo to a picture of its face, explained: ours, torch's, onnxruntime's.

    python benchmarks/first_face.py photo.jpg [--baseline-checkouts DIR ...] [--out FILE]

Each time is that of a process of its own, so importing, reading the weights and compiling count:

- ours: `gimefive predict small photo.jpg --pictures-dir OUT`: finds faces and their 68 landmarks,
  classifies, explains, draws. First with an empty folder of compiled programs, then later;
- ours at DIR: the same command of another checkout of this repository;
- torch: `script_first_face_torch.py`, a plain script with the same weights: a Haar cascade of
  OpenCV finds the face, Grad-CAM explains it, matplotlib or OpenCV draws;
- onnxruntime: `script_first_face_onnx.py`, the same with the file that `gimefive export` writes.

Seconds of the clock and of the processors (user and system), medians of interleaved rounds. Needs
torch, onnxruntime and OpenCV: the extras `torch`, `export` and `faces`.
"""

import argparse
import dataclasses
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

# A script finds what lies beside it, not the folder that it lies in.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.processes import ROOT, machine_facts

_CODE = "import sys; from gimefive_jax.cli import main; sys.exit(main())"
_CACHE = "JAX_COMPILATION_CACHE_DIR"
_OURS = "ours"
_KINDS = ("wall", "processor")


@dataclasses.dataclass(frozen=True)
class Taken:
    """What a process took, in seconds."""

    wall: float
    processor: float


@dataclasses.dataclass(frozen=True)
class Task:
    """A command, and the checkout whose package it runs."""

    words: tuple[str, ...]
    checkout: Path = ROOT


def main() -> None:
    arguments = _parse()
    with tempfile.TemporaryDirectory() as folder:
        tasks = _tasks(Path(folder), arguments)
        first = {name: take(task, Path(folder) / name) for name, task in tasks.items()}
        later: dict[str, list[Taken]] = {name: [] for name in tasks}
        for _ in range(arguments.rounds):
            for name, task in tasks.items():
                later[name].append(take(task, Path(folder) / name))
    text = report(first, later)
    print(text)
    if arguments.out:
        arguments.out.write_text(text)


def take(task: Task, caches: Path) -> Taken:
    """Runs a task.

    Args:
      task: The command.
      caches: Folder in which it may keep what helps it later.
    """
    kept = {name: value for name, value in os.environ.items() if name != _CACHE}
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(
        [sys.executable, *task.words],
        env={
            **kept,
            "JAX_PLATFORMS": "cpu",
            "PYTHONPATH": str(task.checkout),
            "XDG_CACHE_HOME": str(caches),
        },
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wall, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Taken(wall, processor)


def report(first: Mapping[str, Taken], later: Mapping[str, Sequence[Taken]]) -> str:
    """Gives the table: first and later times, and ours over each.

    Args:
      first: Of each task, its first time, with nothing kept from before.
      later: The times of its later rounds, which are interleaved with the others'.
    """
    lines = [
        "# From a photo to the picture of its face",
        "",
        f"`python {' '.join(sys.argv)}`",
        "",
        f"Seconds of the clock / of the processors. {machine_facts()}",
        "",
        "| process | first time | later | ours / it, clock | ours / it, processors |",
        "|---|---|---|---|---|",
    ]
    for name, times in later.items():
        ratios = [_ratio(_seconds(later[_OURS], kind), _seconds(times, kind)) for kind in _KINDS]
        middle = [statistics.median(_seconds(times, kind)) for kind in _KINDS]
        cells = [
            name,
            f"{first[name].wall:.2f} / {first[name].processor:.2f}",
            f"{middle[0]:.2f} / {middle[1]:.2f}",
            *(("", "") if name == _OURS else ratios),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


def _seconds(times: Sequence[Taken], kind: str) -> list[float]:
    return [getattr(one, kind) for one in times]


def _ratio(ours: Sequence[float], others: Sequence[float]) -> str:
    ratios = [a / b for a, b in zip(ours, others, strict=True)]
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"


def _tasks(folder: Path, arguments: argparse.Namespace) -> dict[str, Task]:
    """The commands, and the files that they read."""
    photo = str(arguments.photo.resolve())
    for words in (
        ["weights", "convert", "small", str(folder / "small.pth")],
        ["export", "small", "--to", "onnx", "--out", str(folder / "small.onnx")],
    ):
        environment = {**os.environ, "JAX_PLATFORMS": "cpu", "PYTHONPATH": str(ROOT)}
        subprocess.run([sys.executable, "-c", _CODE, *words], env=environment, check=True)
    ours = ("-c", _CODE, "predict", "small", photo, "--pictures-dir", str(folder / "pictures"))
    tasks = {_OURS: Task(ours)}
    for checkout in arguments.baseline_checkouts:
        tasks[f"ours at {checkout.name}"] = Task(ours, checkout.resolve())
    for name, weights, more in (
        ("torch, matplotlib", "small.pth", ("matplotlib",)),
        ("torch, OpenCV", "small.pth", ("opencv",)),
        ("onnxruntime, OpenCV", "small.onnx", ()),
    ):
        library = "torch" if weights.endswith(".pth") else "onnx"
        script = str(ROOT / "benchmarks" / f"script_first_face_{library}.py")
        out = str(folder / f"{library}.png")
        tasks[name] = Task((script, photo, str(folder / weights), out, *more))
    return tasks


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photo", type=Path)
    parser.add_argument("--rounds", type=int, default=5, help="later runs of each process")
    parser.add_argument(
        "--baseline-checkouts", type=Path, nargs="+", default=[], help="roots of other checkouts"
    )
    parser.add_argument("--out", type=Path, help="Markdown file to write")
    return parser.parse_args()


if __name__ == "__main__":
    main()
