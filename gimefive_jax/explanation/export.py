"""Explanations of a whole split, on disk: array files, a manifest, pictures."""

import contextlib
import csv
import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import jax
import numpy as np
from jax.sharding import Mesh
from jaxtyping import Int, PyTree
from tqdm import tqdm

from gimefive_jax import files, parallel
from gimefive_jax.data import Split, evaluation_batches
from gimefive_jax.errors import InputError
from gimefive_jax.explanation.pictures import PictureChoice, write_pictures
from gimefive_jax.explanation.step import ExplainedBatch, ExplainStep
from gimefive_jax.structs import Batch

Targets = Literal["predicted", "label"] | int
MAPS, ACTIVATIONS, MANIFEST = "heat_maps", "activations", "manifest.csv"


@dataclasses.dataclass(frozen=True)
class ExportPlan:
    """What is exported of a split."""

    model_name: str
    methods: tuple[str, ...]
    layers: tuple[str, ...]
    watched: tuple[str, ...]
    targets: Targets
    """The predicted category, the true one, or one label for all faces."""
    batch_size: int
    pictures: PictureChoice


def export_split(
    step: ExplainStep,
    variables: PyTree,
    split: Split,
    folder: Path,
    *,
    plan: ExportPlan,
    mesh: Mesh,
    progress: bool = True,
) -> None:
    """Write the explanations of every face of `split` to `folder`, whole or not at all.

    `heat_maps/METHOD.LAYER.npy` and `activations/LAYER.npy` are float32 `[face, height, width]`
    on the layer's own grid; row i belongs to row i of `manifest.csv`.
    """
    variables = parallel.put_replicated(variables, mesh)
    with files.replacing_folder(folder) as partial:
        with _Writer(partial, split, plan) as writer:
            for batch, found in _explain(step, variables, split, plan, mesh, progress):
                writer.add(batch, found)
        _write_summary(partial, split, plan, writer.num_degenerate)
        write_pictures(partial, split, plan.pictures, method=plan.methods[0], layer=plan.layers[0])


def array_name(method: str, layer: str) -> str:
    """File of a method's maps of a layer: `hirescam.block5-activation.npy`."""
    return f"{method}.{layer.replace('/', '-')}.npy"


def _explain(
    step: ExplainStep,
    variables: PyTree,
    split: Split,
    plan: ExportPlan,
    mesh: Mesh,
    progress: bool,
) -> Iterator[tuple[Batch, ExplainedBatch]]:
    batch_size = parallel.round_up(plan.batch_size, mesh)
    with tqdm(total=len(split), unit="face", disable=not progress, desc="explain") as bar:
        for batch in evaluation_batches(split, batch_size):
            image = parallel.put_rows(batch.image, mesh)
            target = _target(plan.targets, batch)
            if target is not None:
                target = parallel.put_rows(target, mesh)
            found = jax.device_get(step(variables, image, target))
            # Rows that only filled up the batch end here.
            yield batch, jax.tree.map(lambda leaf, mask=batch.mask: leaf[mask], found)
            bar.update(int(batch.mask.sum()))


def _target(targets: Targets, batch: Batch) -> Int[np.ndarray, " batch"] | None:
    if targets == "predicted":
        return None
    if targets == "label":
        return np.asarray(batch.label)
    return np.full_like(batch.label, targets)


class _Writer:
    """Open array files and the manifest of one export."""

    def __init__(self, folder: Path, split: Split, plan: ExportPlan) -> None:
        self.folder, self.split, self.plan = folder, split, plan
        self.row = 0
        self.num_degenerate = 0
        self._arrays: dict[str, np.memmap] = {}
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> "_Writer":
        for name in (MAPS, ACTIVATIONS):
            (self.folder / name).mkdir()
        file = self._stack.enter_context((self.folder / MANIFEST).open("w", newline=""))
        self._manifest = csv.writer(file)
        self._manifest.writerow(self._header())
        return self

    def __exit__(self, *_: object) -> None:
        for array in self._arrays.values():
            array.flush()
        self._stack.close()

    def add(self, batch: Batch, found: ExplainedBatch) -> None:
        """Append the rows of a batch."""
        for (method, layer), explanation in found.explanations.items():
            self._store(f"{MAPS}/{array_name(method, layer)}", explanation.heat_map)
        for layer, means in found.activation_means.items():
            self._store(f"{ACTIVATIONS}/{layer.replace('/', '-')}.npy", means)
        self._list(batch, found)
        self.row += int(batch.mask.sum())

    def _store(self, name: str, rows: np.ndarray) -> None:
        if name not in self._arrays:
            shape = (len(self.split), *rows.shape[1:])
            _reserve(self.folder / name, shape)
            self._arrays[name] = np.lib.format.open_memmap(
                self.folder / name, mode="r+", dtype=np.float32
            )
        self._arrays[name][self.row : self.row + len(rows)] = rows

    def _header(self) -> list[str]:
        scores = [
            f"{column}:{method}:{layer}"
            for method in self.plan.methods
            for layer in self.plan.layers
            for column in ("sum", "degenerate")
        ]
        biases = [
            f"{column}:{layer}" for layer in self.plan.layers for column in ("b_eff", "bias_share")
        ]
        known = ["row", "index", "file_name", "label", "predicted", "correct", "target"]
        return [*known, "target_logit", *self.split.emotions, *biases, *scores]

    def _list(self, batch: Batch, found: ExplainedBatch) -> None:
        emotions = self.split.emotions
        first = next(iter(found.explanations.values()))
        logits = np.asarray(first.predictions.logits)
        probabilities = np.asarray(first.predictions.probabilities)
        index = np.asarray(batch.index)[batch.mask]
        label = np.asarray(batch.label)[batch.mask]
        sums = {key: e.heat_map.sum((1, 2), dtype=np.float64) for key, e in found.explanations.items()}
        for i, predicted in enumerate(logits.argmax(1)):
            target = int(first.target[i])
            row = index[i]
            cells: list[object] = [row, self.split.index[row], self.split.file_names[row]]
            cells += [emotions[label[i]], emotions[predicted], int(predicted == label[i])]
            cells += [emotions[target], _digits(logits[i, target])]
            cells += [_digits(p) for p in probabilities[i]]
            for layer in self.plan.layers:
                effect = float(found.explanations[self.plan.methods[0], layer].bias_effect[i])
                # HiResCAM's sum is the rest of the logit at any layer of a piecewise linear model.
                rest = float(logits[i, target]) - effect
                cells += [_digits(effect), _digits(abs(effect) / (abs(effect) + abs(rest) or 1.0))]
            for (method, layer), explanation in found.explanations.items():
                flat = bool(np.ptp(explanation.heat_map[i]) == 0)
                self.num_degenerate += flat
                cells += [_digits(sums[method, layer][i]), int(flat)]
            self._manifest.writerow(cells)


def _reserve(path: Path, shape: tuple[int, ...]) -> None:
    """Create a .npy of `shape` with its blocks allocated, so that a full disk is an error here.

    Writing to a sparse memory map on a full disk would kill the process instead.
    """
    import os

    np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=shape).flush()
    with path.open("r+b") as file:
        os.posix_fallocate(file.fileno(), 0, path.stat().st_size)


def _write_summary(folder: Path, split: Split, plan: ExportPlan, num_degenerate: int) -> None:
    if plan.targets not in ("predicted", "label"):
        targets: object = split.emotions[int(plan.targets)]
    else:
        targets = plan.targets
    files.write_json(
        folder / "explanation.json",
        {
            "model": plan.model_name,
            "data": split.data_name,
            "split": split.name,
            "count": len(split),
            "data_sha256": split.digest,
            "methods": list(plan.methods),
            "layers": list(plan.layers),
            "activations": list(plan.watched),
            "targets": targets,
            "num_degenerate": num_degenerate,
            "arrays": (
                "float32 [face, height, width] on the layer's own grid, raw and signed; "
                "row i belongs to row i of manifest.csv"
            ),
        },
    )


def _digits(value: float) -> str:
    # Nine significant digits name a float32 exactly.
    return f"{value:.9g}"


def check_target(word: str, emotions: tuple[str, ...]) -> Targets:
    """`predicted`, `label`, or the label of a category; raises InputError for anything else."""
    if word == "predicted":
        return "predicted"
    if word == "label":
        return "label"
    if word in emotions:
        return emotions.index(word)
    raise InputError(
        f"target '{word}' must be predicted, label or a category: {', '.join(emotions)}"
    )
