"""The folder of an explained split, opened: summary, manifest and arrays as typed values."""

import dataclasses
import functools
from pathlib import Path

import numpy as np
from jaxtyping import Float32

from gimefive_jax import files, json_records
from gimefive_jax.errors import InputError
from gimefive_jax.explained import layout
from gimefive_jax.explained.manifest import ManifestRow, read_manifest

ARRAYS = (
    "float32 [face, height, width] on the layer's own grid, raw and signed; "
    f"row i belongs to row i of {layout.MANIFEST}"
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class ExplanationSummary:
    """What was explained, and of which model; the content of `explanation.json`."""

    reference: bool = False
    """Whether pictures are drawn as the paper's reference draws them."""
    model: str
    weights_sha256: str = ""
    """Empty in files written before results said whose they are."""
    data: str
    """Data set and variant, such as `fer2013/six`."""
    split: str
    count: int
    """Faces."""
    data_sha256: str
    methods: tuple[str, ...]
    layers: tuple[str, ...]
    activations: tuple[str, ...]
    """Layers whose mean activations are stored."""
    targets: str
    """`predicted`, `label`, or the category whose score is explained for all faces."""
    temperature: float = 1.0
    """Of the manifest's probabilities; maps are of the score as the network gave it."""
    num_degenerate_maps: int
    """Maps without a positive cell."""
    arrays: str = ARRAYS
    """What the arrays are, in words."""

    def to_json(self) -> json_records.JsonObject:
        """Returns the content of `explanation.json`, in its order."""
        values = json_records.to_json(self)
        if not self.reference:
            del values["reference"]
        return values

    def write(self, folder: Path) -> None:
        """Writes `explanation.json` to the folder of an export."""
        files.write_json(folder / layout.SUMMARY, self.to_json())


@dataclasses.dataclass(frozen=True)
class Export:
    """The folder of an explained split, opened; see `open_export`.

    Example:
      >>> export = open_export(Path("out/explanations/fer2013-test"))  # doctest: +SKIP
      >>> export.heat_maps("hirescam", "block5/activation").shape  # doctest: +SKIP
      (5945, 4, 4)
    """

    folder: Path
    summary: ExplanationSummary

    @functools.cached_property
    def rows(self) -> tuple[ManifestRow, ...]:
        """The manifest: what is known of each face and its maps, in the order of the arrays."""
        rows = read_manifest(
            self.folder / layout.MANIFEST, methods=self.summary.methods, layers=self.summary.layers
        )
        return tuple(rows)

    def heat_maps(self, method: str, layer: str) -> Float32[np.ndarray, "face height width"]:
        """Maps of all faces, raw and signed, on the layer's own grid; read as they are used.

        Raises:
          InputError: If there are none; names those that there are.
        """
        return self._load(layout.heat_map_file(self.folder, method, layer))

    def activations(self, layer: str) -> Float32[np.ndarray, "face height width"]:
        """Activations of all faces, averaged over channels; read as they are used.

        Raises:
          InputError: If there are none.
        """
        return self._load(layout.activation_file(self.folder, layer))

    def _load(self, path: Path) -> np.ndarray:
        try:
            return np.load(path, mmap_mode="r")
        except FileNotFoundError as error:
            summary = self.summary
            raise InputError(
                f"no file {path}; {self.folder} holds the maps {', '.join(summary.methods)} of "
                f"{', '.join(summary.layers)}, activations of {', '.join(summary.activations)}"
            ) from error
        except (ValueError, EOFError) as error:
            raise InputError(f"{path} is damaged; `gimefive explain` writes it anew") from error


def open_export(folder: Path) -> Export:
    """Opens a folder that `gimefive explain` wrote, also with an earlier version.

    Args:
      folder: The folder, with `explanation.json` in it.

    Raises:
      InputError: If it is no such folder, or the file is damaged.
    """
    summary = json_records.read_json(
        ExplanationSummary, folder / layout.SUMMARY, mend="`gimefive explain` writes it anew"
    )
    return Export(folder, summary)
