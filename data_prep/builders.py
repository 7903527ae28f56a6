"""Writes prepared content as a TFDS data set, row by row in its order."""

import json
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path

import numpy as np
import tensorflow_datasets as tfds
from tqdm import tqdm

from data_prep.columns import NO_BOX, Columns
from data_prep.contents import Content
from data_prep.records import FaceRecord
from gimefive_jax.set_metadata import VERSION, Metadata

# The default TFRecord cannot be written without TensorFlow.
FILE_FORMAT = "array_record"
_SHARD = 50_000
# Rows encoded at a time: the writer notes its progress on disk after each call.
_CHUNK = 512


class _LocalInfo(tfds.core.DatasetInfo):
    """Facts of a data set that is known on this machine only."""

    def initialize_from_bucket(self) -> None:
        """Does not look for the data set in TFDS's cloud bucket, as every new builder would."""


def write_data_set(
    content: Content, folder: Path, *, name: str, variant: str, description: str, metadata: Metadata
) -> None:
    """Writes a data set that `tfds.builder_from_directory` reads.

    Rows stay in the order they are written in, because index splits are lists of row numbers.

    Args:
      content: Faces by split.
      folder: Where the files go.
      name: Of the set.
      variant: Of its categories.
      description: What it is, for those who open it with TFDS.
      metadata: What it says of itself.
    """
    # Not a GeneratorBasedBuilder: that one holds a whole split in memory before it writes it.
    info = _LocalInfo(
        builder=tfds.core.DatasetIdentity(
            name=name,
            version=tfds.core.Version(VERSION),
            data_dir=str(folder),
            module_name=__name__,
            config_name=variant,
            config_description=", ".join(content.emotions),
        ),
        description=description,
        features=_features(content),
        disable_shuffling=True,
        metadata=tfds.core.MetadataDict(metadata),
    )
    writer = tfds.core.SequentialWriter(
        info, max_examples_per_shard=_SHARD, file_format=FILE_FORMAT
    )
    writer.initialize_splits(list(content.splits))
    for split, rows in content.splits.items():
        bar = tqdm(
            content.spool.read(rows.tolist()),
            total=len(rows),
            desc=f"write {split}",
            unit=" faces",
            leave=False,
            disable=None,
        )
        for chunk in _chunks(iter(bar)):
            writer.add_examples({split: [_example(face, content.columns) for face in chunk]})
    writer.close_all()


def _features(content: Content) -> tfds.features.FeaturesDict:
    columns = content.columns
    features: dict[str, object] = {
        # With channels, plain TFDS decodes the set; files of several kinds are read undecoded.
        "image": tfds.features.Image(shape=(None, None, columns.file_channels)),
        "label": tfds.features.ClassLabel(names=list(content.emotions)),
        "file_name": tfds.features.Text(),
        "source": tfds.features.Text(),
        "usage": tfds.features.Text(),
        "pixel_sha256": tfds.features.Text(),
    }
    if columns.has_subject:
        features["subject"] = tfds.features.Text()
    if columns.has_attributes:
        features["attributes"] = tfds.features.Text()
    if columns.has_box:
        features["box"] = tfds.features.Tensor(shape=(4,), dtype=np.int32)
    if columns.vote_names:
        features["votes"] = tfds.features.Tensor(shape=(len(columns.vote_names),), dtype=np.float32)
    if columns.num_landmarks:
        features["landmarks"] = tfds.features.Tensor(
            shape=(columns.num_landmarks, 2), dtype=np.float32
        )
    for name, (shape, dtype) in columns.extras.items():
        features[name] = tfds.features.Tensor(shape=shape, dtype=dtype)
    return tfds.features.FeaturesDict(features)


def _example(face: FaceRecord, columns: Columns) -> Mapping[str, object]:
    example: dict[str, object] = {
        "image": face.image,
        "label": face.emotion,
        "file_name": face.file_name,
        "source": face.source,
        "usage": face.usage,
        "pixel_sha256": face.pixel_sha256,
        **face.extras,
    }
    if columns.has_subject:
        example["subject"] = face.subject
    if columns.has_attributes:
        example["attributes"] = json.dumps(dict(face.attributes))
    if columns.has_box:
        example["box"] = np.array(face.box.corners if face.box else NO_BOX, np.int32)
    if columns.vote_names:
        votes = [face.votes.get(name, 0.0) for name in columns.vote_names]
        example["votes"] = np.array(votes, np.float32)
    if columns.num_landmarks:
        # Where a face has fewer points, or none, the others are no numbers.
        points = np.full((columns.num_landmarks, 2), np.nan, np.float32)
        if face.landmarks is not None:
            points[: len(face.landmarks)] = face.landmarks
        example["landmarks"] = points
    return example


def _chunks(faces: Iterator[FaceRecord]) -> Iterator[list[FaceRecord]]:
    while chunk := list(islice(faces, _CHUNK)):
        yield chunk
