"""Which model a torch state dict belongs to, from its names and shapes."""

import dataclasses
import functools
from typing import Literal

from gimefive_jax.config import ModelConfig
from gimefive_jax.errors import InputError
from gimefive_jax.interop.fit import check_names, check_shapes
from gimefive_jax.interop.sizes import Shapes, find_image_size, find_width
from gimefive_jax.interop.torch_names import names_of, torch_module, torch_shapes
from gimefive_jax.models import ARCHITECTURES, find_architecture, make_model
from gimefive_jax.models.cost import variable_shapes

# Of faces, where nothing says otherwise.
_IMAGE_SIZE = 64
_DEPTHS = range(1, 8)


@dataclasses.dataclass(frozen=True)
class Recognised:
    """A model that fits a state dict."""

    model: ModelConfig
    image_size: int
    note: str
    """One line where another row fits as well; else empty."""


def recognise(
    shapes: Shapes, *, what: str, name: str | None = None, image_size: int | None = None
) -> Recognised:
    """Finds the architecture, its width and choices, whose state dict has these shapes.

    Args:
        shapes: Shapes by torch's names, without the counters of norms.
        what: The file, which begins the messages.
        name: Architecture; by default the row whose names agree, or else one of another depth.
        image_size: Side of the faces in pixels; by default 64, unless the shapes tell.

    Returns:
        The model, and a note where another row fits as well.

    Raises:
        InputError: Names are missing or surplus, the shapes are of no width, or they tell another
            side.
    """
    if name is not None:
        names_of(name)
    if not shapes:
        raise InputError(f"{what} holds no weights; save model.state_dict()")
    known = [row for row, found in ARCHITECTURES.items() if found.torch_names is not None]
    rows = [ModelConfig(name=row) for row in ([name] if name else known)]
    fitting = _of_these_names(rows, shapes)
    try:
        if fitting:
            found = _first_fit(fitting, shapes, what=what, image_size=image_size)
            return _with_note(found, [row.name for row in fitting], what=what)
    except InputError:
        # A chosen depth may give one row the names of another, with other features behind them.
        fitting += _of_these_names(_variants(rows, shapes), shapes)
        return _first_fit(fitting, shapes, what=what, image_size=image_size)
    if fitting := _of_these_names(_variants(rows, shapes), shapes):
        return _first_fit(fitting, shapes, what=what, image_size=image_size)
    closest = max(rows, key=lambda row: _overlap(set(_full_shapes(row)), set(shapes)))
    check_names(shapes, _full_shapes(closest), what=f"{what} is no state dict of {closest.name}")
    raise AssertionError("other names than every model's are missing or surplus")


def _variants(rows: list[ModelConfig], shapes: Shapes) -> list[ModelConfig]:
    """The rows with the depth and the squeeze-excite of these names, where those are not theirs."""
    found = []
    for row in rows:
        architecture = find_architecture(row.name)
        depth = _depth(row, shapes)
        if "depth" not in architecture.fields or depth not in _DEPTHS:
            continue
        gate: Literal["auto", "on", "off"] = "auto"
        if "squeeze_excite" in architecture.fields:
            gated = f"{torch_module(row.name, names_of(row.name).gate)}.weight" in shapes
            if architecture.model.squeeze_excite != gated:
                gate = "on" if gated else "off"
        depth = 0 if depth == len(architecture.model.features) else depth
        if depth or gate != "auto":
            found.append(dataclasses.replace(row, depth=depth, squeeze_excite=gate))
    return found


def _depth(row: ModelConfig, shapes: Shapes) -> int:
    """Blocks of a model of this row with these names; 0 where that is not to be chosen."""
    if "depth" not in find_architecture(row.name).fields:
        return 0
    models = (dataclasses.replace(row, depth=depth) for depth in _DEPTHS)
    return max((model.depth for model in models if _last_conv(model) in shapes), default=0)


def _last_conv(model: ModelConfig) -> str:
    """Torch's name of the kernel of the last convolution."""
    block, names = make_model(model).last_block, names_of(model.name)
    return f"{names.of(f'{block}/{names.last_conv}')}.weight"


def _of_these_names(models: list[ModelConfig], shapes: Shapes) -> list[ModelConfig]:
    # Tracing a resnet takes long: first by a name or two.
    alike = [model for model in models if _may_be(model, shapes)]
    return [model for model in alike if set(_full_shapes(model)) == set(shapes)]


def _may_be(model: ModelConfig, shapes: Shapes) -> bool:
    """False where the first or the last layer of the model is missing."""
    names = names_of(model.name)
    return f"{names.of(names.logits)}.weight" in shapes and _last_conv(model) in shapes


def _first_fit(
    models: list[ModelConfig], shapes: Shapes, *, what: str, image_size: int | None
) -> Recognised:
    """The first of the models with these shapes; the first one's error if none has them."""
    errors = []
    for model in models:
        try:
            return _fit(model, shapes, what=what, image_size=image_size)
        except InputError as error:
            errors.append(error)
    # Where the names are a row's own, the others help nobody; nor do rows of the same tensors.
    rows = {str(_full_shapes(model)): model.name for model in reversed(models)}
    if len(rows) < 2 or models[0] == ModelConfig(name=models[0].name):
        raise errors[0]
    raise InputError(
        f"{errors[0]} (if another was meant, gimefive weights convert --model names it: "
        f"{', '.join(reversed(rows.values()))})"
    ) from errors[0]


def _with_note(found: Recognised, rows: list[str], *, what: str) -> Recognised:
    # Rows of the same names and features differ in training only, as by their dropouts.
    own = _full_shapes(ModelConfig(name=found.model.name))
    alike = [row for row in rows if _full_shapes(ModelConfig(name=row)) == own]
    if found.model.depth or len(alike) < 2:
        return found
    best, *others = sorted(
        alike, key=lambda row: -ARCHITECTURES[row].paper_accuracy.get("RAF-DB", 0.0)
    )
    note = (
        f"{what} fits {best} and {', '.join(others)}, which differ in training only; "
        f"taken as {best}, the paper's best (gimefive weights convert --model says "
        "otherwise)"
    )
    return dataclasses.replace(found, model=dataclasses.replace(found.model, name=best), note=note)


def _fit(model: ModelConfig, shapes: Shapes, *, what: str, image_size: int | None) -> Recognised:
    full = _full_shapes(model)
    for tensor, shape in full.items():
        if len(shapes[tensor]) != len(shape):
            raise InputError(
                f"{what}: {tensor} has {len(shapes[tensor])} axes, and must have {len(shape)}"
            )
    names = names_of(model.name)
    last, first = names.of(names.logits), names.of(names.first_conv)
    [num_classes] = shapes[f"{last}.bias"]
    if num_classes not in (6, 7):
        raise InputError(
            f"{what}: {last} has {num_classes} outputs, and must have 6, or 7 with neutral"
        )
    channels = shapes[f"{first}.weight"][1]
    if channels not in (1, 3):
        raise InputError(f"{what}: {first} takes {channels} channels, and must take 3, or 1")
    model = dataclasses.replace(
        model,
        width=find_width(shapes, full, last=last),
        num_classes=num_classes,
        input_channels=channels,
    )
    size = _find_side(model, full, shapes, what=what, image_size=image_size)
    check_shapes(
        shapes, _shapes(model, size), what=f"{what} is no {model.name} of width {model.width:g}"
    )
    return Recognised(model=model, image_size=size, note="")


def _find_side(
    model: ModelConfig, full: Shapes, shapes: Shapes, *, what: str, image_size: int | None
) -> int:
    """Side of the model's faces: what the shapes tell, else what was asked for, else 64."""
    names, told = names_of(model.name), 0
    if names.flat:
        conv = _last_conv(model).removesuffix(".weight")
        flat = names.of(names.flat)
        told = find_image_size(shapes, full, side=_side(model), flat=flat, conv=conv)
    if told % 32:
        raise InputError(
            f"{what} is a {model.name} for faces of {told} pixels, as its shapes tell; a side must "
            "be a multiple of 32"
        )
    if told and image_size is not None and told != image_size:
        raise InputError(
            f"{what} is a {model.name} for faces of {told} pixels, as its shapes tell, "
            f"not {image_size}; leave --image-size out"
        )
    size = told or image_size or _IMAGE_SIZE
    if size < 2**model.depth:
        raise InputError(
            f"{what}: a {model.name} of depth {model.depth} halves its faces "
            f"{model.depth} times, and needs more than {size} pixels; say --image-size"
        )
    return size


def _side(model: ModelConfig) -> int:
    """Side of faces that a model of any depth can halve; names do not depend on it."""
    return max(_IMAGE_SIZE, 2**model.depth)


def _overlap(wanted: set[str], found: set[str]) -> float:
    return len(wanted & found) / len(wanted | found)


@functools.cache
def _full_shapes(model: ModelConfig) -> Shapes:
    """Shapes at full width."""
    return _shapes(model, _side(model))


def _shapes(model: ModelConfig, image_size: int) -> Shapes:
    variables = variable_shapes(make_model(model), image_size=image_size)
    return torch_shapes(model.name, variables)
