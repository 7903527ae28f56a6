"""What the package knows of an architecture, and the list that each one enters itself into."""

import dataclasses
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Literal, TypeVar

import flax.linen as nn

from gimefive_jax.config import ModelConfig
from gimefive_jax.errors import InputError

Module = TypeVar("Module", bound=nn.Module)
Replacement = str | Callable[[re.Match[str]], str]


@dataclasses.dataclass(frozen=True)
class TorchNames:
    r"""How a PyTorch state dict of an architecture names the modules of ours.

    Example:
        >>> names = TorchNames(
        ...     modules=(("block(.)/conv", r"conv\1"), ("logits", "fc")),
        ...     first_conv="block1/conv",
        ...     last_conv="conv",
        ... )
        >>> names.of("block3/conv")
        'conv3'
    """

    modules: tuple[tuple[str, Replacement], ...]
    """Patterns that match a whole name of ours, each with torch's name as `re.sub` takes it. The
    first pattern that matches counts."""
    first_conv: str
    """Our name of the convolution that sees the image."""
    last_conv: str
    """Name of the last convolution within a block."""
    gate: str = ""
    """Our name of a dense layer of the squeeze-excite, where the architecture can have one."""
    flat: str = ""
    """Our name of the dense layer that takes the flattened grid; empty where the grid is averaged,
    so that the shapes do not tell the size of the images."""
    logits: str = "logits"
    """Our name of the layer that gives the logits."""

    def of(self, name: str) -> str:
        """Returns torch's name of our module `name`.

        Args:
            name: Path of a module with parameters, such as `block1/conv`.

        Returns:
            The prefix of its tensors in the state dict, such as `conv1`.

        Raises:
            KeyError: No pattern matches; the architecture's own file is incomplete.
        """
        for pattern, replacement in self.modules:
            if re.fullmatch(pattern, name):
                return re.sub(pattern, replacement, name)
        raise KeyError(f"no torch name for {name}")


@dataclasses.dataclass(frozen=True)
class Architecture:
    """An architecture with fixed choices: a row of the paper's table, or a module of the user's."""

    model: nn.Module
    """The untrained module as the paper has it; a config changes its fields."""
    build: Callable[[ModelConfig], nn.Module]
    """Makes the untrained module for a config, or raises InputError for a choice there is not."""
    fields: frozenset[str]
    """Names of the fields of `ModelConfig` that change the module, beside name and categories."""
    paper_accuracy: Mapping[str, float]
    """Percent of the test set found, by data set; one run each, six categories."""
    torch_names: TorchNames | None
    """None where there are no PyTorch weights of this architecture to read or write."""
    calls_per_step: int
    """How often a training step calls each batch norm: 2 where two convolutions share it."""


@dataclasses.dataclass(frozen=True)
class Variant:
    """A named choice of an architecture's fields, with what the paper reports of it."""

    model: nn.Module
    paper_accuracy: Mapping[str, float]
    """Percent of the test set found, by data set."""


_REGISTERED: dict[str, Architecture] = {}
REGISTERED: Mapping[str, Architecture] = MappingProxyType(_REGISTERED)
"""Every architecture that has registered itself, by name."""


def register(
    variants: Mapping[str, Variant],
    *,
    configure: Callable[[Module, ModelConfig], Module],
    fields: frozenset[str],
    torch_names: TorchNames | None = None,
    calls_per_step: int = 1,
) -> None:
    """Makes the variants of an architecture known by their names.

    Args:
        variants: Each variant's untrained module at full width, by the name a config says.
        configure: Gives the module of a variant with the choices of a config.
        fields: Fields of `ModelConfig` that `configure` reads, beside name and categories.
        torch_names: How a PyTorch state dict names the modules.
        calls_per_step: How often a training step calls each batch norm.

    Raises:
        ValueError: A name is taken already.
    """
    for name, variant in variants.items():
        if name in _REGISTERED:
            raise ValueError(f"an architecture '{name}' is registered already")
        _REGISTERED[name] = Architecture(
            model=variant.model,
            build=lambda config, row=variant.model: configure(row, config),  # type: ignore[misc]
            fields=fields,
            paper_accuracy=MappingProxyType(dict(variant.paper_accuracy)),
            torch_names=torch_names,
            calls_per_step=calls_per_step,
        )


def scale(features: tuple[int, ...], width: float) -> tuple[int, ...]:
    """Returns numbers of features times `width`, rounded, at least one each."""
    return tuple(max(1, round(count * width)) for count in features)


def deepen(features: tuple[int, ...], depth: int) -> tuple[int, ...]:
    """Returns the features of `depth` blocks, each with twice as many as the one before.

    Args:
        features: The architecture's own, by block.
        depth: Number of blocks; 0 gives `features` as they are.
    """
    return tuple(features[0] << number for number in range(depth)) if depth else features


def choose_gate(choice: Literal["auto", "on", "off"], own: bool) -> bool:
    """Returns whether there is a squeeze-excite; `own` is what the architecture has by itself."""
    return own if choice == "auto" else choice == "on"


def check_no_gate(config: ModelConfig) -> None:
    """Checks that no squeeze-excite is asked of an architecture that has no place for one.

    Raises:
        InputError: `config.squeeze_excite` is on.
    """
    if config.squeeze_excite == "on":
        raise InputError(
            f"{config.name} has no place for a squeeze-excite; leave model.squeeze_excite auto "
            "or take gimefive"
        )
