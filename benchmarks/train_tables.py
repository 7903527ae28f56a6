"""Markdown tables of measured turns: ratios, shares and utilisation."""

import dataclasses
import math
import statistics
from collections.abc import Mapping, Sequence

# Dense peaks in FLOP/s of one chip, from its maker's data sheet: for NVIDIA without sparsity (H100
# and H200: SXM), tf32 being what float32 runs as on tensor cores; for TPUs cloud.google.com/tpu.
_PEAKS: Mapping[str, Mapping[str, float]] = {
    "H100": {"bfloat16": 989e12, "float32": 494e12},
    "H200": {"bfloat16": 989e12, "float32": 494e12},
    "A100": {"bfloat16": 312e12, "float32": 156e12},
    "TPU v4": {"bfloat16": 275e12},
    "TPU v5 lite": {"bfloat16": 197e12},
    "TPU v5e": {"bfloat16": 197e12},
    "TPU v5p": {"bfloat16": 459e12},
    "TPU v5": {"bfloat16": 459e12},
    "TPU v6": {"bfloat16": 918e12},
}
# A backward pass computes two products for each of the forward pass.
_TRAINING_PER_FORWARD = 3
_PAPER_EPOCHS = 80
COMPARISON_HEADER = (
    "| model | batch | precision | ours, images/s | torch, images/s | torch's format "
    "| ours / torch | torch compiled, images/s | ours / compiled | utilisation | compile, s "
    "| torch compile, s | 80 epochs, min |\n"
    "|---|---|---|---|---|---|---|---|---|---|---|---|---|"
)


@dataclasses.dataclass(frozen=True)
class Comparison:
    """Turns of ours and of each of torch's variants, with what they were turns of."""

    model: str
    batch_size: int
    precision: str
    speeds: Mapping[str, Sequence[float]]
    """Images/s of each turn by variant, `driven` being ours; turns of the same number are
    neighbours."""
    build_seconds: Mapping[str, float]
    """Of building and two calls, compilation included."""
    flops: float
    """Of a forward pass of one face."""
    device: str
    num_devices: int
    """That ours used; torch uses one."""
    num_train: int

    def row(self) -> str:
        """Row of the table under COMPARISON_HEADER."""
        ours = statistics.median(self.speeds["driven"])
        eager, compiled = (self._fastest(compiled=compiled) for compiled in (False, True))
        share = utilisation(
            ours / self.num_devices,
            flops=self.flops,
            device=self.device,
            precision=self.precision,
        )
        minutes = paper_minutes(
            ours, num_faces=self.num_train, build_seconds=self.build_seconds["driven"]
        )
        cells = [
            self.model,
            str(self.batch_size),
            self.precision,
            f"{ours:,.1f}",
            *self._beside(eager),
            *[cell for i, cell in enumerate(self._beside(compiled)) if i != 1],
            "-" if share is None else f"{share:.1%}",
            f"{self.build_seconds['driven']:.0f}",
            "-" if compiled is None else f"{self.build_seconds[compiled]:.0f}",
            f"{minutes:.1f}",
        ]
        return f"| {' | '.join(cells)} |"

    def _fastest(self, *, compiled: bool) -> str | None:
        found = [
            name
            for name in self.speeds
            if name != "driven" and name.endswith(" compiled") == compiled
        ]
        if not found:
            return None
        return max(found, key=lambda name: statistics.median(self.speeds[name]))

    def _beside(self, variant: str | None) -> list[str]:
        if variant is None:
            return ["-", "-", "-"]
        theirs = statistics.median(self.speeds[variant])
        return [f"{theirs:,.1f}", variant, ratio(self.speeds["driven"], self.speeds[variant])]


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> str:
    """Median, least and greatest ratio of neighbouring turns."""
    ratios = [a / b for a, b in zip(ours, theirs, strict=True)]
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"


def outside_share(pairs: Sequence[tuple[float, float]]) -> float:
    """Share of a run's time that is not its steps' own, from (driven, bare) seconds per step."""
    return 1 - statistics.median(bare / driven for driven, bare in pairs)


def peak_flops(device: str, precision: str) -> float | None:
    """Dense peak of one chip, None where this table does not know it."""
    found = [kind for kind in _PEAKS if kind.lower() in device.lower()]
    # The longest name is the nearest: "TPU v5 lite" is also a "TPU v5".
    return _PEAKS[max(found, key=len)].get(precision) if found else None


def utilisation(
    images_per_second: float, *, flops: float, device: str, precision: str
) -> float | None:
    """Share of one chip's peak that the model's own arithmetic is; None where that is unknown."""
    peak = peak_flops(device, precision)
    if peak is None or math.isnan(flops):
        return None
    return images_per_second * _TRAINING_PER_FORWARD * flops / peak


def paper_minutes(images_per_second: float, *, num_faces: int, build_seconds: float) -> float:
    """Minutes of the steps of 80 epochs, with the compilation."""
    return (_PAPER_EPOCHS * num_faces / images_per_second + build_seconds) / 60


def dispatch_table(speeds: Mapping[str, Mapping[int, float]]) -> str:
    """Steps per second of several models by steps per dispatch."""
    counts = sorted({count for row in speeds.values() for count in row})
    lines = [
        f"| steps/s at steps per dispatch | {' | '.join(map(str, counts))} |",
        f"|---|{'---|' * len(counts)}",
    ]
    for name, row in speeds.items():
        cells = [f"{row[count]:,.1f}" if count in row else "-" for count in counts]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def epoch_table(epochs: Mapping[str, Mapping[str, float]]) -> str:
    """Where the time of an epoch goes, by model."""
    parts = list(next(iter(epochs.values())))
    lines = [
        f"| epoch of | seconds | {' | '.join(parts)} |",
        f"|---|---|{'---|' * len(parts)}",
    ]
    for name, seconds in epochs.items():
        total = sum(seconds.values())
        cells = [f"{seconds[part] / total:.1%}" for part in parts]
        lines.append(f"| {name} | {total:.2f} | {' | '.join(cells)} |")
    return "\n".join(lines)
