"""Opens a prepared TFDS split, decodes it once, and hands out batches by step."""

from gimefive_jax.data.batches import evaluation_batches, training_batch, training_index
from gimefive_jax.data.feeding import Feed, open_feed
from gimefive_jax.data.prepared import PreparedSet, data_directory, list_prepared
from gimefive_jax.data.split import Split, open_split, sample_faces

__all__ = [
    "Feed",
    "PreparedSet",
    "Split",
    "data_directory",
    "evaluation_batches",
    "list_prepared",
    "open_feed",
    "open_split",
    "sample_faces",
    "training_batch",
    "training_index",
]
