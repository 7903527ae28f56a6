"""Milliseconds of a call on 1, 4, 16 and 64 faces: ours, PyTorch's and onnxruntime's, on CPU.

    python benchmarks/latency.py [--models gimefive small resnet18] [--batch-sizes 1 4 16 64]

Three worker processes take turns on the same cores, one library each, a thread per core. All have
the same weights (of `small` the shipped ones, else drawn by a formula) and get the same uint8
faces in memory; whose logits differ by more than 1e-4 is refused before anything is timed.

- ours: the jitted step that `Classifier.predict` runs, its variables placed;
- explain: ours, with HiResCAM and Grad-CAM of the predicted category at the default layer;
- shown map: ours, with the one map that `gimefive predict` draws;
- torch: eager, in inference mode, the faster of its memory formats;
- onnxruntime: the faster of two files, exported by torch and by `gimefive export --explain none`.

Times are medians over the turns of the median call; a ratio is the median over pairs of turns of
one round. The floor is what the arithmetic of a plain convolution takes at the speed of XLA's
largest matrix product here, or reading each weight once from memory, whichever is longer. Needs
torch and onnxruntime: the extras `dev` and `export`. `--out FILE` writes the tables as well.
"""

import argparse
import dataclasses
import statistics
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

# A script finds what lies beside it, not the folder that it lies in.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.processes import Worker, machine_facts, num_threads

MODELS = ("gimefive", "small", "resnet18")
VARIANTS = {
    "ours": ("predict", "explain", "shown"),
    "torch": ("contiguous", "channels_last"),
    "onnx": ("torch.onnx", "gimefive.onnx"),
}
HEADER = (
    "| model | faces | ours, ms | torch, ms | onnxruntime, ms | torch / ours | onnxruntime / ours "
    "| explain / predict | shown map / predict | floor, ms |\n"
    "|---|---|---|---|---|---|---|---|---|---|"
)


@dataclasses.dataclass(frozen=True)
class Floor:
    """What no call can be faster than that multiplies as often as a convolution."""

    flops_per_face: float
    weight_bytes: float
    """Of all variables, as float32."""
    flops_per_second: float
    """Of the largest matrix product, on all cores."""
    bytes_per_second: float
    """Of reading an array that fits no cache."""

    def milliseconds(self, faces: int) -> float:
        """Of a call on so many faces."""
        arithmetic = faces * self.flops_per_face / self.flops_per_second
        return 1e3 * max(arithmetic, self.weight_bytes / self.bytes_per_second)


def main() -> None:
    arguments = _parse()
    lines = [HEADER]
    print(HEADER, flush=True)
    floors = dict[str, Floor]()
    for model in arguments.models:
        with tempfile.TemporaryDirectory() as folder:
            # Fresh processes: what an earlier model left behind is nobody's advantage.
            workers = {
                name: Worker(f"worker_latency_{name}", {"JAX_PLATFORMS": "cpu"})
                for name in VARIANTS
            }
            for name in ("ours", "torch"):  # the first gives what the second needs
                found = workers[name].ask(
                    do="write", folder=folder, model=model, width=arguments.width
                )
                floors[model] = Floor(**found) if name == "ours" else floors[model]
            for size in arguments.batch_sizes:
                times = measure(workers, folder, size, arguments)
                lines.append(row(model, size, times, floors[model]))
                print(lines[-1], flush=True)
            for worker in workers.values():
                worker.close()
    text = report(lines, floors)
    print(text[text.index("\n\n| model | GFLOP") :])
    if arguments.out:
        arguments.out.write_text(text)


def measure(
    workers: Mapping[str, Worker], folder: str, size: int, arguments: argparse.Namespace
) -> dict[str, list[float]]:
    """Gives milliseconds of the median call in each turn, by variant."""
    for name, variants in VARIANTS.items():
        settings = {"folder": folder, "batch_size": size}
        workers[name].ask(do="make", settings=settings, variants=variants)
    times: dict[str, list[float]] = {one: [] for names in VARIANTS.values() for one in names}
    for _ in range(arguments.rounds):
        for name, variants in VARIANTS.items():
            for variant in variants:
                calls = workers[name].ask(do="time", variant=variant, seconds=arguments.seconds)
                times[variant].append(1e3 * statistics.median(calls))
    return times


def row(model: str, size: int, times: Mapping[str, list[float]], floor: Floor) -> str:
    """Gives a row of the table.

    Args:
      model: Its name.
      size: Faces of a call.
      times: Milliseconds of each turn, by variant.
      floor: Of the model on this machine.
    """
    torch, onnx = (_faster(times, VARIANTS[name]) for name in ("torch", "onnx"))
    cells = [
        model,
        str(size),
        _median(times["predict"]),
        f"{_median(times[torch])} ({torch})",
        f"{_median(times[onnx])} ({onnx})",
        *(ratio(times[other], times["predict"]) for other in (torch, onnx, "explain", "shown")),
        f"{floor.milliseconds(size):.2f}",
    ]
    return f"| {' | '.join(cells)} |"


def ratio(numerators: Sequence[float], denominators: Sequence[float]) -> str:
    """Gives the median of the ratios of pairs, with their range."""
    ratios = [a / b for a, b in zip(numerators, denominators, strict=True)]
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"


def report(lines: Sequence[str], floors: Mapping[str, Floor]) -> str:
    """Gives the file: facts of the machine, the table of times, and that of the floors."""
    first = next(iter(floors.values()))
    return "\n".join(
        [
            "# Time of a call on CPU",
            "",
            f"`python {' '.join(sys.argv)}`",
            "",
            f"float32, {num_threads()} threads each. {machine_facts()}",
            "",
            *lines,
            "",
            "| model | GFLOP per face | weights, MB |",
            "|---|---|---|",
            *(
                f"| {name} | {one.flops_per_face / 1e9:.3f} | {one.weight_bytes / 1e6:.1f} |"
                for name, one in floors.items()
            ),
            "",
            f"The largest matrix product reaches {first.flops_per_second / 1e9:.0f} GFLOP/s, "
            f"reading {first.bytes_per_second / 1e9:.0f} GB/s.",
            "",
        ]
    )


def _faster(times: Mapping[str, Sequence[float]], variants: Sequence[str]) -> str:
    return min(variants, key=lambda variant: statistics.median(times[variant]))


def _median(milliseconds: Sequence[float]) -> str:
    return f"{statistics.median(milliseconds):.2f}"


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", nargs="+", default=MODELS, choices=MODELS)
    parser.add_argument("--batch-sizes", nargs="+", type=int, default=[1, 4, 16, 64])
    parser.add_argument("--width", type=float, default=1.0, help="of models that are not shipped")
    parser.add_argument("--seconds", type=float, default=0.5, help="length of a turn")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each side")
    parser.add_argument("--out", type=Path, help="Markdown file to write")
    return parser.parse_args()


if __name__ == "__main__":
    main()
