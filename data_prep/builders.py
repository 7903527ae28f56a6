"""Thin TFDS builders: they write what `contents` gathered, row by row in its order."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import ClassVar

import numpy as np
import tensorflow_datasets as tfds
from tqdm import tqdm

from data_prep.contents import NUM_CLASSES, VERSION, Content, Metadata
from data_prep.records import FaceRecord
from gimefive_jax.emotions import emotion_names

# The default TFRecord cannot be written without TensorFlow.
FILE_FORMAT = "array_record"


class _LocalInfo(tfds.core.DatasetInfo):
    """Facts of a data set that is known on this machine only."""

    def initialize_from_bucket(self) -> None:
        """Does not look for the data set in TFDS's cloud bucket, as every new builder would."""


class _FaceBuilder(tfds.core.GeneratorBasedBuilder, skip_registration=True):  # type: ignore[call-arg]
    """Writes prepared content; features beyond the common ones come from `EXTRA_FEATURES`."""

    VERSION = tfds.core.Version(VERSION)
    EXTRA_FEATURES: ClassVar[Mapping[str, tfds.features.FeatureConnector]] = {}

    def __init__(
        self, content: Content, *, metadata: Metadata, data_dir: Path, config: str
    ) -> None:
        self._content = content
        self._metadata = metadata
        super().__init__(data_dir=data_dir, config=config, file_format=FILE_FORMAT)

    def _info(self) -> tfds.core.DatasetInfo:
        return _LocalInfo(
            builder=self,
            description=self.__doc__ or "",
            features=tfds.features.FeaturesDict(
                {
                    "image": tfds.features.Image(shape=(None, None, None)),
                    "label": tfds.features.ClassLabel(names=list(self._content.emotions)),
                    "file_name": tfds.features.Text(),
                    "source": tfds.features.Text(),
                    "usage": tfds.features.Text(),
                    "pixel_sha256": tfds.features.Text(),
                    **self.EXTRA_FEATURES,
                }
            ),
            # Rows stay in the order they are written in: index splits are lists of row numbers.
            disable_shuffling=True,
            metadata=tfds.core.MetadataDict(self._metadata),
        )

    def _split_generators(
        self, dl_manager: tfds.download.DownloadManager
    ) -> dict[str, Iterator[tuple[int, dict[str, object]]]]:
        return {name: self._generate_examples(name) for name in self._content.splits}

    def _generate_examples(self, split: str) -> Iterator[tuple[int, dict[str, object]]]:
        faces = self._content.splits[split]
        bar = tqdm(faces, desc=f"write {split}", unit=" faces", leave=False, disable=None)
        for row, face in enumerate(bar):
            yield row, _example(face)


class Fer2013(_FaceBuilder):
    """FER2013: faces found by an image search, 48x48 grey, labelled by one person each."""

    BUILDER_CONFIGS: ClassVar = [
        tfds.core.BuilderConfig(
            name=variant, description=", ".join(emotion_names(number)), version=VERSION
        )
        for variant, number in NUM_CLASSES.items()
    ]


class DrawnFaces(_FaceBuilder):
    """Drawn faces whose expression, landmarks and decisive pixels are known exactly."""

    BUILDER_CONFIGS: ClassVar = [
        tfds.core.BuilderConfig(
            name="six", description=", ".join(emotion_names(6)), version=VERSION
        )
    ]
    EXTRA_FEATURES: ClassVar = {
        "landmarks": tfds.features.Tensor(shape=(68, 2), dtype=np.float32),
        "evidence": tfds.features.Tensor(shape=(64, 64), dtype=np.bool_),
        "intensity": tfds.features.Scalar(dtype=np.float32),
    }


BUILDERS: Mapping[str, type[_FaceBuilder]] = {"fer2013": Fer2013, "drawn_faces": DrawnFaces}


def _example(face: FaceRecord) -> dict[str, object]:
    return {
        "image": face.image,
        "label": face.emotion,
        "file_name": face.file_name,
        "source": face.source,
        "usage": face.usage,
        "pixel_sha256": face.pixel_sha256,
        **face.extras,
    }
