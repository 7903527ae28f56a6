"""Names of the files in the folder of an explained split; the only place that spells them."""

from pathlib import Path

SUMMARY = "explanation.json"
MANIFEST = "manifest.csv"
EVIDENCE = "evidence.json"
HEAT_MAPS, ACTIVATIONS, PICTURES = "heat_maps", "activations", "pictures"


def heat_map_file(folder: Path, method: str, layer: str) -> Path:
    """Path of a method's maps of a layer: `heat_maps/hirescam.block5-activation.npy`."""
    return folder / HEAT_MAPS / f"{method}.{_file_stem(layer)}.npy"


def activation_file(folder: Path, layer: str) -> Path:
    """Path of a layer's mean activations: `activations/block5-activation.npy`."""
    return folder / ACTIVATIONS / f"{_file_stem(layer)}.npy"


def picture_file(folder: Path, index: int, predicted: str) -> Path:
    """Path of a face's picture, by its row in the whole split: `pictures/000012-fear.png`."""
    return folder / PICTURES / f"{index:06d}-{predicted}.png"


def _file_stem(layer: str) -> str:
    return layer.replace("/", "-")
