"""Measures the explanations of a split, step by step, into a folder."""

import dataclasses
import itertools
import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import jax
import numpy as np
from jaxtyping import Int

from gimefive_jax import files
from gimefive_jax.api import Classifier
from gimefive_jax.data import Split
from gimefive_jax.evaluation.evaluate import predict_fn
from gimefive_jax.faithfulness import layout
from gimefive_jax.faithfulness.agreement import AGREEMENT_NOTES, add_agreement
from gimefive_jax.faithfulness.baselines import baseline_maps
from gimefive_jax.faithfulness.explained_maps import COMPLETENESS_NOTES, explained_maps
from gimefive_jax.faithfulness.measurement import Measurement
from gimefive_jax.faithfulness.measurements import measurements_for
from gimefive_jax.faithfulness.parts import Arrays, Parts
from gimefive_jax.faithfulness.per_face import write_per_face
from gimefive_jax.faithfulness.plan import FaceSets, FaithfulnessPlan, PlannedMaps, named, nested
from gimefive_jax.faithfulness.results import Faithfulness
from gimefive_jax.faithfulness.setting import Setting, answers_of
from gimefive_jax.faithfulness.summary import summarise
from gimefive_jax.faithfulness.values import Answers, MapKey, Maps, ValueTable
from gimefive_jax.inference import Driver

Say = Callable[[str], None]
# While one step is compiled or sorts on the host, the other one fills the processor.
_STEPS_AT_ONCE = 2
# Of values on disk: another number has them computed anew.
_VERSION = 1


@dataclasses.dataclass(frozen=True, eq=False)
class MeasuredSplit:
    """What a measurement of a split ends with."""

    summary: Faithfulness
    """The content of `faithfulness.json`."""
    answers: Answers
    table: ValueTable
    maps: tuple[Maps, ...]
    """Of the planned methods, in their order."""


def measure_split(
    classifier: Classifier,
    split: Split,
    plan: FaithfulnessPlan,
    folder: Path,
    *,
    say: Say = lambda line: None,
    progress: bool = False,
) -> MeasuredSplit:
    """Measures the explanations of a split and writes the numbers.

    Every step is kept in `parts/` of the folder, so the same call goes on where an earlier one
    ended, and a larger plan computes only what is new.

    Args:
      classifier: The model.
      split: The faces, with the model's categories.
      plan: Which maps and metrics, on how many faces.
      folder: Gets faithfulness.json, faithfulness.parquet, faithfulness.csv and parts.
      say: Gets a line per step.
      progress: Whether bars are shown.

    Returns:
      What was measured.

    Raises:
      InputError: Other files are in the folder, or a metric, method or layer is unknown.
    """
    files.check_replaceable(folder, marker=layout.PARTS)
    known = measurements_for(split)
    chosen = [known[name] for name in named(plan.metrics, list(known), kind="metric")]
    parts = Parts(folder, _key(classifier, split, plan))
    setting = _setting(classifier, split, plan, parts, progress=progress)
    sets, table = nested(np.asarray(split.labels), plan.counts), ValueTable(len(split))
    maps = tuple(explained_maps(setting, plan.maps, sets, parts, table, say=say))
    baselines = tuple(baseline_maps(setting, maps))
    work = [_Work(*pair) for pair in zip(maps, plan.maps, strict=True)]
    work += [_Work(one.maps, one.planned) for one in baselines]
    for key, rows, found in _measured(setting, _steps(work, chosen, sets), parts, say):
        table.add(key, rows, found)
    add_agreement(table)
    say("intervals")
    notes = {name: note for one in chosen for name, note in one.notes.items()}
    summary = summarise(
        setting,
        plan,
        [*maps, *(one.maps for one in baselines)],
        table,
        notes={**notes, **AGREEMENT_NOTES, **COMPLETENESS_NOTES},
    )
    write_per_face(folder, split, setting.answers, table, metrics=list(summary.metrics))
    summary.write(folder)
    return MeasuredSplit(summary, setting.answers, table, maps)


@dataclasses.dataclass(frozen=True, eq=False)
class _Step:
    measurement: Measurement
    maps: Maps
    """Of exactly the faces that are measured."""

    @property
    def name(self) -> str:
        return f"{self.maps.key.part}.{self.measurement.name}"


@dataclasses.dataclass(frozen=True, eq=False)
class _Work:
    maps: Maps
    planned: PlannedMaps


def _steps(work: Sequence[_Work], chosen: Sequence[Measurement], sets: FaceSets) -> list[_Step]:
    """Every measurement of all maps."""
    steps = []
    for one in work:
        for measurement in chosen:
            if _is_measured(one, measurement):
                rows = _rows(measurement, one, sets)
                steps.append(_Step(measurement, Maps(one.maps.key, rows, one.maps.of(rows))))
    return steps


def _measured(
    setting: Setting, steps: Sequence[_Step], parts: Parts, say: Say
) -> Iterator[tuple[MapKey, Int[np.ndarray, " row"], Arrays]]:
    def values(number: int, step: _Step) -> Arrays:
        maps, measurement = step.maps, step.measurement
        # What is cheap is quicker to compute than to keep.
        if measurement.cost == "cheap":
            return measurement.measure(setting, maps)
        found = parts.read(step.name, maps.rows)
        if found is None:
            place = f"{maps.key.method} at {maps.key.layer}"
            say(f"{number}/{len(steps)}  {measurement.name}: {place}, {len(maps.rows):,} faces")
            found = parts.write(step.name, maps.rows, measurement.measure(setting, maps))
        return found

    # Several devices want the same order in every process, and may not wait for each other.
    at_once = _STEPS_AT_ONCE if jax.device_count() == 1 else 1
    pool = ThreadPoolExecutor(at_once, thread_name_prefix="measure")
    try:
        for step, found in zip(steps, pool.map(values, itertools.count(1), steps), strict=True):
            yield step.maps.key, step.maps.rows, found
    finally:
        # Who interrupts need not wait for steps at work: each keeps all of its values or none.
        pool.shutdown(wait=False, cancel_futures=True)


def _is_measured(one: _Work, measurement: Measurement) -> bool:
    if one.maps.key.kind == "baseline":
        return measurement.of_baselines
    return one.planned.explained_again or not measurement.explains


def _rows(measurement: Measurement, one: _Work, sets: FaceSets) -> Int[np.ndarray, " row"]:
    """Faces that a measurement takes of some maps."""
    by_cost = {"cheap": sets.cheap, "perturbed": sets.perturbed, "few": sets.few}
    rows = by_cost[measurement.cost]
    if one.planned.on_few_faces and measurement.cost == "perturbed":
        rows = sets.few
    # The sets are nested, so what both hold is the smaller one.
    return min(rows, one.maps.rows, key=len)


def _setting(
    classifier: Classifier,
    split: Split,
    plan: FaithfulnessPlan,
    parts: Parts,
    *,
    progress: bool,
) -> Setting:
    def predict() -> Arrays:
        driver = Driver(
            classifier.mesh,
            classifier.config.evaluation.batch_size,
            progress="predict" if progress else "",
        )
        # The face as it is: explained is never the average with its mirror image.
        function = predict_fn(classifier.model)
        found = driver.run(function, classifier.placed_variables, split.images)
        return {"logits": np.asarray(found.logits)}

    logits = parts.get("logits", np.arange(len(split)), predict)["logits"]
    answers = answers_of(classifier, split, logits)
    return Setting(classifier, split, answers, parts, seed=plan.seed, progress=progress)


def _key(classifier: Classifier, split: Split, plan: FaithfulnessPlan) -> str:
    """Says whose values a part holds."""
    parts = (_VERSION, classifier.weights_sha256, split.digest, plan.seed)
    return json.dumps([*parts, split.index[[0, -1]].tolist()])
