"""Reading and writing a training state with Orbax, one folder at a time."""

import contextlib
import json
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path

import jax
import numpy as np
import orbax.checkpoint as ocp
from jaxtyping import PyTree

from gimefive_jax.runs.checksums import METRICS, RECORD, CheckpointRecord, digest_of_arrays

STATE = "state"
"""In a checkpoint: the folder with the training state."""
_LEARNED = ("params", "batch_stats")


@contextlib.contextmanager
def quiet_orbax() -> Iterator[None]:
    """Silences Orbax's log while the block runs, and no longer.

    It logs every save, and the traceback of what it raises as well; the error alone is enough.
    """
    log = logging.getLogger("absl")
    before = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(before)


def make_checkpointer() -> ocp.Checkpointer:
    """Makes the reader and writer of whole checkpoints."""
    alone = _alone()
    handler = ocp.CompositeCheckpointHandler(
        composite_options=ocp.CompositeOptions(multiprocessing_options=alone),
        **{
            STATE: ocp.StandardCheckpointHandler(multiprocessing_options=alone),
            RECORD: ocp.JsonCheckpointHandler(multiprocessing_options=alone),
            METRICS: ocp.JsonCheckpointHandler(filename=METRICS, multiprocessing_options=alone),
        },
    )
    return ocp.Checkpointer(handler, multiprocessing_options=alone)


def save_arguments(state: PyTree, record: CheckpointRecord) -> ocp.args.Composite:
    """Puts together what Orbax is to write.

    Args:
      state: The training state, as numpy arrays.
      record: Its sha256 and accuracy.

    Returns:
      Arguments for `Checkpointer.save`.
    """
    items = {
        STATE: ocp.args.StandardSave(state),
        RECORD: ocp.args.JsonSave({"sha256": record.sha256}),
    }
    if record.accuracy is not None:
        items[METRICS] = ocp.args.JsonSave({"accuracy": record.accuracy})
    return ocp.args.Composite(**items)


def restore_arguments(like: PyTree) -> ocp.args.Composite:
    """Puts together what Orbax is to read: the whole state, with shapes and shardings of `like`."""
    abstract = jax.tree.map(ocp.utils.to_shape_dtype_struct, like)
    return ocp.args.Composite(**{STATE: ocp.args.StandardRestore(abstract)})


def read_variables(
    checkpoint: Path, like: Mapping[str, PyTree], *, averaged: bool = True
) -> dict[str, PyTree]:
    """Reads the variables that are evaluated, and nothing else of the state.

    Args:
      checkpoint: Folder of the checkpoint.
      like: Shapes of the model's variables, by collection: `params`, and `batch_stats` if it has
        any.
      averaged: Whether the averaged ones are read where the run keeps averages.

    Returns:
      Numpy arrays by the same names.

    Raises:
      ValueError: The checkpoint holds other variables. Orbax raises further types for damage.
    """
    folder = checkpoint / STATE
    with _tree_checkpointer() as checkpointer:
        stored = checkpointer.metadata(folder).item_metadata.tree
        averages = (stored.get("averaged") or None) if averaged else None
        collections = stored if averages is None else averages
        found = {name: collections[name] for name in _LEARNED if like.get(name)}
        _check_shapes(found, {name: like[name] for name in found})
        wanted = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype), found)
        item = wanted if averages is None else {"averaged": wanted}
        restored = checkpointer.restore(
            folder,
            args=ocp.args.PyTreeRestore(
                item=item,
                restore_args=jax.tree.map(lambda _: ocp.RestoreArgs(restore_type=np.ndarray), item),
                partial_restore=True,
            ),
        )
    variables = restored if averages is None else restored["averaged"]
    return {name: variables.get(name, {}) for name in _LEARNED}


def stored_digest(checkpoint: Path) -> str:
    """Computes `digest` of a stored state without knowing the structure that it was saved from.

    It reads the whole state, for checkpoints that have no checksums of their files.

    Args:
      checkpoint: Folder of the checkpoint.

    Returns:
      64 hexadecimal digits.
    """
    folder = checkpoint / STATE
    with _tree_checkpointer() as checkpointer:
        tree = checkpointer.restore(folder)
    arrays = {
        jax.tree_util.keystr(path, simple=True, separator="/"): leaf
        for path, leaf in jax.tree_util.tree_leaves_with_path(tree)
    }
    # Orbax lists the leaves in the order of the structure that was saved; what it reads is sorted.
    metadata = json.loads((folder / "_METADATA").read_text(encoding="utf-8"))
    names = (
        "/".join(str(key["key"]) for key in leaf["key_metadata"])
        for leaf in metadata["tree_metadata"].values()
    )
    return digest_of_arrays((name, arrays[name]) for name in names if name in arrays)


def _check_shapes(found: PyTree, like: PyTree) -> None:
    def shapes(tree: PyTree) -> dict[str, tuple[int, ...]]:
        return {
            jax.tree_util.keystr(path, simple=True, separator="/"): tuple(leaf.shape)
            for path, leaf in jax.tree_util.tree_leaves_with_path(tree)
        }

    ours, theirs = shapes(like), shapes(found)
    for name in sorted(ours.keys() | theirs.keys()):
        if ours.get(name) != theirs.get(name):
            raise ValueError(
                f"{name} has shape {theirs.get(name)}, the model of config.json {ours.get(name)}"
            )


def _tree_checkpointer() -> ocp.Checkpointer:
    alone = _alone()
    handler = ocp.PyTreeCheckpointHandler(multiprocessing_options=alone)
    return ocp.Checkpointer(handler, multiprocessing_options=alone)


def _alone() -> ocp.options.MultiprocessingOptions:
    """Of several processes only the one that opens the folder reads and writes it."""
    if jax.process_count() == 1:
        return ocp.options.MultiprocessingOptions()
    number = jax.process_index()
    return ocp.options.MultiprocessingOptions(
        primary_host=number,
        active_processes={number},
        barrier_sync_key_prefix=f"process{number}",
    )
