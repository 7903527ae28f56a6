"""What a prepared set is to those who open it with TFDS alone."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow_datasets as tfds
from PIL import Image

from data_prep.prepare import Prepared, prepare_request
from data_prep.source import Request
from gimefive_jax.config import DataConfig
from gimefive_jax.data import open_split
from gimefive_jax.emotions import EMOTIONS


def _prepare(folder: Path, modes: tuple[str, ...]) -> Prepared:
    """A set of thirty faces whose files have these modes in turn."""
    rng = np.random.default_rng(0)
    for number in range(30):
        mode = modes[number % len(modes)]
        path = folder / "raw" / EMOTIONS[number % 6] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = rng.integers(0, 256, (12, 10, 4), np.uint8)
        Image.fromarray(pixels, "RGBA").convert(mode).save(path)
    request = Request("folders", raw=folder / "raw", set_name="mine")
    return prepare_request(request, data_dir=folder / "tfds")


@pytest.mark.parametrize(("mode", "channels"), [("L", 1), ("RGB", 3)])
def test_plain_tfds_decodes_a_set_of_one_mode(mode: str, channels: int, tmp_path: Path) -> None:
    prepared = _prepare(tmp_path, (mode,))
    source = tfds.builder_from_directory(prepared.path).as_data_source("train")
    for record in source:
        assert record["image"].shape == (12, 10, channels)
        with Image.open(next((tmp_path / "raw").rglob(_name(record)))) as image:
            pixels = np.asarray(image).reshape(12, 10, channels)
        np.testing.assert_array_equal(record["image"], pixels)


@pytest.mark.parametrize("modes", [("L", "RGB"), ("RGBA",), ("RGB", "RGBA", "LA", "P")])
def test_a_set_of_several_modes_holds_the_original_files(
    modes: tuple[str, ...], tmp_path: Path
) -> None:
    prepared = _prepare(tmp_path, modes)
    builder = tfds.builder_from_directory(prepared.path)
    source = builder.as_data_source("train", decoders={"image": tfds.decode.SkipDecoding()})
    for record in source:
        assert record["image"] == next((tmp_path / "raw").rglob(_name(record))).read_bytes()
    config = DataConfig(name="mine", directory=str(tmp_path / "tfds"), image_size=32)
    assert open_split(config, "train").images.shape[1:] == (32, 32, 3)


def _name(record: dict[str, bytes]) -> str:
    return record["file_name"].decode().rpartition("/")[2]
