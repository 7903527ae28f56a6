"""Explanations of many faces, on disk: arrays, a manifest, pictures."""

import contextlib
import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from jaxtyping import PyTree

from gimefive_jax import parallel
from gimefive_jax.explained import layout
from gimefive_jax.explained.arrays import SHARD
from gimefive_jax.explained.faces import ExplainedFaces
from gimefive_jax.explained.manifest_table import join_parts, part_keys
from gimefive_jax.explained.opened import open_export
from gimefive_jax.explained.picture_files import write_pictures
from gimefive_jax.explained.plan import ExportPlan
from gimefive_jax.explained.unfinished import UnfinishedExport, unfinished_export
from gimefive_jax.explained.writer import ShardWriter
from gimefive_jax.explanation.explain import ExplainedBatch
from gimefive_jax.inference import Driver, FaceFunction


def export_faces(
    explain: FaceFunction[ExplainedBatch],
    variables: PyTree,
    faces: ExplainedFaces,
    folder: Path,
    *,
    plan: ExportPlan,
    driver: Driver,
    tell: Callable[[str], None] = lambda line: None,
) -> None:
    """Writes the explanations of every face to `folder`, whole or not at all.

    What is done is kept in `FOLDER.unfinished` if the process ends early, however it ends: the same
    call then goes on behind the last whole shard, and leaves the bytes of a call that was never
    interrupted. Of several processes each makes this call, and the first alone writes.

    Args:
      explain: Function of variables, faces, and the columns of `plan.targets`.
      variables: Of the network.
      faces: Of a split, or photos.
      folder: Where results go; earlier ones there are replaced.
      plan: What is exported.
      driver: Runs the function.
      tell: Gets a line where an unfinished export goes on or is begun anew.

    Raises:
      InputError: Another process is exporting to the same folder.
      OSError: The system refuses.
    """
    columns = plan.targets.columns(faces)
    with contextlib.ExitStack() as written:
        writer, done = None, 0
        with parallel.mistakes_shared():
            if parallel.is_first():
                writer = written.enter_context(_written(folder, faces, plan, tell))
                done = min(writer.unfinished.num_done * SHARD, len(faces))
        [begin] = parallel.from_first(np.array([done]))
        if begin and writer is not None:
            tell(f"{begin:,} of {len(faces):,} faces are done; it goes on behind them")
        found = driver.stream(
            explain, variables, faces.images, *columns, begin=int(begin), shard=SHARD
        )
        with contextlib.closing(found):
            for rows, results in found:
                with parallel.mistakes_shared():
                    if writer is not None:
                        writer.add(rows, results)
        with parallel.mistakes_shared():
            written.close()


@contextlib.contextmanager
def _written(
    folder: Path, faces: ExplainedFaces, plan: ExportPlan, tell: Callable[[str], None]
) -> Iterator[ShardWriter]:
    """Gives the writer of shards; what joins them follows at the end of the block."""
    with unfinished_export(folder) as unfinished:
        # Pictures are drawn from the shards: another choice of them begins nothing anew.
        unfinished.begin(plan.summary(faces).to_json(), tell)
        yield ShardWriter(unfinished, faces, plan)
        _finish(unfinished, faces, plan)


def _finish(unfinished: UnfinishedExport, faces: ExplainedFaces, plan: ExportPlan) -> None:
    results = unfinished.results
    num_degenerate = join_parts(
        unfinished.parts, results / layout.MANIFEST, results / layout.MANIFEST_TABLE
    )
    summary = dataclasses.replace(
        plan.summary(faces),
        num_degenerate_maps=num_degenerate,
        maps=part_keys(unfinished.parts[0]),
    )
    summary.write(results)
    write_pictures(open_export(results), faces, plan.pictures)
