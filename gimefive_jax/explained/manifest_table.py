"""The rows of the manifest as typed tables: a part per shard, joined to CSV and Parquet."""

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from gimefive_jax import files
from gimefive_jax.errors import InputError
from gimefive_jax.explained.faces import ExplainedFaces
from gimefive_jax.explained.manifest import MAP_COLUMNS, Key, map_column
from gimefive_jax.explained.plan import ExportPlan
from gimefive_jax.explanation.explain import ExplainedBatch
from gimefive_jax.explanation.methods import is_degenerate
from gimefive_jax.readout import Readout
from gimefive_jax.structs import Explanation


def make_table(
    faces: ExplainedFaces, rows: slice, found: ExplainedBatch, *, plan: ExportPlan
) -> pa.Table:
    """Makes the manifest's rows of some faces: one per face, or one per face and category.

    Args:
      faces: All faces of the export.
      rows: Which of them were explained.
      found: Their explanations, in this order.
      plan: What is exported.

    Returns:
      A table whose numbers are float32; what is unknown is null, never NaN.
    """
    keys = map_keys(found, plan)
    first = found.explanations[keys[0]]
    columns = _face_columns(faces, rows, first, plan)
    row = np.asarray(columns["row"])
    for layer in dict.fromkeys(layer for _, layer in keys):
        one = next(found.explanations[key] for key in keys if key[1] == layer)
        columns |= _bias_columns(layer, one)
    for key in keys:
        columns |= _map_columns(key, found.explanations[key], row, plan)
    return pa.table(columns)


def map_keys(found: ExplainedBatch, plan: ExportPlan) -> list[Key]:
    """Gives method and layer of all maps, in the order of the plan.

    A dictionary that went through jit comes back sorted. Methods of the input have maps of the
    layer `input`, whatever layers are named.
    """
    methods = list(plan.methods)

    def place(key: Key) -> tuple[int, int]:
        layer = plan.layers.index(key[1]) if key[1] in plan.layers else -1
        return methods.index(key[0]), layer

    return sorted(found.explanations, key=place)


def write_part(path: Path, table: pa.Table) -> None:
    """Writes the rows of a shard in one step."""
    with files.replacing(path) as temporary:
        pq.write_table(table, temporary)


def join_parts(parts: Iterable[Path], csv_path: Path, table_path: Path) -> int:
    """Joins the parts of a manifest to one CSV file and one Parquet file, a part at a time.

    Args:
      parts: In the order of the faces.
      csv_path: Where the CSV file goes.
      table_path: Where the Parquet file goes; each part is a row group of it.

    Returns:
      How many maps are degenerate.
    """
    num_degenerate = 0
    with (
        files.replacing_text(csv_path) as text,
        files.replacing(table_path) as temporary,
    ):
        writer, rows = None, csv.writer(text)
        try:
            for part in parts:
                table = pq.read_table(part)
                if writer is None:
                    writer = pq.ParquetWriter(temporary, table.schema)
                    rows.writerow(table.column_names)
                writer.write_table(table)
                rows.writerows(zip(*map(_cells, table.columns), strict=True))
                flags = [n for n in table.column_names if n.startswith("degenerate:")]
                num_degenerate += sum(int(np.sum(np.asarray(table[n]))) for n in flags)
        finally:
            if writer is not None:
                writer.close()
    return num_degenerate


def part_keys(part: Path) -> tuple[Key, ...]:
    """Gives method and layer of all maps that a part of a manifest has columns of."""
    prefix = f"{MAP_COLUMNS[0]}:"
    names = [name for name in pq.read_schema(part).names if name.startswith(prefix)]
    pairs = [name.removeprefix(prefix).split(":", 1) for name in names]
    return tuple((method, layer) for method, layer in pairs)


def _cells(column: pa.ChunkedArray) -> list[str]:
    values = column.to_pylist()
    if pa.types.is_float32(column.type):
        # Nine significant digits name a float32 exactly.
        return ["" if value is None else f"{value:.9g}" for value in values]
    if pa.types.is_boolean(column.type):
        return ["" if value is None else str(int(value)) for value in values]
    return ["" if value is None else str(value) for value in values]


def _face_columns(
    faces: ExplainedFaces, rows: slice, one: Explanation, plan: ExportPlan
) -> dict[str, pa.Array]:
    logits, target = np.asarray(one.predictions.logits), np.asarray(one.target)
    # With every category explained, the axis behind the faces is theirs.
    repeats = target.size // len(target)
    logits = logits[:, 0] if logits.ndim == 3 else logits
    if not np.isfinite(logits).all():
        raise InputError(
            f"{plan.model_name} gives logits that are no finite numbers; its weights are damaged"
        )
    probabilities = Readout(scaling=plan.scaling).probabilities(logits)
    row = np.repeat(np.arange(rows.start, rows.stop), repeats)
    logits, target = logits.repeat(repeats, 0), target.reshape(-1)
    predicted, label = logits.argmax(1), None if faces.labels is None else faces.labels[row]
    names = np.array(faces.emotions, object)
    against = plan.targets.against
    return {
        "row": pa.array(row, pa.int64()),
        "index": pa.array(faces.index[row], pa.int64()),
        "file_name": pa.array([faces.file_names[int(i)] for i in row], pa.string()),
        "label": pa.array([None] * len(row) if label is None else names[label], pa.string()),
        "predicted": pa.array(names[predicted], pa.string()),
        "correct": pa.array([None] * len(row) if label is None else predicted == label, pa.bool_()),
        "target": pa.array(names[target], pa.string()),
        "against": pa.array(
            [None if against is None else faces.emotions[against]] * len(row), pa.string()
        ),
        "target_logit": _float(logits[np.arange(len(row)), target]),
        "score": _float(np.asarray(one.score).reshape(-1)),
        **{
            f"probability:{emotion}": _float(shares)
            for emotion, shares in zip(
                faces.emotions, probabilities.repeat(repeats, 0).T, strict=True
            )
        },
    }


def _bias_columns(layer: str, one: Explanation) -> dict[str, pa.Array]:
    """b_eff and its share of the score, which has no meaning where the two do not add up."""
    score = np.asarray(one.score, np.float64).reshape(-1)
    effect = np.full(len(score), np.nan)
    share = effect
    if one.bias_effect is not None and one.is_complete is not None:
        effect = np.asarray(one.bias_effect, np.float64).reshape(-1)
        size = np.abs(effect) + np.abs(score - effect)
        share = np.abs(effect) / np.where(size > 0, size, 1.0)
        share = np.where(np.asarray(one.is_complete).reshape(-1), share, np.nan)
    return {f"b_eff:{layer}": _float(effect), f"bias_share:{layer}": _float(share)}


def _map_columns(
    key: Key, one: Explanation, row: np.ndarray, plan: ExportPlan
) -> dict[str, pa.Array]:
    heat_map = np.asarray(one.heat_map)
    heat_map = heat_map.reshape(-1, *heat_map.shape[-2:])
    gap = one.completeness_gap
    values: Mapping[str, pa.Array] = {
        "sum": _float(heat_map.sum((1, 2), dtype=np.float64)),
        "min": _float(heat_map.min((1, 2))),
        "max": _float(heat_map.max((1, 2))),
        "degenerate": pa.array(is_degenerate(heat_map), pa.bool_()),
        "gap": _float(np.full(len(row), np.nan) if gap is None else np.asarray(gap).reshape(-1)),
    }
    columns = {map_column(name, key): values[name] for name in MAP_COLUMNS}
    for measure in plan.measures:
        found = measure(row, heat_map)
        for name, column in zip(measure.names, found.T, strict=True):
            columns[map_column(name, key)] = _float(column)
    return columns


def _float(values: np.ndarray) -> pa.Array:
    """float32, null in the place of NaN."""
    return pa.array(np.asarray(values, np.float32), pa.float32(), from_pandas=True)
