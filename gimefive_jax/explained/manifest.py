"""The manifest of an explained split: a row for each face, read as typed values."""

import csv
import dataclasses
from collections.abc import Iterator, Mapping
from pathlib import Path

from gimefive_jax.errors import InputError

Key = tuple[str, str]
"""A method and a layer."""
_FACE = ("row", "index", "file_name", "label", "predicted", "correct", "target", "target_logit")
_LAYER = ("b_eff", "bias_share")
_MAP = ("sum", "degenerate", "gap")


@dataclasses.dataclass(frozen=True)
class ManifestRow:
    """What the manifest says of one face and its maps."""

    row: int
    """Row of the arrays."""
    index: int
    """Row in the whole split, of which a part may have been explained."""
    file_name: str
    label: str
    """True category."""
    predicted: str
    is_correct: bool
    target: str
    """Category whose score is explained."""
    target_logit: float
    probabilities: Mapping[str, float]
    """By category, at the temperature of the weights."""
    bias_effects: Mapping[str, float | None]
    """By layer: the part of the score that biases behind the layer bring; None where unknown."""
    bias_shares: Mapping[str, float | None]
    """By layer: |b_eff| / (|b_eff| + |the rest|), from 0 to 1; None where it has no meaning."""
    sums: Mapping[Key, float]
    """By method and layer: sum of the map, in units of the score."""
    degenerate: Mapping[Key, bool]
    """By method and layer: whether the map has nothing positive."""
    gaps: Mapping[Key, float | None]
    """By method and layer: |sum of the map - (score - b_eff)|, in units of the score; None where it
    was not measured, as in files written before it was."""


def manifest_columns(
    emotions: tuple[str, ...], methods: tuple[str, ...], layers: tuple[str, ...]
) -> list[str]:
    """Names the columns of a manifest, in their order.

    Args:
      emotions: Names of the categories, in label order.
      methods: Methods of the export.
      layers: Layers of the export.

    Returns:
      Names such as `file_name`, `fear`, `b_eff:block5/activation`,
      `sum:hirescam:block5/activation`.
    """
    return [
        *_FACE,
        *emotions,
        *(f"{column}:{layer}" for layer in layers for column in _LAYER),
        *(
            f"{column}:{method}:{layer}"
            for method in methods
            for layer in layers
            for column in _MAP
        ),
    ]


def read_manifest(
    path: Path, *, methods: tuple[str, ...], layers: tuple[str, ...]
) -> Iterator[ManifestRow]:
    """Reads the rows of a manifest, in the order of the split.

    Args:
      path: The file.
      methods: Methods of the export.
      layers: Layers of the export.

    Raises:
      InputError: If the file is not there or damaged.
    """
    if not path.is_file():
        raise InputError(f"no file {path}; `gimefive explain` writes it anew")
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        columns = list(reader.fieldnames or ())
        try:
            first = columns.index("target_logit") + 1
            emotions = tuple(columns[first : columns.index(f"b_eff:{layers[0]}")])
            for cells in reader:
                yield _read_row(cells, emotions, methods, layers)
        except (ValueError, KeyError, IndexError, TypeError) as error:
            raise InputError(
                f"{path} is damaged at line {reader.line_num} ({error}); "
                "`gimefive explain` writes it anew"
            ) from error


def _read_row(
    cells: Mapping[str, str],
    emotions: tuple[str, ...],
    methods: tuple[str, ...],
    layers: tuple[str, ...],
) -> ManifestRow:
    keys = [(method, layer) for method in methods for layer in layers]
    return ManifestRow(
        row=int(cells["row"]),
        index=int(cells["index"]),
        file_name=cells["file_name"],
        label=cells["label"],
        predicted=cells["predicted"],
        is_correct=cells["correct"] == "1",
        target=cells["target"],
        target_logit=float(cells["target_logit"]),
        probabilities={emotion: float(cells[emotion]) for emotion in emotions},
        bias_effects={layer: _known(cells[f"b_eff:{layer}"]) for layer in layers},
        bias_shares={layer: _known(cells[f"bias_share:{layer}"]) for layer in layers},
        sums={key: float(cells[f"sum:{key[0]}:{key[1]}"]) for key in keys},
        degenerate={key: cells[f"degenerate:{key[0]}:{key[1]}"] == "1" for key in keys},
        gaps={key: _known(cells.get(f"gap:{key[0]}:{key[1]}") or "") for key in keys},
    )


def _known(cell: str) -> float | None:
    return float(cell) if cell else None
