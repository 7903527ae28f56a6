"""Explanations of a whole split, on disk: array files, a manifest, pictures."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from jaxtyping import Int, PyTree

from gimefive_jax import files, parallel
from gimefive_jax.data import Split
from gimefive_jax.emotions import find_label
from gimefive_jax.explained.opened import ExplanationSummary, open_export
from gimefive_jax.explained.pictures import write_pictures
from gimefive_jax.explained.writer import ExportPlan, ExportWriter, Targets
from gimefive_jax.explanation.explain import ExplainedBatch
from gimefive_jax.inference import Driver, FaceFunction


def export_split(
    explain: FaceFunction[ExplainedBatch],
    variables: PyTree,
    split: Split,
    folder: Path,
    *,
    plan: ExportPlan,
    driver: Driver,
) -> None:
    """Writes the explanations of every face of `split` to `folder`, whole or not at all.

    `heat_maps/METHOD.LAYER.npy` and `activations/LAYER.npy` are float32 `[face, height, width]`
    on the layer's own grid; row i belongs to row i of `manifest.csv`. Of several processes each
    makes this call, and the first alone writes.
    """
    found = driver.stream(explain, variables, split.images, *targets_of(split, plan.targets))
    with contextlib.closing(found), contextlib.ExitStack() as written:
        writer = None
        with parallel.mistakes_shared():
            if parallel.is_first():
                writer = written.enter_context(_written(folder, split, plan))
        for rows, results in found:
            with parallel.mistakes_shared():
                if writer is not None:
                    writer.add(rows, results)
        with parallel.mistakes_shared():
            written.close()


@contextlib.contextmanager
def _written(folder: Path, split: Split, plan: ExportPlan) -> Iterator[ExportWriter]:
    """Gives the writer; what it has not written itself follows at the end of the block."""
    with files.replacing_folder(folder) as partial:
        with ExportWriter(partial, split, plan) as writer:
            yield writer
        _summary(split, plan, writer.num_degenerate).write(partial)
        write_pictures(open_export(partial), split, plan.pictures)


def targets_of(split: Split, targets: Targets) -> tuple[Int[np.ndarray, " face"], ...]:
    """Columns of the explain function: none for the predicted category, else a label per face."""
    if targets == "predicted":
        return ()
    labels = np.asarray(split.labels, np.int32)
    return (labels if targets == "label" else np.full_like(labels, targets),)


def _summary(split: Split, plan: ExportPlan, num_degenerate: int) -> ExplanationSummary:
    named = plan.targets if isinstance(plan.targets, str) else split.emotions[plan.targets]
    return ExplanationSummary(
        reference=plan.reference,
        model=plan.model_name,
        weights_sha256=plan.weights_sha256,
        data=split.data_name,
        split=split.name,
        count=len(split),
        data_sha256=split.digest,
        methods=plan.methods,
        layers=plan.layers,
        activations=plan.recorded,
        targets=named,
        temperature=plan.temperature,
        num_degenerate_maps=num_degenerate,
    )


def check_target(word: str, emotions: tuple[str, ...]) -> Targets:
    """`predicted`, `label`, or the label of a category; raises InputError for anything else."""
    if word == "predicted":
        return "predicted"
    if word == "label":
        return "label"
    return find_label(word, emotions)
