"""Opens a prepared TFDS split, decodes it once, and hands out batches by step."""

from gimefive_jax.data.batches import evaluation_batches, training_batch
from gimefive_jax.data.originals import Originals, read_originals
from gimefive_jax.data.prepared import PreparedSet, data_directory, find_prepared, list_prepared
from gimefive_jax.data.split import Split, open_split, sample_faces

__all__ = [
    "Originals",
    "PreparedSet",
    "Split",
    "data_directory",
    "evaluation_batches",
    "find_prepared",
    "list_prepared",
    "open_split",
    "read_originals",
    "sample_faces",
    "training_batch",
]
