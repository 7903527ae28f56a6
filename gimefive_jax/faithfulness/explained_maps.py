"""Maps of the planned methods, each computed once and kept."""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
from jaxtyping import Int

from gimefive_jax.explanation.methods import batch_size_for, find_methods
from gimefive_jax.faithfulness.parts import Arrays, Parts
from gimefive_jax.faithfulness.plan import FaceSets, PlannedMaps
from gimefive_jax.faithfulness.results import MetricNote
from gimefive_jax.faithfulness.setting import Setting
from gimefive_jax.faithfulness.values import MapKey, Maps, ValueTable
from gimefive_jax.structs import Explanation

HEAT_MAP, GAP, BIAS_SHARE = "heat_map", "completeness_gap", "bias_share"
COMPLETENESS_NOTES: Mapping[str, MetricNote] = {
    GAP: MetricNote(
        title="Completeness gap",
        asks="How far is the sum of the map from the logit less what biases bring, in logits?",
        better="lower",
        low=0.0,
        high=None,
        forwards=0,
        reference="Draelos and Carin, 2020, https://arxiv.org/abs/2011.08891",
    ),
    BIAS_SHARE: MetricNote(
        title="Bias share",
        asks="Which part of the logit comes from biases behind the layer, which no map shows?",
        better="neither",
        low=0.0,
        high=1.0,
        forwards=0,
    ),
}


def explained_maps(
    setting: Setting,
    planned: Sequence[PlannedMaps],
    sets: FaceSets,
    parts: Parts,
    table: ValueTable,
    *,
    say: Callable[[str], None],
) -> Iterator[Maps]:
    """Computes the maps of every planned method and layer, or reads those of an earlier call.

    Methods at the same layer share one pass of the network.

    Args:
      setting: Model and faces.
      planned: Which maps.
      sets: Faces of each kind of measurement; some methods explain the fewest.
      parts: Finished steps.
      table: Gets the completeness gap and the bias share of each map.
      say: Gets a line per step.

    Yields:
      The maps in the order of `planned`.
    """
    found: dict[MapKey, Maps] = {}
    together = sorted(planned, key=lambda one: (one.on_few_faces, one.layer))
    for (on_few_faces, layer), group in itertools.groupby(
        together, key=lambda one: (one.on_few_faces, one.layer)
    ):
        rows = sets.few if on_few_faces else sets.cheap
        methods = [one.method for one in group]
        # Those on few faces are slow, and an interruption loses less where each is a step.
        for some in [[one] for one in methods] if on_few_faces else [methods]:
            for key, arrays in _computed(setting, some, layer, rows, parts, say):
                values = {name: arrays[name] for name in COMPLETENESS_NOTES if name in arrays}
                table.add(key, rows, values)
                found[key] = Maps(key, rows, arrays[HEAT_MAP])
    for one in planned:
        yield found[MapKey(one.method, one.layer)]


def _computed(
    setting: Setting,
    methods: Sequence[str],
    layer: str,
    rows: Int[np.ndarray, " row"],
    parts: Parts,
    say: Callable[[str], None],
) -> Iterator[tuple[MapKey, Arrays]]:
    keys = {method: MapKey(method, layer) for method in methods}
    found = {
        key: arrays
        for key in keys.values()
        if (arrays := parts.read(f"{key.part}.maps", rows)) is not None
    }
    missing = tuple(method for method, key in keys.items() if key not in found)
    if missing:
        say(f"maps of {', '.join(missing)} at {layer}, {len(rows):,} faces")
        for method, arrays in _explain(setting, missing, layer, rows).items():
            found[keys[method]] = parts.write(f"{keys[method].part}.maps", rows, arrays)
    yield from found.items()


def _explain(
    setting: Setting, methods: tuple[str, ...], layer: str, rows: Int[np.ndarray, " row"]
) -> dict[str, Arrays]:
    explain = setting.classifier.explain_function(methods, (layer,))
    size = setting.classifier.config.explanation.batch_size
    found = setting.run(
        explain,
        rows,
        setting.targets(rows),
        words=", ".join(methods),
        batch_size=batch_size_for(find_methods(methods).values(), size),
    )
    return {method: _arrays(one) for (method, _), one in found.explanations.items()}


def _arrays(found: Explanation) -> Arrays:
    arrays = {HEAT_MAP: np.asarray(found.heat_map)}
    if found.bias_effect is None or found.completeness_gap is None or found.is_complete is None:
        return arrays
    effect, score = np.asarray(found.bias_effect), np.asarray(found.score)
    size = np.abs(effect) + np.abs(score - effect)
    share = np.divide(np.abs(effect), size, out=np.full(len(size), np.nan), where=size > 0)
    return {
        **arrays,
        GAP: np.asarray(found.completeness_gap),
        # Only where the parts make up the whole has a share of it a meaning.
        BIAS_SHARE: np.where(np.asarray(found.is_complete), share, np.nan),
    }
