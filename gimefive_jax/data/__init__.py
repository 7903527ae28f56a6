"""Opens a prepared TFDS split, decodes it once, and hands out batches by step."""

from gimefive_jax.data.batches import training_batch, training_index
from gimefive_jax.data.feeding import BatchOrRows, Feed, open_feed, select
from gimefive_jax.data.originals import Originals, read_originals
from gimefive_jax.data.prepared import PreparedSet, data_directory, find_prepared, list_prepared
from gimefive_jax.data.split import Split, open_split, sample_faces, stratified, take_faces

__all__ = [
    "BatchOrRows",
    "Feed",
    "Originals",
    "PreparedSet",
    "Split",
    "data_directory",
    "find_prepared",
    "list_prepared",
    "open_feed",
    "open_split",
    "read_originals",
    "sample_faces",
    "select",
    "stratified",
    "take_faces",
    "training_batch",
    "training_index",
]
