"""Names of the files in the folder of an explained split; the only place that spells them."""

from pathlib import Path

SUMMARY = "explanation.json"
MANIFEST, MANIFEST_TABLE = "manifest.csv", "manifest.parquet"
EVIDENCE = "evidence.json"
HEAT_MAPS, ACTIVATIONS, PICTURES = "heat_maps", "activations", "pictures"
# Behind the name of the folder, and what lies in it while an export is at work.
UNFINISHED, PLAN, RESULTS, PARTS = ".unfinished", "plan.json", "results", "manifest"


def heat_map_file(folder: Path, method: str, layer: str) -> Path:
    """Path of a method's maps of a layer: `heat_maps/hirescam.block5-activation.zarr`."""
    return folder / HEAT_MAPS / f"{method}.{_file_stem(layer)}.zarr"


def activation_file(folder: Path, layer: str) -> Path:
    """Path of a layer's mean activations: `activations/block5-activation.zarr`."""
    return folder / ACTIVATIONS / f"{_file_stem(layer)}.zarr"


def channels_file(folder: Path, layer: str) -> Path:
    """Path of each face's strongest channels: `activations/block5-activation.channels.zarr`."""
    return folder / ACTIVATIONS / f"{_file_stem(layer)}.channels.zarr"


def channel_numbers_file(folder: Path, layer: str) -> Path:
    """Path of their numbers in the layer: `activations/block5-activation.numbers.zarr`."""
    return folder / ACTIVATIONS / f"{_file_stem(layer)}.numbers.zarr"


def picture_file(folder: Path, index: int, predicted: str, part: str = "") -> Path:
    """Path of a face's picture, by its row in the whole split: `pictures/000012-fear.png`.

    Args:
      folder: Of the export.
      index: Row of the face in the whole split.
      predicted: Its category.
      part: What the picture shows where it is not the map, such as `activations`.
    """
    return folder / PICTURES / f"{index:06d}-{predicted}{part and f'.{part}'}.png"


def part_file(unfinished: Path, shard: int) -> Path:
    """Path of a finished shard's rows of the manifest; it is written after the shard's arrays."""
    return unfinished / PARTS / f"{shard:06d}.parquet"


def _file_stem(layer: str) -> str:
    return layer.replace("/", "-")
