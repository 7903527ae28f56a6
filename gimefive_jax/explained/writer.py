"""Array files and manifest of an export, filled batch by batch."""

import contextlib
import csv
import dataclasses
import os
from pathlib import Path
from typing import Literal

import numpy as np

from gimefive_jax.data import Split
from gimefive_jax.explained import layout
from gimefive_jax.explained.manifest import manifest_columns
from gimefive_jax.explained.pictures import PictureChoice
from gimefive_jax.explanation.explain import ExplainedBatch
from gimefive_jax.explanation.methods import is_degenerate
from gimefive_jax.readout import Readout
from gimefive_jax.structs import AnyArray, Explanation

Targets = Literal["predicted", "label"] | int
# numpy pads the header of a .npy file to a multiple of 64 bytes; ours is one of 128.
_HEADER, _CHUNK = 128, 1 << 20


@dataclasses.dataclass(frozen=True)
class ExportPlan:
    """What is exported of a split."""

    model_name: str
    weights_sha256: str
    methods: tuple[str, ...]
    layers: tuple[str, ...]
    recorded: tuple[str, ...]
    targets: Targets
    """The predicted category, the true one, or one label for all faces."""
    pictures: PictureChoice
    reference: bool = False
    """Draw the pictures as the paper's reference does."""
    temperature: float = 1.0
    """Divides the logits for the probabilities of the manifest; maps and b_eff are of the logit."""


class ExportWriter:
    """The open files of one export; a context manager."""

    def __init__(self, folder: Path, split: Split, plan: ExportPlan) -> None:
        self.folder, self.split, self.plan = folder, split, plan
        self.num_degenerate = 0
        self._keys = [(method, layer) for method in plan.methods for layer in plan.layers]
        self._arrays: dict[Path, np.memmap] = {}
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> "ExportWriter":
        for name in (layout.HEAT_MAPS, layout.ACTIVATIONS):
            (self.folder / name).mkdir()
        manifest = self.folder / layout.MANIFEST
        file = self._stack.enter_context(manifest.open("w", newline="", encoding="utf-8"))
        self._manifest = csv.writer(file)
        self._manifest.writerow(
            manifest_columns(self.split.emotions, self.plan.methods, self.plan.layers)
        )
        return self

    def __exit__(self, *_: object) -> None:
        for array in self._arrays.values():
            array.flush()
        self._stack.close()

    def add(self, rows: slice, found: ExplainedBatch) -> None:
        """Writes the rows of some faces to the arrays and the manifest.

        Args:
          rows: Which rows of the split.
          found: Their explanations, in this order.
        """
        for (method, layer), explanation in found.explanations.items():
            path = layout.heat_map_file(self.folder, method, layer)
            self._store(path, rows, explanation.heat_map)
        for layer, means in found.activation_means.items():
            self._store(layout.activation_file(self.folder, layer), rows, means)
        self._list(rows, found)

    def _store(self, path: Path, rows: slice, values: AnyArray) -> None:
        if path not in self._arrays:
            _reserve(path, (len(self.split), *values.shape[1:]))
            self._arrays[path] = np.lib.format.open_memmap(path, mode="r+", dtype=np.float32)
        self._arrays[path][rows] = values

    def _list(self, rows: slice, found: ExplainedBatch) -> None:
        emotions = self.split.emotions
        first = next(iter(found.explanations.values()))
        logits = np.asarray(first.predictions.logits)
        probabilities = Readout(temperature=self.plan.temperature).probabilities(logits)
        index = np.arange(rows.start, rows.stop)
        label = self.split.labels[rows]
        sums = {
            key: np.asarray(e.heat_map).sum((1, 2), dtype=np.float64)
            for key, e in found.explanations.items()
        }
        flat = {key: is_degenerate(np.asarray(e.heat_map)) for key, e in found.explanations.items()}
        for i, predicted in enumerate(logits.argmax(1)):
            target = int(first.target[i])
            row = index[i]
            cells: list[object] = [row, self.split.index[row], self.split.file_names[row]]
            cells += [emotions[label[i]], emotions[predicted], int(predicted == label[i])]
            cells += [emotions[target], _digits(logits[i, target])]
            cells += [_digits(p) for p in probabilities[i]]
            for layer in self.plan.layers:
                cells += _bias_cells(found.explanations[self.plan.methods[0], layer], i)
            # By the header's order: a dictionary that went through jit comes back sorted.
            for key in self._keys:
                self.num_degenerate += int(flat[key][i])
                gap = found.explanations[key].completeness_gap
                cells += [_digits(sums[key][i]), int(flat[key][i])]
                cells.append("" if gap is None else _digits(float(gap[i])))
            self._manifest.writerow(cells)


def _reserve(path: Path, shape: tuple[int, ...]) -> None:
    """Create a .npy of `shape` with its blocks allocated, so that a full disk is an error here.

    Writing to a sparse memory map on a full disk would kill the process instead.
    """
    np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=shape).flush()
    size = path.stat().st_size
    with path.open("r+b") as file:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, size)
            return
        # macOS has no such call: write the zeros that the rows will replace.
        for start in range(_HEADER, size, _CHUNK):
            file.seek(start)
            file.write(bytes(min(_CHUNK, size - start)))


def _bias_cells(explanation: Explanation, row: int) -> list[str]:
    """b_eff and its share of the score, which has no meaning where the two do not add up."""
    if explanation.bias_effect is None or explanation.is_complete is None:
        return ["", ""]
    effect = float(explanation.bias_effect[row])
    rest = float(explanation.score[row]) - effect
    share = abs(effect) / (abs(effect) + abs(rest) or 1.0)
    return [_digits(effect), _digits(share) if explanation.is_complete[row] else ""]


def _digits(value: float | np.floating) -> str:
    # Nine significant digits name a float32 exactly.
    return f"{value:.9g}"
