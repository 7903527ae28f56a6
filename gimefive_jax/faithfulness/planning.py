"""The plan of a report: by default what half an hour on two cores can measure."""

from collections.abc import Sequence

from gimefive_jax.api import Classifier
from gimefive_jax.data import Split
from gimefive_jax.explanation.calls import check_layers
from gimefive_jax.explanation.defaults import default_methods
from gimefive_jax.explanation.methods import METHODS, find_methods
from gimefive_jax.faithfulness.measurements import measurements_for
from gimefive_jax.faithfulness.plan import (
    EVERYTHING,
    FaceCounts,
    FaithfulnessPlan,
    PlannedMaps,
    named,
)

# Beside the map that is shown: what others publish, and what the exact sum is.
COMPARED = ("hirescam", "gradcam")


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
      layers: Layers that each method is measured at; by default the one that is shown.
      metrics: Names of measurements; by default all.
      everything: Whether every map and metric is measured on every face.
      command: What a user typed, for the page.

    Returns:
      The plan.

    Raises:
      InputError: A method, layer or metric is unknown.
    """
    find_methods(list(methods))
    chosen = tuple(layers) or (classifier.default_layer,)
    check_layers(chosen, classifier.layers)
    many = dict.fromkeys(methods or (default_methods(classifier.config)[0], *COMPARED))
    rest = () if methods else [name for name in METHODS if name not in many]
    planned = [PlannedMaps(name, layer) for name in many for layer in chosen]
    planned += [PlannedMaps(name, layer, on_few_faces=True) for name in rest for layer in chosen]
    return FaithfulnessPlan(
        maps=tuple(planned),
        metrics=named(metrics, list(measurements_for(split)), kind="metric"),
        counts=EVERYTHING if everything else FaceCounts(),
        command=command,
    )
