"""Images per second of every model of the paper's table, ours and PyTorch's, on CPU.

    python benchmarks/models.py [--models gimefive ...] [--batch-sizes 16 64] [--seconds 3]

Two worker processes take turns on the same cores: one runs our jitted steps, one the PyTorch
references of `tests/equivalence`, each with a thread per core. In one process they would share
malloc's settings and torch's threads would still spin while ours begin. A turn lasts `--seconds`
(at least a step), `--rounds` turns each; printed are medians over turns of the median step and the
median of the ratios of neighbouring turns. PyTorch runs in both memory formats, the faster counts.

train: forward, backward and a step of SGD with momentum, with dropout, from uint8 faces in memory;
predict: logits in eval mode (torch: inference_mode); explain: logits, HiResCAM and Grad-CAM at the
default layer (torch: the kept activation and torch.autograd.grad to it).
`--torch-keeps-memory` gives torch's process the malloc settings that ours has.
`--out FILE` writes the table with the facts of the machine as well. Needs torch: the dev extra's
tests do too.
"""

import argparse
import statistics
import sys
from pathlib import Path

# A script finds what lies beside it, not the folder that it lies in.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.processes import Worker, machine_facts

TASKS = ("train", "predict", "explain")
OURS, THEIRS = ("ours",), ("contiguous", "channels_last")
MODELS = (
    "gimefive",
    "gimefive_no_dropout",
    "gimefive_se",
    "gimefive_baseline",
    "gimefive_deep",
    "gimefive_local",
    "gimefive_residual",
    "vgg",
    "resnet18",
    "resnet34",
)
_HEADER = (
    "| model | batch | task | ours, images/s | torch, images/s | torch's format | ours / torch |\n"
    "|---|---|---|---|---|---|---|"
)


def main() -> None:
    arguments = _parse()
    lines = [_HEADER]
    print(_HEADER, flush=True)
    for model in arguments.models:
        for batch_size in arguments.batch_sizes:
            # Fresh processes: what an earlier model left behind is nobody's advantage.
            keeps = str(int(arguments.torch_keeps_memory))
            environment = {"JAX_PLATFORMS": "cpu", "BENCHMARK_TORCH_KEEPS_MEMORY": keeps}
            workers = tuple(Worker(name, environment) for name in ("worker_ours", "worker_torch"))
            for task in arguments.tasks:
                lines.append(measure(workers, model, task, batch_size, arguments))
                print(lines[-1], flush=True)
                if arguments.out:  # row by row: a run of all models takes most of an hour
                    arguments.out.write_text("\n".join([f"{_facts()}\n", *lines, ""]))
            for worker in workers:
                worker.close()


def measure(
    workers: tuple[Worker, ...],
    model: str,
    task: str,
    batch_size: int,
    arguments: argparse.Namespace,
) -> str:
    """Row of the table."""
    ours, theirs = workers
    for worker, variants in ((ours, OURS), (theirs, THEIRS)):
        settings = {"model": model, "task": task, "batch_size": batch_size}
        worker.ask(do="make", settings=settings, variants=variants)
    times: dict[str, list[float]] = {variant: [] for variant in (*OURS, *THEIRS)}
    for _ in range(arguments.rounds):
        for variant, taken in times.items():
            worker = ours if variant in OURS else theirs
            step_times = worker.ask(do="time", variant=variant, seconds=arguments.seconds)
            taken.append(statistics.median(step_times))
    best = min(THEIRS, key=lambda variant: statistics.median(times[variant]))
    ratios = [b / a for a, b in zip(times["ours"], times[best], strict=True)]
    speeds = [batch_size / statistics.median(times[variant]) for variant in ("ours", best)]
    return (
        f"| {model} | {batch_size} | {task} | {speeds[0]:.1f} | {speeds[1]:.1f} | {best} "
        f"| {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}) |"
    )


def _facts() -> str:
    return (
        f"# Ours beside PyTorch on CPU\n\n`python {' '.join(sys.argv)}`\n\n"
        f"float32, 64x64 faces. {machine_facts()}"
    )


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", nargs="+", default=MODELS, choices=MODELS)
    parser.add_argument("--batch-sizes", nargs="+", type=int, default=[16, 64])
    parser.add_argument("--tasks", nargs="+", default=TASKS, choices=TASKS)
    parser.add_argument("--seconds", type=float, default=3.0, help="length of a turn")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each side")
    parser.add_argument("--torch-keeps-memory", action="store_true")
    parser.add_argument("--out", type=Path, help="Markdown file to write")
    return parser.parse_args()


if __name__ == "__main__":
    main()
