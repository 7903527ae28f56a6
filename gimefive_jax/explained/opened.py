"""The folder of an explained split, opened: summary, manifest and arrays as typed values."""

import dataclasses
import functools
from collections.abc import Iterator
from pathlib import Path

from gimefive_jax.errors import InputError
from gimefive_jax.explained import layout
from gimefive_jax.explained.arrays import StoredArray, open_array
from gimefive_jax.explained.manifest import Key, ManifestRow, read_manifest
from gimefive_jax.explained.summary import ExplanationSummary, read_summary


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

    @property
    def maps(self) -> tuple[Key, ...]:
        """Method and layer of each array of maps, the first one drawn."""
        summary = self.summary
        return summary.maps or tuple(
            (m, layer) for m in summary.methods for layer in summary.layers
        )

    @functools.cached_property
    def rows(self) -> tuple[ManifestRow, ...]:
        """The manifest: what is known of each face and its maps, in the order of the arrays.

        With targets `all` a face has a row for each category.
        """
        return tuple(self.iterate_rows())

    def iterate_rows(self) -> Iterator[ManifestRow]:
        """Gives the rows of the manifest one by one, so that memory does not grow with them."""
        return read_manifest(self.folder / layout.MANIFEST)

    def heat_maps(self, method: str, layer: str) -> StoredArray:
        """Maps of all faces, raw and signed, on the layer's own grid; read as they are used.

        Args:
          method: Name of the method.
          layer: Name of the layer; `input` for methods of the input.

        Returns:
          float32 `[face, rows, columns]`, with targets `all` `[face, category, rows, columns]`.

        Raises:
          InputError: If there are none; names those that there are.
        """
        return self._open(layout.heat_map_file(self.folder, method, layer))

    def activations(self, layer: str) -> StoredArray:
        """Activations of all faces, averaged over channels; read as they are used.

        Args:
          layer: Name of the layer.

        Returns:
          float32 `[face, rows, columns]`.

        Raises:
          InputError: If there are none.
        """
        return self._open(layout.activation_file(self.folder, layer))

    def strongest_channels(self, layer: str) -> StoredArray:
        """Activations of each face's own strongest channels, the strongest on average first.

        Args:
          layer: Name of the layer.

        Returns:
          float32 `[face, channel, rows, columns]`; `channel_numbers` says which they are.

        Raises:
          InputError: If there are none.
        """
        return self._open(layout.channels_file(self.folder, layer))

    def channel_numbers(self, layer: str) -> StoredArray:
        """Numbers of each face's strongest channels in the layer.

        Args:
          layer: Name of the layer.

        Returns:
          int32 `[face, channel]`, as `strongest_channels` has them.

        Raises:
          InputError: If there are none.
        """
        return self._open(layout.channel_numbers_file(self.folder, layer))

    def _open(self, path: Path) -> StoredArray:
        try:
            return open_array(path)
        except FileNotFoundError as error:
            summary = self.summary
            raise InputError(
                f"no file {path}; {self.folder} holds the maps {', '.join(summary.methods)} of "
                f"{', '.join(summary.layers)}, activations of "
                f"{', '.join(summary.activations) or 'no layer'}"
            ) from error


def open_export(folder: str | Path) -> Export:
    """Opens a folder that `gimefive explain` wrote, also with an earlier version.

    Args:
      folder: The folder, with `explanation.json` in it.

    Returns:
      The opened export; nothing but its summary is read yet.

    Raises:
      InputError: If it is no such folder, or the file is damaged.
    """
    return Export(Path(folder), read_summary(Path(folder)))
