"""Metrics that change faces in the order of a map: deletion, insertion, ROAD and their like."""

import functools
import inspect
from collections.abc import Mapping

import numpy as np
from jaxtyping import Array

from gimefive_jax.explanation.faithfulness import DEGENERATE, METRIC_FACTS, METRICS, measure_fn
from gimefive_jax.faithfulness.measurement import Cost, Measurement
from gimefive_jax.faithfulness.notes import note_of
from gimefive_jax.faithfulness.parts import Arrays
from gimefive_jax.faithfulness.results import MetricNote
from gimefive_jax.faithfulness.setting import Setting
from gimefive_jax.faithfulness.values import Maps
from gimefive_jax.inference import FaceFunction, on_pixels
from gimefive_jax.models import input_channels, logits_fn
from gimefive_jax.preprocess import pixel_scale

# Each face is there in tens of copies, so few faces make a full batch.
BATCH_SIZE = 16
# Stability takes tens of passes, or of explanations, per face; blur is a second look at deletion.
_ON_FEW_FACES = ("deletion_blurred", "max_sensitivity", "infidelity", "flip_consistency")

NOTES: Mapping[str, MetricNote] = {name: note_of(facts) for name, facts in METRIC_FACTS.items()}


def measurements() -> list[Measurement]:
    """Gives every metric that is known by name as a measurement."""
    return [
        Measurement(
            name,
            _cost(name),
            NOTES,
            functools.partial(_measure, name),
            of_baselines=not _explains(name),
            explains=_explains(name),
        )
        for name in METRICS
    ]


def _cost(name: str) -> Cost:
    if name in _ON_FEW_FACES:
        return "few"
    forwards = [note.forwards for one, note in NOTES.items() if one.startswith(name)]
    return "perturbed" if any(forwards) or _explains(name) else "cheap"


def _wants(name: str, what: str) -> bool:
    return what in inspect.signature(METRICS[name]).parameters


def _explains(name: str) -> bool:
    return _wants(name, "explain")


def _measure(name: str, setting: Setting, maps: Maps) -> Arrays:
    found = setting.run(
        _function(name, setting, maps),
        maps.rows,
        maps.heat_map.astype(np.float32),
        setting.targets(maps.rows),
        setting.split.index[maps.rows].astype(np.int32),
        words=f"{name}, {maps.key.method}",
        batch_size=BATCH_SIZE,
    )
    return {key: np.asarray(values) for key, values in found.items() if key != DEGENERATE}


def _function(name: str, setting: Setting, maps: Maps) -> FaceFunction[dict[str, Array]]:
    """The metric as a function of uint8 faces; one for all maps unless it explains anew."""
    explains = _explains(name)

    def make() -> FaceFunction[dict[str, Array]]:
        model = setting.classifier.model
        channels = input_channels(model)
        measure = measure_fn(
            logits_fn(model),
            name,
            pixels=pixel_scale(channels),
            mean_face=setting.mean_face if _wants(name, "mean_face") else None,
            explain=setting.explain(maps.key) if explains else None,
        )
        return on_pixels(measure, channels=channels)

    return setting.once((name, maps.key if explains else None), make)
