"""The plan of a report: by default what half an hour on two cores can measure."""

from collections.abc import Sequence

from gimefive_jax.api import Classifier
from gimefive_jax.data import Split
from gimefive_jax.explanation.fusion import parts_of
from gimefive_jax.explanation.layers import check_layers
from gimefive_jax.explanation.methods import METHODS, find_methods, map_keys
from gimefive_jax.faithfulness.measurements import measurements_for
from gimefive_jax.faithfulness.plan import (
    EVERYTHING,
    FaceCounts,
    FaithfulnessPlan,
    PlannedMaps,
    named,
)

# Tens or hundreds of passes of the network for each map.
SLOW_METHODS = (
    *("ablationcam", "scorecam", "integrated_gradients", "integrated_gradients_blurred"),
    *("smoothgrad", "occlusion"),
)


def make_plan(
    classifier: Classifier,
    split: Split,
    *,
    methods: Sequence[str] = (),
    layers: Sequence[str] = (),
    metrics: Sequence[str] = (),
    everything: bool = False,
    command: str = "",
) -> FaithfulnessPlan:
    """Plans what is measured of a model's explanations.

    By default the map that is shown, HiResCAM and Grad-CAM are measured on many faces, every other
    method on few; see `FaceCounts`.

    Args:
      classifier: The model.
      split: The faces; says which metrics there are.
      methods: Names of methods; then these alone, all on many faces but those that need many
        passes of the network.
      layers: Layers that each method is measured at; by default the shown map has its own, and the
        others the default layer.
      metrics: Names of measurements; by default all.
      everything: Whether every map and metric is measured on every face.
      command: What a user typed, for the page.

    Returns:
      The plan.

    Raises:
      InputError: A method, layer or metric is unknown.
    """
    found = find_methods(list(methods)) if methods else classifier.chosen_methods((), layers)
    many = map_keys(found, tuple(layers) or (classifier.default_layer,))
    # Every other method, at the layer of the map that is shown.
    others = map_keys(find_methods(list(METHODS)), tuple(layers) or (many[0][1],))
    rest = [] if methods else others
    check_layers(tuple(part for _, layer in many for part in parts_of(layer)), classifier.layers)
    again = everything or bool(methods)
    planned = {
        (method, layer): PlannedMaps(
            method,
            layer,
            on_few_faces=(method, layer) not in many or method in SLOW_METHODS,
            explained_again=again or method not in SLOW_METHODS,
        )
        for method, layer in (*many, *rest)
    }
    return FaithfulnessPlan(
        maps=tuple(planned.values()),
        metrics=named(metrics, list(measurements_for(split)), kind="metric"),
        counts=EVERYTHING if everything else FaceCounts(),
        command=command,
    )
