"""Methods and layers explained by default: ours, or with `config.reference` those of the paper."""

from gimefive_jax.config import ExperimentConfig
from gimefive_jax.errors import InputError
from gimefive_jax.models import default_layer


def default_methods(config: ExperimentConfig) -> tuple[str, ...]:
    """Methods of an export; the first one is drawn."""
    ours = ("gradcam",) if config.reference else ("hirescam", "gradcam")
    return config.explanation.methods or ours


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
