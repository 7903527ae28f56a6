"""Explained faces as small pictures that lie inside the page."""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Bool, Float, UInt8
from PIL import Image

from gimefive_jax.data import Split
from gimefive_jax.explained.manifest import Key, ManifestRow
from gimefive_jax.explained.opened import Export
from gimefive_jax.explained.pictures import colour, overlay, scale_to_unit
from gimefive_jax.explanation.faithfulness.mass import mass_on
from gimefive_jax.report.templating import embed_jpeg, embed_png

# Twice the size on the page, for sharp screens.
_SIDE = 192


@dataclasses.dataclass(frozen=True)
class HeatMap:
    """One map of a face."""

    method: str
    layer: str
    grid: str
    cells: str
    """Picture with one pixel per cell, as a data URI."""
    overlay: str
    share: float
    """Of the positive mass, on the planted evidence."""


@dataclasses.dataclass(frozen=True)
class Card:
    """One explained face."""

    file_name: str
    label: str
    predicted: str
    probability: float
    label_probability: float
    face: str
    maps: tuple[HeatMap, ...]
    """The one that is drawn first, then the one beside it."""
    outline: str
    """SVG path around the evidence, in its pixels."""
    outline_size: int
    chance: float
    """Area share of the evidence: what a uniform map reaches."""


def make_cards(
    rows: Sequence[ManifestRow],
    split: Split,
    export: Export,
    *,
    maps: Sequence[Key],
) -> list[Card]:
    """Cards of some faces of an export.

    Args:
      rows: Of the export's manifest.
      split: The faces that it explains, with their evidence.
      export: The opened export.
      maps: Method and layer of each map that is shown.
    """
    heat_maps = {key: export.heat_maps(*key) for key in maps}
    return [
        _make_card(row, split, {key: maps[row.row] for key, maps in heat_maps.items()})
        for row in rows
    ]


def outline_path(mask: Bool[np.ndarray, "height width"]) -> str:
    """SVG path along the edges between evidence and the rest, in pixels of the mask."""
    padded = np.pad(mask, 1).astype(np.int8)
    across = np.diff(padded, axis=0)[:, 1:-1] != 0
    down = np.diff(padded, axis=1)[1:-1, :] != 0
    parts = [f"M{start} {y}h{length}" for y, start, length in _runs(across)]
    parts += [f"M{x} {start}v{length}" for x, start, length in _runs(down.T)]
    return "".join(parts)


def _runs(edges: Bool[np.ndarray, "line place"]) -> list[tuple[int, int, int]]:
    """(line, start, length) of each unbroken run."""
    steps = np.diff(np.pad(edges, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    lines, starts = np.nonzero(steps == 1)
    _, stops = np.nonzero(steps == -1)
    return [
        (int(line), int(start), int(stop - start))
        for line, start, stop in zip(lines, starts, stops, strict=True)
    ]


def _make_card(row: ManifestRow, split: Split, heat_maps: Mapping[Key, np.ndarray]) -> Card:
    number = row.row
    pixels, evidence = split.images[number], split.extras["evidence"][number]
    image = Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).convert("RGB")
    large = np.asarray(image.resize((_SIDE, _SIDE), Image.Resampling.BICUBIC))
    return Card(
        file_name=row.file_name,
        label=row.label,
        predicted=row.predicted,
        probability=row.probabilities[row.predicted],
        label_probability=row.probabilities[row.label],
        face=embed_jpeg(large),
        maps=tuple(
            _make_map(key, heat_map, large, evidence) for key, heat_map in heat_maps.items()
        ),
        outline=outline_path(evidence),
        outline_size=evidence.shape[0],
        chance=float(evidence.mean()),
    )


def _make_map(
    key: Key,
    heat_map: Float[np.ndarray, "rows columns"],
    face: UInt8[np.ndarray, "side side 3"],
    evidence: Bool[np.ndarray, "height width"],
) -> HeatMap:
    rows, columns = heat_map.shape
    return HeatMap(
        method=key[0],
        layer=key[1],
        grid=f"{rows}×{columns}",
        cells=embed_png(colour(scale_to_unit(heat_map))),
        overlay=embed_jpeg(overlay(face, heat_map)),
        share=float(mass_on(heat_map[None], evidence[None])[0]),
    )
