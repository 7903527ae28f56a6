"""Evaluation of a whole split, beside the bare forward pass and a torch script.

    python benchmarks/evaluate.py [--faces 1536] [--width 1] [--rounds 5] [--out FILE]

Faces are pictures of 48x48 in six categories, written as JPEG and prepared as any folder is. Two
worker processes take turns on the same cores, a thread per core. What each does to all faces:

- raw: our jitted forward pass alone, on batches that lie in memory;
- arrays: logits of the decoded split, then every metric (accuracy to AUC) without intervals;
- files: the same with the decoding of the image files counted: ours opens the prepared set without
  its decoded copy, torch's data loader reads the files;
- intervals: the metrics with 1,000 bootstrap samples, without a forward pass.

torch's script is a DataLoader (0 workers, or one per core), the reference model in either memory
format and scikit-learn; the fastest of the four counts. Printed are medians over the turns, and the
median of the ratios of neighbouring turns with their range. Needs torch and scikit-learn.
"""

import argparse
import io
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

# A script finds what lies beside it, not the folder that it lies in.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.processes import Worker, machine_facts, num_threads
from data_prep.prepare import prepare
from gimefive_jax.emotions import EMOTIONS

OURS = ("raw", "arrays", "files", "intervals")
SIDE = 48
Times = dict[str, list[float]]


def main() -> None:
    arguments = _parse()
    theirs = [
        f"{source} {layout} {workers}"
        for source in ("arrays", "files")
        for layout in ("contiguous", "channels_last")
        for workers in (0, num_threads())
    ]
    with tempfile.TemporaryDirectory() as folder:
        _write_faces(Path(folder), arguments.faces)
        settings = {"folder": folder, "width": arguments.width, "batch_size": arguments.batch_size}
        environment = {"JAX_PLATFORMS": "cpu"}
        workers = [Worker(f"worker_evaluate_{name}", environment) for name in ("ours", "torch")]
        for worker, variants in zip(workers, (OURS, theirs), strict=True):
            worker.ask(do="make", settings=settings, variants=variants)
        times: Times = {variant: [] for variant in (*OURS, *theirs)}
        for _ in range(arguments.rounds):
            for variant, taken in times.items():
                worker = workers[variant not in OURS]
                taken.append(statistics.median(worker.ask(do="time", variant=variant, seconds=0)))
        for worker in workers:
            worker.close()
    text = report(times, num_faces=arguments.faces, width=arguments.width)
    print(text)
    if arguments.out:
        arguments.out.write_text(text)


def report(times: Times, *, num_faces: int, width: float) -> str:
    """Gives the tables as Markdown.

    Args:
      times: Seconds for all faces by turn, of ours and of torch's variants.
      num_faces: Faces of a turn.
      width: Of the model.
    """
    lines = [
        "# Evaluation of a whole split",
        "",
        f"`python {' '.join(sys.argv)}`",
        "",
        f"`gimefive`, width {width:g}, float32, {num_faces:,} faces. {machine_facts()}",
        "",
        "| what | images/s |",
        "|---|---|",
    ]
    for variant in ("raw", "arrays", "files"):
        lines.append(f"| ours, {variant} | {_speed(times[variant], num_faces):.1f} |")
    best = {source: _best(times, source) for source in ("arrays", "files")}
    for source, variant in best.items():
        speed = _speed(times[variant], num_faces)
        layout, workers = variant.split()[1:]
        lines.append(f"| torch, {source} ({layout}, {workers} workers) | {speed:.1f} |")
    lines += [
        "",
        "| ratio of images/s | median (range) |",
        "|---|---|",
        f"| ours, whole split from arrays / bare forward pass | {_ratio(times, 'arrays', 'raw')} |",
        *(
            f"| ours / torch, from {source} | {_ratio(times, source, variant)} |"
            for source, variant in best.items()
        ),
        "",
        f"1,000 bootstrap samples of every metric take {statistics.median(times['intervals']):.2f} "
        "s more.",
        "",
    ]
    return "\n".join(lines)


def _best(times: Times, source: str) -> str:
    """The fastest of torch's variants."""
    variants = [name for name in times if name.startswith(f"{source} ")]
    return min(variants, key=lambda name: statistics.median(times[name]))


def _speed(taken: Sequence[float], num_faces: int) -> float:
    return num_faces / statistics.median(taken)


def _ratio(times: Times, ours: str, other: str) -> str:
    ratios = [b / a for a, b in zip(times[ours], times[other], strict=True)]
    return f"{statistics.median(ratios):.3f} ({min(ratios):.3f} to {max(ratios):.3f})"


def _write_faces(folder: Path, count: int) -> None:
    """`raw/test/CATEGORY/*.jpg` and a few for training; and the same prepared in `data`."""
    random = np.random.default_rng(0)
    for part, number in (("train", 2 * len(EMOTIONS)), ("test", count)):
        for i in range(number):
            small = random.integers(0, 256, (12, 12), np.uint8)
            picture = Image.fromarray(small).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
            content = io.BytesIO()
            picture.save(content, "JPEG", quality=95)
            path = folder / "raw" / part / EMOTIONS[i % len(EMOTIONS)] / f"{i}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.getvalue())
    prepare("folders", raw=folder / "raw", data_dir=folder / "data")


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--faces", type=int, default=1536)
    parser.add_argument("--width", type=float, default=1.0)
    parser.add_argument("--batch-size", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=5, help="turns of each side")
    parser.add_argument("--out", type=Path, help="Markdown file to write")
    return parser.parse_args()


if __name__ == "__main__":
    main()
