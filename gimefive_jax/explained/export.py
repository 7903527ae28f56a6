"""Explanations of a whole split, on disk: array files, a manifest, pictures."""

from collections.abc import Iterator
from pathlib import Path

import jax
import numpy as np
from jax.sharding import Mesh
from jaxtyping import Int, PyTree
from tqdm import tqdm

from gimefive_jax import files, parallel
from gimefive_jax.data import Split, evaluation_batches
from gimefive_jax.errors import InputError
from gimefive_jax.explained.pictures import write_pictures
from gimefive_jax.explained.writer import ExportPlan, ExportWriter, Targets
from gimefive_jax.explanation.step import ExplainedBatch, ExplainStep
from gimefive_jax.structs import Batch


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
        with ExportWriter(partial, split, plan) as writer:
            for batch, found in _explain(step, variables, split, plan, mesh, progress):
                writer.add(batch, found)
        _write_summary(partial, split, plan, writer.num_degenerate)
        write_pictures(
            partial,
            split,
            plan.pictures,
            method=plan.methods[0],
            layer=plan.layers[0],
            min_max=plan.reference,
        )


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


def _write_summary(folder: Path, split: Split, plan: ExportPlan, num_degenerate: int) -> None:
    if plan.targets not in ("predicted", "label"):
        targets: object = split.emotions[int(plan.targets)]
    else:
        targets = plan.targets
    files.write_json(
        folder / "explanation.json",
        {
            **({"reference": True} if plan.reference else {}),
            "model": plan.model_name,
            "weights_sha256": plan.weights_sha256,
            "data": split.data_name,
            "split": split.name,
            "count": len(split),
            "data_sha256": split.digest,
            "methods": list(plan.methods),
            "layers": list(plan.layers),
            "activations": list(plan.watched),
            "targets": targets,
            "temperature": plan.temperature,
            "num_degenerate_maps": num_degenerate,
            "arrays": (
                "float32 [face, height, width] on the layer's own grid, raw and signed; "
                "row i belongs to row i of manifest.csv"
            ),
        },
    )


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
