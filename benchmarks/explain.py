"""What explanations cost, beside predictions and beside pytorch-grad-cam.

    python benchmarks/explain.py [--model small] [--batch-sizes 64 1] [--rounds 7] [--seconds 2]
        [--memory-faces 30000]

Our library and pytorch-grad-cam take turns in processes of their own on the same random faces, with
the same weights and on all cores: HiResCAM and Grad-CAM of the predicted category at the last
activation, ours to raw maps, theirs to the scaled maps that its users get. Ratios are medians of
the rounds. Then: explaining against predicting, all six categories against one, six methods at five
layers in one program with the number of its traces, and the memory of a stream over faces in a
mapped file. `--model 1.0` takes GiMeFive at that width with random weights. Needs the extras `dev`
and `oracles`.
"""

import argparse
import statistics
from collections.abc import Iterator

from benchmarks.processes import Worker, machine_facts

SHARED = ("hirescam", "gradcam")
OURS = ("predict", *SHARED, "all_categories", "six_by_five")


def main() -> None:
    arguments = _parse()
    ours, theirs = Worker("worker_explain_ours", {}), Worker("worker_explain_torch", {})
    print(f"Model {arguments.model}. {machine_facts()}\n")
    print("| batch | what | ours, faces/s | pytorch-grad-cam, faces/s | ratio (from, to) |")
    print("|---|---|---|---|---|")
    for size in arguments.batch_sizes:
        for line in _rows(ours, theirs, size, arguments):
            print(line, flush=True)
    counted = ours.ask(do="traces", model=arguments.model, num_batches=3)
    print(f"\n{counted['maps']} maps of each face over 3 batches: {counted['traces']} trace")
    ours.close()
    theirs.close()
    _memory(arguments)


def _rows(ours: Worker, theirs: Worker, size: int, arguments: argparse.Namespace) -> Iterator[str]:
    settings = {"model": arguments.model, "batch_size": size}
    ours.ask(do="make", settings=settings, variants=OURS)
    theirs.ask(do="make", settings=settings, variants=SHARED)

    def step(worker: Worker, variant: str) -> float:
        times = worker.ask(do="time", variant=variant, seconds=arguments.seconds)
        return statistics.median(times)

    rounds = [
        {variant: step(ours, variant) for variant in OURS}
        | {f"their {variant}": step(theirs, variant) for variant in SHARED}
        for _ in range(arguments.rounds)
    ]

    def speed(name: str) -> str:
        return f"{size / statistics.median(one[name] for one in rounds):.1f}"

    def ratio(above: str, below: str) -> str:
        found = sorted(one[above] / one[below] for one in rounds)
        return f"{statistics.median(found):.2f} ({found[0]:.2f}, {found[-1]:.2f})"

    for name in SHARED:
        theirs_name = f"their {name}"
        faster = ratio(theirs_name, name)
        yield f"| {size} | {name} | {speed(name)} | {speed(theirs_name)} | {faster} |"
    for name, than in (
        ("hirescam", "predict"),
        ("gradcam", "predict"),
        ("all_categories", "hirescam"),
        ("six_by_five", "predict"),
    ):
        yield f"| {size} | cost of {name} / {than} | {speed(name)} | | {ratio(name, than)} |"


def _memory(arguments: argparse.Namespace) -> None:
    worker = Worker("worker_explain_ours", {})
    seen = worker.ask(
        do="memory", model=arguments.model, num_faces=arguments.memory_faces, batch_size=64
    )
    worker.close()
    (first, before), (last, after) = seen[0], seen[-1]
    growth = 100 * (after / before - 1)
    print(
        f"memory of a stream at batch 64: {before:.0f} MB after {first:,.0f} faces, {after:.0f} MB "
        f"after {last:,.0f}: {growth:+.1f} %"
    )


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="small")
    parser.add_argument("--batch-sizes", type=int, nargs="+", default=[64, 1])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--memory-faces", type=int, default=30_000)
    return parser.parse_args()


if __name__ == "__main__":
    main()
