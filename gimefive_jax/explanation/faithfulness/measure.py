"""Measures of heat maps against their network, as one pure function for a batch of faces."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import flax.linen as nn
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PyTree

from gimefive_jax.errors import InputError, nearest
from gimefive_jax.explanation.calls import Network, as_network
from gimefive_jax.explanation.faithfulness.complexity import entropy, gini
from gimefive_jax.explanation.faithfulness.curves import BlurringDeletion, Deletion, Insertion
from gimefive_jax.explanation.faithfulness.given import (
    NAMES,
    Explain,
    Given,
    MeanFace,
    Setting,
)
from gimefive_jax.explanation.faithfulness.masked import adcc, average_drop, increase
from gimefive_jax.explanation.faithfulness.road import Road
from gimefive_jax.explanation.faithfulness.stability import (
    FlipConsistency,
    Infidelity,
    MaxSensitivity,
)
from gimefive_jax.explanation.methods import is_degenerate
from gimefive_jax.structs import AnyArray, PixelScale

Metric = Callable[..., Array | Mapping[str, Array]]
"""A function, or an object that is called, which names what it wants among its parameters.

- `heat_map` `[batch, rows, columns]`: the maps, raw and signed; `mass`: their positive part with
  sum 1; `rank` `[batch, height, width]`: number of each pixel in the order of its map, 0 first;
- `x` `[batch, height, width, channel]`: the network's input; `pixels`: its `PixelScale`;
- `target`, `index` `[batch]`: label that is explained and number of each face;
- `probability`, `score`: functions of changed copies of all faces, `[copy, batch, height, width,
  channel]`, that give the target's softmax probability or logit, `[copy, batch]`;
- `unchanged` `[batch]`: the probability of the faces as they are;
- `masked`, `masked_probability`: the faces times their maps over the maximum of each, and the
  probability of these, `[batch]`;
- `mean_face` `[height, width, channel]`: the data's mean as input of the network;
- `explain`: function of changed faces `[batch, height, width, channel]` that gives their maps; of
  several copies of each face, side by side, as well.

It gives `[batch]` or `[batch, k]`, named by its attribute `name` or the name of the function, or
several of these by name."""

MeasureFunction = Callable[..., dict[str, Array]]
"""`(variables, x, heat_map, target, index)`; see `measure_fn`."""

_CURVES = (Deletion(), BlurringDeletion(), Insertion(), Road())
_STABILITY = (MaxSensitivity(), Infidelity(), FlipConsistency())
METRICS: Mapping[str, Metric] = MappingProxyType(
    {
        **{one.name: one for one in _CURVES},
        **{one.__name__: one for one in (average_drop, increase, adcc, gini, entropy)},
        **{one.name: one for one in _STABILITY},
    }
)
"""Metrics by the name that asks for them."""
ROWS_AT_ONCE = 288
"""Faces in one call of the network: enough to fill a processor, few enough for its memory."""
DEGENERATE = "degenerate"
"""Name of the result that is True for maps that count as uniform."""
_GIVEN_ONCE = ("mean_face", "explain")


def measure_fn(
    model: nn.Module | Network,
    metrics: str | Metric | Sequence[str | Metric],
    *,
    pixels: PixelScale,
    mean_face: MeanFace | None = None,
    explain: Explain | None = None,
    call: Mapping[str, object] | None = None,
    rows_at_once: int = ROWS_AT_ONCE,
) -> MeasureFunction:
    """Gives metrics of heat maps as a pure function of variables, faces and maps.

    Maps of any method and of baselines go through the same function. Signed maps enter by their
    positive part; a map without one, or with all cells equal, counts as uniform and is flagged.

    Args:
      model: A Linen module of any call signature, or a function `(variables, x) -> logits`.
      metrics: Names in `METRICS`, metrics of your own (see `Metric`), or several.
      pixels: The network's input for black and for white.
      mean_face: The data's mean as input of the network, of the shape of a face, or a number per
        channel; for metrics that ask for it.
      explain: The method that made the maps, `(variables, x, target) -> heat_map`; for metrics that
        ask for it.
      call: Further keywords of the model's call, such as `{"train": False}`.
      rows_at_once: Changed faces in one call of the network. Batches of 8 to 32 faces keep the
        program short.

    Returns:
      `(variables, x, heat_map, target, index) -> results`, to be jitted or run by
      `inference.Driver`. `heat_map` is `[batch, rows, columns]`, `target` the label explained
      `[batch]`, `index` a number per face `[batch]` which seeds its draws. Results are `[batch]` or
      `[batch, k]` by name, and `degenerate` `[batch]` flags maps that show no place.

    Raises:
      InputError: A metric is unknown or asks for what is not given.

    Example:
      >>> import jax, jax.numpy as jnp
      >>> from gimefive_jax.structs import PixelScale
      >>> def network(weight, x):  # sees the mean of the left half
      ...     left = x[:, :, :4].mean((1, 2, 3))
      ...     return weight * jnp.stack([left, -left], -1)
      >>> measure = measure_fn(network, "deletion", pixels=PixelScale(), mean_face=0.0)
      >>> x, index = jnp.ones((1, 8, 8, 1)), jnp.zeros(1, int)
      >>> good = measure(3.0, x, jnp.array([[[1.0, 0.0]]]), index, index)
      >>> bad = measure(3.0, x, jnp.array([[[0.0, 1.0]]]), index, index)
      >>> bool(good["deletion"][0] < bad["deletion"][0])
      True
    """
    setting = Setting(as_network(model, call), pixels, mean_face, explain, rows_at_once)
    found = find_metrics(metrics)
    for name, metric in found.items():
        _check_wants(name, metric, setting)

    def measure(
        variables: PyTree,
        x: Float[AnyArray, "batch height width channel"],
        heat_map: Float[AnyArray, "batch rows columns"],
        target: Int[AnyArray, " batch"],
        index: Int[AnyArray, " batch"],
    ) -> dict[str, Array]:
        given = Given(setting, variables, x, heat_map, target, index)
        results: dict[str, Array] = {DEGENERATE: jnp.asarray(is_degenerate(heat_map))}
        for name, metric in found.items():
            for key, values in _apply(name, metric, given).items():
                if key in results:
                    raise InputError(f"two metrics give '{key}'; give one an attribute `name`")
                results[key] = values
        return results

    return measure


def find_metrics(metrics: str | Metric | Sequence[str | Metric]) -> dict[str, Metric]:
    """Finds metrics by what names them.

    Args:
      metrics: A name in `METRICS` or a metric of your own, or several.

    Returns:
      The metrics by name, in the given order.

    Raises:
      InputError: A name is unknown or that of two metrics.
    """
    several = [metrics] if isinstance(metrics, str) or callable(metrics) else metrics
    found: dict[str, Metric] = {}
    for one in several:
        name = one if isinstance(one, str) else _name(one)
        if isinstance(one, str) and one not in METRICS:
            known = list(METRICS)
            raise InputError(f"no metric '{one}'{nearest(one, known)}; known: {', '.join(known)}")
        metric = METRICS[one] if isinstance(one, str) else one
        if found.setdefault(name, metric) is not metric:
            raise InputError(f"two metrics are called '{name}'; give one an attribute `name`")
    return found


def _name(metric: Metric) -> str:
    name = getattr(metric, "name", None) or getattr(metric, "__name__", None)
    return str(name or type(metric).__name__)


def _wants(metric: Metric) -> list[str]:
    return list(inspect.signature(metric).parameters)


def _check_wants(name: str, metric: Metric, setting: Setting) -> None:
    for wanted in _wants(metric):
        if wanted not in NAMES:
            raise InputError(
                f"metric '{name}' asks for '{wanted}'{nearest(wanted, list(NAMES))}; a metric may "
                f"ask for {', '.join(NAMES)}"
            )
        if wanted in _GIVEN_ONCE and getattr(setting, wanted) is None:
            raise InputError(f"metric '{name}' needs {wanted}; give measure_fn {wanted}=...")


def _apply(name: str, metric: Metric, given: Given) -> Mapping[str, Array]:
    found = metric(**{wanted: getattr(given, wanted) for wanted in _wants(metric)})
    results = found if isinstance(found, Mapping) else {name: found}
    for key, values in results.items():
        shape = jnp.shape(values)
        if len(shape) not in (1, 2) or shape[0] != len(given.x):
            raise InputError(
                f"metric '{name}' gives {shape} as '{key}'; it must give a number per face, "
                f"[{len(given.x)}], or several, [{len(given.x)}, k]"
            )
    return results
