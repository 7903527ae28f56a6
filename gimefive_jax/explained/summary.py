"""What an export says of itself: `explanation.json`."""

import dataclasses
import inspect
from collections.abc import Mapping
from pathlib import Path

import jax

from gimefive_jax import files, json_records
from gimefive_jax.config import ModelConfig
from gimefive_jax.explained import layout
from gimefive_jax.explained.arrays import SHARD
from gimefive_jax.explanation.methods import Method, PlacedMethod
from gimefive_jax.runs.environment import package_versions
from gimefive_jax.scaling import PLAIN_SCALING, Scaling, at_temperature

ARRAYS = (
    "float32 [face, height, width] on the layer's own grid, raw and signed; "
    f"row i belongs to row i of {layout.MANIFEST}"
)
STORES = (
    "Zarr v3, float32 [face, rows, columns] on the layer's own grid, raw and signed, for targets "
    "all [face, category, rows, columns]; a face's number is `row` of the manifest. Chunk s, a "
    f"file of bare little-endian numbers, holds the {SHARD} faces from row {SHARD} * s on, the last"
    " one filled up with zeros"
)
_PACKAGES = ("gimefive-jax", "jax", "jaxlib", "flax", "numpy", "zarr", "pyarrow")


@dataclasses.dataclass(frozen=True)
class MethodRecord:
    """Which method made the maps of a name."""

    definition: str
    """Module and name of the function or class."""
    parameters: json_records.JsonObject
    """Fields of a method that is a dataclass."""

    @classmethod
    def of(cls, method: Method) -> "MethodRecord":
        """Describes a method."""
        # Its layers are said by the maps.
        method = method.method if isinstance(method, PlacedMethod) else method
        named = method if inspect.isroutine(method) else type(method)
        is_record = dataclasses.is_dataclass(method) and not isinstance(method, type)
        fields = json_records.to_json(method) if is_record else {}
        return cls(
            definition=f"{named.__module__}.{getattr(named, '__qualname__', '')}",
            parameters={name: _named(value) for name, value in fields.items()},
        )


@dataclasses.dataclass(frozen=True, kw_only=True)
class Reproduction:
    """What else decides the results. Equal exports say equal things: no clock and no host."""

    versions: Mapping[str, str]
    backend: str
    """Kind of the devices: cpu, gpu, tpu. Their number changes no result beyond rounding."""
    emotions: tuple[str, ...]
    """Names of the categories in label order."""
    network: ModelConfig
    image_size: int
    """Side of the faces in pixels."""
    fit: str
    """How they were made square."""
    methods: Mapping[str, MethodRecord]
    """By the name of the maps."""
    num_channels: int
    """Strongest channels that are stored of each layer of `activations`."""
    measures: tuple[str, ...]
    """Further columns of the manifest, each for every map."""
    names_sha256: str
    """Over the file names and rows of the faces."""
    shard: int
    """Faces in a chunk."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class ExplanationSummary:
    """What was explained, and of which model; the content of `explanation.json`."""

    reference: bool = False
    """Whether pictures are drawn as the paper's reference draws them."""
    model: str
    weights_sha256: str = ""
    """Empty in files written before results said whose they are."""
    data: str
    """Data set and variant, such as `fer2013/six`; `photos` for files."""
    split: str
    """Empty for files."""
    count: int
    """Faces."""
    data_sha256: str
    methods: tuple[str, ...]
    layers: tuple[str, ...]
    activations: tuple[str, ...]
    """Layers whose activations are stored."""
    targets: str
    """`predicted`, `label`, `all`, the category whose score is explained for all faces, or two with
    a hyphen between them: the difference of their logits."""
    calibration: Scaling = PLAIN_SCALING
    """Of the manifest's probabilities; maps are of the score as the network gave it."""
    num_degenerate_maps: int
    """Maps without a positive cell."""
    arrays: str = ARRAYS
    """What the arrays are, in words."""
    maps: tuple[tuple[str, str], ...] = ()
    """Method and layer of each array of maps; where empty, every method has every layer."""
    reproduction: Reproduction | None = None
    """None in files of earlier versions."""

    def to_json(self) -> json_records.JsonObject:
        """Returns the content of `explanation.json`, in its order."""
        values = json_records.to_json(self)
        for name in ("reference", "maps", "reproduction"):
            if not values[name]:
                del values[name]
        return values

    def write(self, folder: Path) -> None:
        """Writes `explanation.json` to the folder of an export."""
        files.write_json(folder / layout.SUMMARY, self.to_json())


def _named(value: object) -> object:
    """A parameter as JSON has it; of an array or a function only what it is."""
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, list):
        return [_named(part) for part in value]
    if isinstance(value, dict):
        return {name: _named(part) for name, part in value.items()}
    return getattr(value, "__qualname__", type(value).__name__)


def read_summary(folder: Path) -> ExplanationSummary:
    """Reads `explanation.json` in the folder of an export.

    Raises:
      InputError: If it is not there or damaged.
    """
    return json_records.parse_json(
        _parse, folder / layout.SUMMARY, mend="`gimefive explain` writes it anew"
    )


def _parse(values: object) -> ExplanationSummary:
    if isinstance(values, dict) and isinstance(temperature := values.get("temperature"), float):
        # Of a version whose one way to calibrate was a temperature.
        scaling = at_temperature(temperature)
        values = {**values, "calibration": json_records.to_json(scaling)}
    return json_records.from_json(ExplanationSummary, values)


def current_versions() -> dict[str, str]:
    """Gives the versions of the packages that decide the bits of an export."""
    return package_versions(_PACKAGES)


def current_backend() -> str:
    """Names the kind of the devices."""
    return jax.default_backend()
