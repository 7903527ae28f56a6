"""Which model a torch state dict belongs to, from its names and shapes."""

import dataclasses
import functools
import math
import re
import statistics
from collections.abc import Mapping
from typing import Literal

from gimefive_jax.config import ModelConfig
from gimefive_jax.errors import InputError
from gimefive_jax.interop.fit import check_names, check_shapes
from gimefive_jax.interop.torch_names import torch_shapes
from gimefive_jax.models import ARCHITECTURES, find_architecture, make_model
from gimefive_jax.models.cost import variable_shapes

Shapes = Mapping[str, tuple[int, ...]]
# Of faces, where nothing says otherwise.
_IMAGE_SIZE = 64
# Rows whose config may choose a depth or a squeeze-excite.
_CAN_VARY = ("gimefive", "gimefive_residual", "vgg")
_GATES: tuple[Literal["auto", "on", "off"], ...] = ("auto", "on", "off")


@dataclasses.dataclass(frozen=True)
class Recognised:
    """A model that fits a state dict."""

    model: ModelConfig
    image_size: int
    note: str
    """One line where another row fits as well; else empty."""


def recognise(shapes: Shapes, *, what: str, name: str | None = None) -> Recognised:
    """Row of the registry, its width and choices, whose state dict without counters this is.

    `name` chooses the row; without it the row is the one whose names agree, or else a model of
    another depth. Raises InputError, which begins with `what`, for missing or surplus names and
    for shapes of no width.
    """
    if name is not None:
        find_architecture(name)
    rows = [ModelConfig(name=row) for row in ([name] if name else ARCHITECTURES)]
    fitting = _of_these_names(rows, shapes)
    try:
        if fitting:
            found = _first_fit(fitting, shapes, what=what)
            return _with_note(found, [row.name for row in fitting], what=what)
    except InputError:
        # A chosen depth may give one row the names of another, with other features behind them.
        fitting += _of_these_names(_variants(name), shapes)
        return _first_fit(fitting, shapes, what=what)
    if fitting := _of_these_names(_variants(name), shapes):
        return _first_fit(fitting, shapes, what=what)
    closest = max(rows, key=lambda row: _overlap(set(_full_shapes(row)), set(shapes)))
    check_names(shapes, _full_shapes(closest), what=f"{what} is no state dict of {closest.name}")
    raise AssertionError("other names than every model's are missing or surplus")


def _variants(name: str | None) -> list[ModelConfig]:
    """Models with another depth, or with or without squeeze-excite against their row."""
    rows = [name] if name else [row for row in ARCHITECTURES if row in _CAN_VARY]
    return [
        ModelConfig(name=row, depth=depth, squeeze_excite=gate)
        for row in rows
        for gate in _GATES
        for depth in range(8)
        if depth or gate != "auto"
    ]


def _of_these_names(models: list[ModelConfig], shapes: Shapes) -> list[ModelConfig]:
    return [model for model in models if set(_full_shapes(model)) == set(shapes)]


def _first_fit(models: list[ModelConfig], shapes: Shapes, *, what: str) -> Recognised:
    """The first of the models with these shapes; the first one's error if none has them."""
    errors = []
    for model in models:
        try:
            return _fit(model, shapes, what=what)
        except InputError as error:
            errors.append(error)
    raise errors[0]


def _with_note(found: Recognised, rows: list[str], *, what: str) -> Recognised:
    # Rows of the same names and features differ in training only, as by their dropouts.
    alike = [
        row
        for row in rows
        if find_architecture(row).model.features
        == find_architecture(found.model.name).model.features
        and _hidden(row) == _hidden(found.model.name)
    ]
    if found.model.depth or len(alike) < 2:
        return found
    best, *others = sorted(
        alike, key=lambda row: -ARCHITECTURES[row].paper_accuracy.get("RAF-DB", 0.0)
    )
    note = (
        f"{what} fits {best} and {', '.join(others)}, which differ in training only; "
        f"taken as {best}, the paper's best (--model says otherwise)"
    )
    return dataclasses.replace(found, model=dataclasses.replace(found.model, name=best), note=note)


def _hidden(row: str) -> tuple[int, ...]:
    return getattr(find_architecture(row).model, "hidden_features", ())


def _fit(model: ModelConfig, shapes: Shapes, *, what: str) -> Recognised:
    full = _full_shapes(model)
    for tensor, shape in full.items():
        if len(shapes[tensor]) != len(shape):
            raise InputError(
                f"{what}: {tensor} has {len(shapes[tensor])} axes, and must have {len(shape)}"
            )
    last = _last_layer(full)
    [num_classes] = shapes[f"{last}.bias"]
    if num_classes not in (6, 7):
        raise InputError(
            f"{what}: {last} has {num_classes} outputs, and must have 6, or 7 with neutral"
        )
    channels = shapes["conv1.weight"][1]
    if channels not in (1, 3):
        raise InputError(f"{what}: conv1 takes {channels} channels, and must take 3, or 1")
    model = dataclasses.replace(
        model, width=_width(shapes, full), num_classes=num_classes, input_channels=channels
    )
    image_size = _image_size(shapes, full)
    check_shapes(
        shapes,
        _shapes(model, image_size),
        what=f"{what} is no {model.name} of width {model.width:g}",
    )
    return Recognised(model=model, image_size=image_size, note="")


def _width(shapes: Shapes, table: Shapes) -> float:
    """The ratio of all layers' features to the paper's; rounded ones, the shortest decimal."""
    last = _last_layer(table)
    low, high, ratios = 0.0, math.inf, []
    for name, (count, *rest) in table.items():
        # A layer's features are the length of its bias, or of its norm's.
        if rest or not name.endswith(".bias") or name.startswith(last):
            continue
        [found] = shapes[name]
        ratios.append(found / count)
        # A layer never has fewer than one feature, however narrow.
        low = max(low, (found - 0.5) / count if found > 1 else 0.0)
        high = min(high, (found + 0.5) / count)
    if low > high:
        # No width fits them all: take most layers' one, and the others will be named.
        return max(statistics.median(ratios), 1e-9)
    if len(set(ratios)) == 1:
        return ratios[0]
    middle = (low + high) / 2
    for digits in range(10):
        width = round(middle, digits)
        if low <= width <= high and width > 0:
            return width
    return middle


def _image_size(shapes: Shapes, full: Shapes) -> int:
    """Side of the input: bound by vgg's flattened grid, by no other model."""
    flat = "classifier.0.weight"
    if flat not in shapes:
        return _IMAGE_SIZE
    convolutions = [name for name in shapes if re.fullmatch(r"conv\d+\.weight", name)]
    last = max(convolutions, key=lambda name: int(re.sub(r"\D", "", name)))
    # The pools make a side of the grid from this many pixels, at any width.
    stride = _IMAGE_SIZE // math.isqrt(full[flat][-1] // full[last][0])
    return stride * math.isqrt(shapes[flat][-1] // max(1, shapes[last][0]))


def _last_layer(table: Shapes) -> str:
    numbered = sorted(
        name.removesuffix(".weight")
        for name in table
        if re.fullmatch(r"classifier\.\d\.weight", name)
    )
    return numbered[-1] if numbered else "fc3" if "fc3.weight" in table else "fc"


def _overlap(wanted: set[str], found: set[str]) -> float:
    return len(wanted & found) / len(wanted | found)


@functools.cache
def _full_shapes(model: ModelConfig) -> Shapes:
    """Shapes at full width; none where there is no such model, as a grid that cannot be halved."""
    try:
        return _shapes(model, _IMAGE_SIZE)
    except InputError:
        return {}


def _shapes(model: ModelConfig, image_size: int) -> Shapes:
    variables = variable_shapes(make_model(model), image_size=image_size)
    return torch_shapes(model.name, variables)
