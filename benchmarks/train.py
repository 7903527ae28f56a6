"""Training as `gimefive train` does it, beside a PyTorch loop of the same recipe.

    python benchmarks/train.py [--batch-sizes 16 64] [--seconds 3] [--rounds 3] [--out FILE]

The paper's recipe (SGD with momentum, coupled weight decay, flips, dropout) on noise of FER2013's
size in memory. Two worker processes take turns on the same machine, as in `benchmarks/models.py`:
ours drives `training/run.py` itself, torch's a loop that gathers from one uint8 tensor, in both
memory formats, the faster counts. A turn lasts `--seconds` (at least a group of eight steps);
printed are medians over turns and the median of the ratios of neighbouring turns. Parts:

- compare: images/s of both, and what share of a run's time is not its steps' own: groups of steps
  as a run takes them and as many on one batch that stays on the device, in turn;
- dispatch: steps per second against `training.steps_per_dispatch`, batch 16;
- epoch: where the time of one epoch with validation, curves and saving goes, batch 16.

On a GPU or TPU, found by itself, the comparison is made in bfloat16 (torch: autocast), in float32
(torch: tf32 allowed) and in float32 at the highest precision, on one card, with torch's loop also
compiled; `utilisation` is the model's arithmetic (a training step 3 forward passes) over the
chip's dense peak. The time of 80 epochs is that of their steps and the compilation.
`--max-minutes` begins no measurement after that time, and ends with status 3 if any is missing.
Needs torch.
"""

import argparse
import dataclasses
import statistics
import sys
from pathlib import Path
from typing import Any

# A script finds what lies beside it, not the folder that it lies in.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import noise
from benchmarks.processes import machine_facts
from benchmarks.train_bench import PAPER_BATCH_SIZE, Bench
from benchmarks.train_tables import (
    COMPARISON_HEADER,
    Comparison,
    dispatch_table,
    epoch_table,
    outside_share,
)

PARTS = ("compare", "dispatch", "epoch")
PRECISIONS = ("bfloat16", "float32", "highest")
OUT_OF_TIME = 3
FORMATS = ("contiguous", "channels_last")


def main() -> int:
    arguments = _parse()
    bench = Bench(arguments)
    bench.say(
        f"# Training beside PyTorch\n\n`python benchmarks/train.py {' '.join(sys.argv[1:])}`\n\n"
        f"{bench.facts['device']} x {bench.facts['count']}, {arguments.image_size}x"
        f"{arguments.image_size} faces. {machine_facts()}"
    )
    measures = {"compare": compare, "dispatch": dispatch, "epoch": epoch}
    for part in arguments.parts:
        if not bench.is_late():
            measures[part](bench)
    bench.close()
    if bench.cut_short:
        bench.say("\nCut short by --max-minutes.")
    return OUT_OF_TIME if bench.cut_short else 0


def compare(bench: Bench) -> None:
    """Both libraries, row by row; then the time outside the steps, of the same runs."""
    arguments = bench.arguments
    default = PRECISIONS if bench.accelerated else ("float32",)
    batch_sizes = arguments.batch_sizes or ([1024, 256, 64, 16] if bench.accelerated else [16, 64])
    shares = []
    bench.say(f"\n{COMPARISON_HEADER}")
    for precision in arguments.precisions or default:
        for model in arguments.models:
            for batch_size in batch_sizes:
                if bench.is_late():
                    break
                settings = bench.settings(model, batch_size=batch_size, precision=precision)
                settings["width"] = arguments.width
                bench.say(_compared(bench, settings).row())
                pairs = _outside_pairs(bench)
                shares.append(
                    f"| {_title(settings)} | {batch_size} | {precision} "
                    f"| {1e3 * statistics.median(driven for driven, _ in pairs):.2f} "
                    f"| {1e3 * statistics.median(bare for _, bare in pairs):.2f} "
                    f"| {outside_share(pairs):.2%} |"
                )
    bench.say(
        "\nTime of a run that is not its steps' own, between two ends of epochs "
        f"({2 * arguments.rounds} pairs of turns each):\n\n"
        "| model | batch | precision | as driven, ms/step | steps alone, ms/step | outside |\n"
        "|---|---|---|---|---|---|"
    )
    bench.say("\n".join(shares))


def _compared(bench: Bench, settings: dict[str, Any]) -> Comparison:
    build_seconds = bench.ours.ask(
        do="make",
        settings=bench.ours_only(settings, steps_per_dispatch=_at_once(bench)),
        variants=["driven", "bare"],
    )
    variants = list(FORMATS) if bench.torch_beside else []
    if bench.torch_beside and bench.accelerated and not bench.arguments.no_torch_compile:
        variants.append("channels_last compiled")
    build_seconds |= bench.theirs.ask(do="make", settings=settings, variants=variants)
    speeds: dict[str, list[float]] = {variant: [] for variant in ("driven", *variants)}
    for _ in range(bench.arguments.rounds):
        for variant, turns in speeds.items():
            worker = bench.ours if variant == "driven" else bench.theirs
            turns.append(settings["batch_size"] / bench.seconds_per_step(worker, variant))
    return Comparison(
        model=_title(settings),
        batch_size=settings["batch_size"],
        precision=settings["precision"],
        speeds=speeds,
        build_seconds=build_seconds,
        flops=_flops(settings),
        device=bench.facts["device"],
        num_devices=bench.facts["count"],
        num_train=settings["num_train"],
    )


def _outside_pairs(bench: Bench) -> list[tuple[float, float]]:
    seconds, pairs = bench.arguments.seconds / 4, []
    for _ in range(2 * bench.arguments.rounds):
        driven, bare = (
            bench.seconds_per_step(bench.ours, variant, seconds=seconds)
            for variant in ("driven", "bare")
        )
        pairs.append((driven, bare))
    return pairs


def dispatch(bench: Bench) -> None:
    """Steps per second by how many of them a call takes, small and large."""
    arguments = bench.arguments
    speeds: dict[str, dict[int, float]] = {}
    for width in arguments.dispatch_widths:
        settings = bench.settings("gimefive", width=width)
        row = speeds.setdefault(f"{_title(settings)}, batch {PAPER_BATCH_SIZE}", {})
        for count in arguments.steps_per_dispatch_of_table:
            if bench.is_late():
                break
            ours = bench.ours_only(settings, steps_per_dispatch=count)
            bench.ours.ask(do="make", settings=ours, variants=["driven"])
            turns = [bench.seconds_per_step(bench.ours, "driven") for _ in range(arguments.rounds)]
            row[count] = 1 / statistics.median(turns)
    bench.say(f"\n{dispatch_table(speeds)}")


def epoch(bench: Bench) -> None:
    """Where the time of an epoch goes; of the narrow model on a CPU, where that is most telling."""
    widths = bench.arguments.dispatch_widths if bench.accelerated else [0.125]
    epochs = {}
    for width in widths:
        settings = bench.settings("gimefive", width=width)
        ours = bench.ours_only(settings, steps_per_dispatch=_at_once(bench))
        epochs[f"{_title(settings)}, batch {PAPER_BATCH_SIZE}"] = bench.ours.ask(do="epoch", **ours)
    bench.say(f"\n{epoch_table(epochs)}")


def _at_once(bench: Bench) -> int:
    return bench.arguments.steps_per_dispatch or (16 if bench.accelerated else 1)


def _title(settings: dict[str, Any]) -> str:
    width = settings["width"]
    return settings["model"] if width == 1 else f"{settings['model']}, width {width:g}"


def _flops(settings: dict[str, Any]) -> float:
    import jax

    # Of shapes alone, and the card is the workers'.
    jax.config.update("jax_platforms", "cpu")
    from gimefive_jax.config import ModelConfig
    from gimefive_jax.models import make_model
    from gimefive_jax.models.cost import measure_cost

    model = make_model(
        dataclasses.replace(ModelConfig(), name=settings["model"], width=settings["width"])
    )
    return measure_cost(model, image_size=settings["image_size"]).flops


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--parts", nargs="+", default=PARTS, choices=PARTS)
    parser.add_argument("--models", nargs="+", default=["gimefive"], help="of the comparison")
    parser.add_argument("--width", type=float, default=1.0, help="of the comparison's models")
    parser.add_argument("--batch-sizes", nargs="+", type=int, help="of the comparison")
    parser.add_argument("--precisions", nargs="+", choices=PRECISIONS, help="of the comparison")
    parser.add_argument("--seconds", type=float, default=3.0, help="length of a turn")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each side")
    parser.add_argument("--steps-per-dispatch", type=int, help="default 1, on an accelerator 16")
    parser.add_argument(
        "--steps-per-dispatch-of-table", nargs="+", type=int, default=[1, 2, 4, 8, 16, 32]
    )
    parser.add_argument("--dispatch-widths", nargs="+", type=float, default=[0.0625, 1.0])
    parser.add_argument("--num-train", type=int, default=noise.NUM_TRAIN, help="faces")
    parser.add_argument("--image-size", type=int, default=64)
    parser.add_argument("--max-minutes", type=float, default=0.0)
    parser.add_argument("--no-torch-compile", action="store_true", help="of an accelerator")
    parser.add_argument("--torch-keeps-memory", action="store_true", help="of a CPU")
    parser.add_argument("--out", type=Path, help="Markdown file to write")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
