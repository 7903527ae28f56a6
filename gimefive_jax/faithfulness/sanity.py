"""Whether maps depend on what was learned, and on the category: randomised layers, other logits."""

import numpy as np
from jaxtyping import Array, PyTree

from gimefive_jax.explanation.faithfulness.facts import SANITY_FACTS
from gimefive_jax.explanation.faithfulness.maps import HeatMaps, MapFunction, PerMap
from gimefive_jax.explanation.faithfulness.sanity import (
    random_logit,
    randomisation_test,
    randomised,
)
from gimefive_jax.faithfulness.estimates import estimates
from gimefive_jax.faithfulness.measurement import Measurement
from gimefive_jax.faithfulness.notes import note_of
from gimefive_jax.faithfulness.parts import Arrays
from gimefive_jax.faithfulness.results import SanityStage
from gimefive_jax.faithfulness.setting import Setting
from gimefive_jax.faithfulness.values import MapKey, Maps, ValueTable
from gimefive_jax.inference import Driver, FaceFunction, on_pixels
from gimefive_jax.models import blank_face, input_channels

RANDOMISATION, RANDOM_LOGIT = "randomisation", "random_logit"
# Begin the columns of the stages, which are no metrics of their own; the layer follows.
_SPEARMAN, _SSIM = "randomised_spearman:", "randomised_ssim:"


def _explain(setting: Setting, key: MapKey) -> MapFunction:
    explain = setting.explain(key)

    def maps(variables: PyTree, x: Array, target: Array) -> HeatMaps:
        return {(key.method, key.layer): explain(variables, x, target)}

    return maps


def _randomisation(setting: Setting, maps: Maps) -> Arrays:
    classifier = setting.classifier
    face = blank_face(classifier.model, image_size=classifier.config.data.image_size)
    stages = randomised(
        classifier.model,
        classifier.placed_variables,
        face,
        call={"train": False},
        seed=setting.seed,
    )
    of_pixels = on_pixels(_explain(setting, maps.key), channels=input_channels(classifier.model))
    found = randomisation_test(
        of_pixels,
        classifier.placed_variables,
        stages,
        setting.images(maps.rows),
        setting.targets(maps.rows),
        driver=Driver(classifier.mesh, classifier.config.explanation.batch_size),
    )
    arrays: dict[str, np.ndarray] = {}
    for stage in found:
        [similarity] = stage.similarities.values()
        arrays[_SPEARMAN + stage.layer] = np.asarray(similarity.spearman)
        arrays[_SSIM + stage.layer] = np.asarray(similarity.ssim)
    return arrays


def _random_logit(setting: Setting, maps: Maps) -> Arrays:
    num_categories = len(setting.split.emotions)

    def make() -> FaceFunction[PerMap]:
        measure = random_logit(_explain(setting, maps.key), num_categories=num_categories)
        return on_pixels(measure, channels=input_channels(setting.classifier.model))

    function = setting.once((RANDOM_LOGIT, maps.key), make)
    found = setting.run(function, maps.rows, setting.targets(maps.rows), words=RANDOM_LOGIT)
    [values] = found.values()
    return {RANDOM_LOGIT: np.asarray(values)}


def stages_of(table: ValueTable, key: MapKey, *, seed: int) -> tuple[SanityStage, ...]:
    """Sums up the randomised stages of one kind of map, from the head down.

    Args:
      table: Of all values.
      key: Of the maps.
      seed: Of the bootstrap.

    Returns:
      The stages, the likeness to the map of another face first; none where none was measured.
    """
    columns = table.columns.get(key, {})
    found = estimates(
        {name: column for name, column in columns.items() if name.startswith((_SPEARMAN, _SSIM))},
        np.ones(table.num_faces, np.bool_),
        seed=seed,
    )
    layers = [name.removeprefix(_SPEARMAN) for name in columns if name.startswith(_SPEARMAN)]
    return tuple(
        SanityStage(layer, found[_SPEARMAN + layer], found[_SSIM + layer])
        for layer in layers
        if _SPEARMAN + layer in found
    )


MEASUREMENTS = (
    Measurement(RANDOMISATION, "few", {}, _randomisation, of_baselines=False, explains=True),
    Measurement(
        RANDOM_LOGIT,
        "few",
        {RANDOM_LOGIT: note_of(SANITY_FACTS[RANDOM_LOGIT])},
        _random_logit,
        of_baselines=False,
        explains=True,
    ),
)
