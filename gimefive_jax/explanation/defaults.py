"""Methods and layers explained by default: ours, or with `config.reference` those of the paper."""

from collections.abc import Mapping

from gimefive_jax.config import ExperimentConfig
from gimefive_jax.errors import InputError
from gimefive_jax.explanation.methods.placed import AT
from gimefive_jax.models import default_layer

SHOWN_METHOD = "layercam"
"""Measured best as a picture; docs/which_map.md has the numbers."""


def default_methods(config: ExperimentConfig) -> tuple[str, ...]:
    """Gives the methods of an export at the layers that are asked for; the first one is drawn."""
    ours = ("gradcam",) if config.reference else ("hirescam", "gradcam")
    return config.explanation.methods or ours


def shown_map(config: ExperimentConfig, shapes: Mapping[str, tuple[int, ...]]) -> str:
    """Gives the map that is drawn unless a method or layer is named: what measures best.

    Its layer is the last activation on the finest grid of at most a quarter of the face's side:
    16x16 cells at 64 pixels, block 3 of `gimefive`.

    Args:
      config: Of the model.
      shapes: Of the layers that can be explained, `[batch, height, width, channel]`, in order.

    Returns:
      A method and its layer, as `find_methods` takes them; empty where the first of the default
      methods is drawn: the config names one, or the network's default layer is no activation, as
      where it is a map of evidence.
    """
    if config.reference or config.explanation.methods or config.explanation.layers:
        return ""
    coarse = {
        name: shape[1]
        for name, shape in shapes.items()
        if name.endswith("/activation") and 4 * shape[1] <= config.data.image_size
    }
    if default_layer(config.model) not in coarse:
        return ""
    finest = max(coarse.values())
    layer = [name for name, side in coarse.items() if side == finest][-1]
    return f"{SHOWN_METHOD}{AT}{layer}"


def layer_by_default(config: ExperimentConfig, layers: list[str]) -> str:
    """One of the explainable `layers`: the last activation; in the reference the last convolution.

    The latter is its output before batch norm and ReLU, where a map and b_eff do not add up.
    """
    if not layers:
        raise InputError(
            f"{config.model.name} has no layer with a grid to explain: one whose output is "
            "[batch, height, width, channel]"
        )
    if not config.reference:
        # A module of the user's own need not name one: the last with a grid is before the pooling.
        return default_layer(config.model) or layers[-1]
    return [layer for layer in layers if layer.rpartition("/")[-1].startswith("conv")][-1]
