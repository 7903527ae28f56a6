"""Which model a torch state dict belongs to, from its names and shapes."""

import dataclasses
import functools
import math
import statistics
from collections.abc import Mapping

from gimefive_jax.config import ModelConfig
from gimefive_jax.errors import InputError
from gimefive_jax.interop.fit import check_names, check_shapes
from gimefive_jax.interop.torch_names import torch_shapes
from gimefive_jax.models import ARCHITECTURES, find_architecture, make_model
from gimefive_jax.models.cost import variable_shapes

Shapes = Mapping[str, tuple[int, ...]]
# Where pixels and classes of the plain model are; all other sizes follow from the width.
_IMAGE_SIZE = 64


@dataclasses.dataclass(frozen=True)
class Recognised:
    """A model that fits a state dict."""

    model: ModelConfig
    image_size: int
    note: str
    """One line where another row fits as well; else empty."""


def recognise(shapes: Shapes, *, what: str, name: str | None = None) -> Recognised:
    """Row of the registry and width whose state dict has these shapes, without its counters.

    `name` chooses the row; without it the row is the one whose names agree. Raises InputError,
    which begins with `what`, for missing or surplus names and for shapes of no width.
    """
    if name is not None:
        find_architecture(name)
    rows = {row: set(_table_shapes(row)) for row in ([name] if name else ARCHITECTURES)}
    fitting = [row for row, names in rows.items() if names == set(shapes)]
    if not fitting:
        closest = max(rows, key=lambda row: _overlap(rows[row], set(shapes)))
        check_names(shapes, _table_shapes(closest), what=f"{what} is no state dict of {closest}")
    found = _fit(fitting[0], shapes, what=what)
    if len(fitting) == 1:
        return found
    best, *others = _by_paper_accuracy(fitting)
    note = (
        f"{what} fits {best} and {', '.join(others)}, which differ in training only; "
        f"taken as {best}, the paper's best (--model says otherwise)"
    )
    return dataclasses.replace(found, model=dataclasses.replace(found.model, name=best), note=note)


def _fit(row: str, shapes: Shapes, *, what: str) -> Recognised:
    table = _table_shapes(row)
    for tensor, shape in table.items():
        if len(shapes[tensor]) != len(shape):
            raise InputError(
                f"{what}: {tensor} has {len(shapes[tensor])} axes, and must have {len(shape)}"
            )
    last = _last_layer(table)
    [num_classes] = shapes[f"{last}.bias"]
    if num_classes not in (6, 7):
        raise InputError(
            f"{what}: {last} has {num_classes} outputs, and must have 6, or 7 with neutral"
        )
    model = ModelConfig(name=row, width=_width(shapes, table), num_classes=num_classes)
    image_size = _image_size(shapes)
    check_shapes(
        shapes,
        _shapes(model, image_size),
        what=f"{what} is no {row} of width {model.width:g}",
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


def _image_size(shapes: Shapes) -> int:
    """Side of the input: bound by vgg's flattened grid, by no other model."""
    if "classifier.0.weight" not in shapes:
        return _IMAGE_SIZE
    features = max(1, shapes["conv6.weight"][0])
    side = math.isqrt(shapes["classifier.0.weight"][-1] // features)
    return 8 * side


def _by_paper_accuracy(rows: list[str]) -> list[str]:
    return sorted(rows, key=lambda row: -ARCHITECTURES[row].paper_accuracy.get("RAF-DB", 0.0))


def _last_layer(table: Shapes) -> str:
    return next(name for name in ("classifier.6", "fc3", "fc") if f"{name}.weight" in table)


def _overlap(wanted: set[str], found: set[str]) -> float:
    return len(wanted & found) / len(wanted | found)


@functools.cache
def _table_shapes(row: str) -> Shapes:
    return _shapes(ModelConfig(name=row), _IMAGE_SIZE)


def _shapes(model: ModelConfig, image_size: int) -> Shapes:
    variables = variable_shapes(make_model(model), image_size=image_size)
    return torch_shapes(model.name, variables)
