"""Writes the explanations of faces shard by shard."""

import jax
import numpy as np

from gimefive_jax.explained import layout
from gimefive_jax.explained.arrays import SHARD, write_shard
from gimefive_jax.explained.faces import ExplainedFaces
from gimefive_jax.explained.manifest_table import make_table, write_part
from gimefive_jax.explained.plan import ExportPlan
from gimefive_jax.explained.unfinished import UnfinishedExport
from gimefive_jax.explanation.explain import ExplainedBatch

_MAP, _MAPS = ("row", "column"), ("category", "row", "column")


class ShardWriter:
    """Gathers batches until a shard is whole, then writes its arrays, then its manifest rows.

    Args:
      unfinished: Where they go.
      faces: All faces of the export.
      plan: What is exported.
    """

    def __init__(
        self, unfinished: UnfinishedExport, faces: ExplainedFaces, plan: ExportPlan
    ) -> None:
        self.unfinished, self.faces, self.plan = unfinished, faces, plan
        self._gathered: list[ExplainedBatch] = []

    def add(self, rows: slice, found: ExplainedBatch) -> None:
        """Takes the explanations of some faces; a shard is written once its last face has come.

        Args:
          rows: Which rows of the faces: those behind the rows of the last call, in one shard.
          found: Their explanations, in this order.
        """
        self._gathered.append(found)
        if rows.stop % SHARD and rows.stop != len(self.faces):
            return
        shard = (rows.stop - 1) // SHARD
        whole = jax.tree.map(lambda *parts: np.concatenate(parts), *self._gathered)
        self._gathered = []
        self._write(shard, slice(shard * SHARD, rows.stop), whole)
        self.unfinished.num_done = shard + 1

    def _write(self, shard: int, rows: slice, found: ExplainedBatch) -> None:
        folder, count = self.unfinished.results, len(self.faces)
        for (method, layer), explanation in found.explanations.items():
            maps = np.asarray(explanation.heat_map, np.float32)
            path = layout.heat_map_file(folder, method, layer)
            write_shard(path, maps, rows, count=count, axes=_MAPS if maps.ndim == 4 else _MAP)
        for layer, means in found.activation_means.items():
            path = layout.activation_file(folder, layer)
            write_shard(path, np.asarray(means, np.float32), rows, count=count, axes=_MAP)
        for layer, channels in found.strongest_channels.items():
            numbers, values = np.asarray(channels.number), np.asarray(channels.activation)
            path = layout.channel_numbers_file(folder, layer)
            write_shard(path, numbers, rows, count=count, axes=("channel",))
            path = layout.channels_file(folder, layer)
            write_shard(path, values.astype(np.float32), rows, count=count, axes=("channel", *_MAP))
        # Last: where these rows are, the arrays are whole.
        table = make_table(self.faces, rows, found, plan=self.plan)
        write_part(layout.part_file(self.unfinished.folder, shard), table)
