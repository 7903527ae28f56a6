"""The manifest of an explained split: a row for each explained score, read as typed values."""

import csv
import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from gimefive_jax.errors import InputError

Key = tuple[str, str]
"""A method and a layer."""
MAP_COLUMNS = ("sum", "min", "max", "degenerate", "gap")
"""Columns of every map."""
_PROBABILITY, _BIAS, _SHARE = "probability:", "b_eff:", "bias_share:"


@dataclasses.dataclass(frozen=True)
class ManifestRow:
    """What the manifest says of one face and its maps; with targets `all` of one category's."""

    row: int
    """The face's row of the arrays."""
    index: int
    """Row in the whole split, of which a part may have been explained."""
    file_name: str
    label: str
    """True category; empty where nobody has said it."""
    predicted: str
    is_correct: bool | None
    """None where there is no label."""
    target: str
    """Category whose score is explained."""
    against: str
    """Category whose logit is taken from the target's; empty where none is."""
    target_logit: float
    score: float
    """What is explained: the target's logit, less the other one where there is one."""
    probabilities: Mapping[str, float]
    """By category, calibrated where the weights carry a calibration."""
    bias_effects: Mapping[str, float | None]
    """By layer: the part of the score that biases behind the layer bring; None where unknown."""
    bias_shares: Mapping[str, float | None]
    """By layer: |b_eff| / (|b_eff| + |the rest|), from 0 to 1; None where it has no meaning."""
    sums: Mapping[Key, float]
    """By method and layer: sum of the map, in units of the score."""
    scales: Mapping[Key, tuple[float, float]]
    """By method and layer: the map's smallest and largest value; empty in files of before."""
    degenerate: Mapping[Key, bool]
    """By method and layer: whether the map has nothing positive, or is flat."""
    gaps: Mapping[Key, float | None]
    """By method and layer: |sum of the map - (score - b_eff)|, in units of the score; None where it
    was not measured, as in files written before it was."""
    measures: Mapping[str, Mapping[Key, float | None]]
    """Further columns, by name, then by method and layer."""


def map_column(name: str, key: Key) -> str:
    """Names a column of a map: `sum:hirescam:block5/activation`."""
    return f"{name}:{key[0]}:{key[1]}"


def read_manifest(path: Path) -> Iterator[ManifestRow]:
    """Reads the rows of a manifest one by one, in the order of the split.

    Args:
      path: The CSV file, also of an earlier version.

    Yields:
      A row per face; with targets `all` one per face and category.

    Raises:
      InputError: If the file is not there or damaged.
    """
    if not path.is_file():
        raise InputError(f"no file {path}; `gimefive explain` writes it anew")
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        try:
            columns = _Columns.of(list(reader.fieldnames or ()))
            for cells in reader:
                yield columns.read(cells)
        except (ValueError, KeyError, IndexError, TypeError) as error:
            raise InputError(
                f"{path} is damaged at line {reader.line_num} ({error}); "
                "`gimefive explain` writes it anew"
            ) from error


@dataclasses.dataclass(frozen=True)
class _Columns:
    """What the header of a manifest names."""

    emotions: tuple[tuple[str, str], ...]
    """Category, and the column of its probability."""
    layers: tuple[str, ...]
    keys: tuple[Key, ...]
    measures: tuple[str, ...]

    @classmethod
    def of(cls, names: Sequence[str]) -> "_Columns":
        layers, shares = (
            tuple(n.removeprefix(kind) for n in names if n.startswith(kind))
            for kind in (_BIAS, _SHARE)
        )
        if not layers or layers != shares:
            raise ValueError(f"it has columns {_BIAS} of {layers}, {_SHARE} of {shares}")
        last = "score" if "score" in names else "target_logit"
        start, end = names.index(last) + 1, names.index(f"{_BIAS}{layers[0]}")
        is_of_map = [n.count(":") >= 2 and not n.startswith((_BIAS, _SHARE)) for n in names]
        of_maps = [n.split(":", 2) for n, is_one in zip(names, is_of_map, strict=True) if is_one]
        return cls(
            emotions=tuple((n.removeprefix(_PROBABILITY), n) for n in names[start:end]),
            layers=layers,
            keys=tuple(dict.fromkeys((method, layer) for _, method, layer in of_maps)),
            measures=tuple(dict.fromkeys(n for n, _, _ in of_maps if n not in MAP_COLUMNS)),
        )

    def read(self, cells: Mapping[str, str]) -> ManifestRow:
        def of_maps(name: str) -> Mapping[Key, str]:
            return {key: cells.get(map_column(name, key)) or "" for key in self.keys}

        low, high = of_maps("min"), of_maps("max")
        return ManifestRow(
            row=int(cells["row"]),
            index=int(cells["index"]),
            file_name=cells["file_name"],
            label=cells["label"],
            predicted=cells["predicted"],
            is_correct=cells["correct"] == "1" if cells["correct"] else None,
            target=cells["target"],
            against=cells.get("against") or "",
            target_logit=float(cells["target_logit"]),
            score=float(cells.get("score") or cells["target_logit"]),
            probabilities={emotion: float(cells[column]) for emotion, column in self.emotions},
            bias_effects={layer: _known(cells[f"{_BIAS}{layer}"]) for layer in self.layers},
            bias_shares={layer: _known(cells[f"{_SHARE}{layer}"]) for layer in self.layers},
            sums={key: float(cell) for key, cell in of_maps("sum").items()},
            scales={k: (float(low[k]), float(high[k])) for k in self.keys if low[k] and high[k]},
            degenerate={key: cell == "1" for key, cell in of_maps("degenerate").items()},
            gaps={key: _known(cell) for key, cell in of_maps("gap").items()},
            measures={
                name: {key: _known(cell) for key, cell in of_maps(name).items()}
                for name in self.measures
            },
        )


def _known(cell: str) -> float | None:
    return float(cell) if cell else None
