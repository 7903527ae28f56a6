"""Means with intervals of values of single faces, and gains over the baselines."""

from collections.abc import Hashable, Mapping, Sequence
from typing import TypeVar

import numpy as np
from jaxtyping import Bool, Float

from gimefive_jax.faithfulness.results import Estimate, Measure, MetricNote
from gimefive_jax.faithfulness.values import Answers, MapKey, ValueTable
from gimefive_jax.statistics import bootstrap_mean_intervals

Name = TypeVar("Name", bound=Hashable)
Groups = Mapping[str, Bool[np.ndarray, " face"]]
_ALL, _CORRECT, _WRONG = "all", "correct", "wrong"


def measures_of(
    key: MapKey,
    table: ValueTable,
    answers: Answers,
    *,
    emotions: Sequence[str],
    notes: Mapping[str, MetricNote],
    baselines: Mapping[str, MapKey],
    seed: int = 0,
) -> dict[str, Measure]:
    """Sums up every metric of one kind of map.

    Args:
      key: Of the maps.
      table: Values of all maps.
      answers: What the network says of the faces.
      emotions: Names of the categories, in label order.
      notes: Of the metrics; says in which direction they are better.
      baselines: Maps on the same grid that these are compared with, by name.
      seed: Of the bootstrap.

    Returns:
      Means, intervals and gains by metric.
    """
    columns = {name: table.columns[key][name] for name in notes if name in table.columns[key]}
    gains = {
        (metric, name): _gain(values, other, notes[metric])
        for metric, values in columns.items()
        for name, baseline in baselines.items()
        if notes[metric].better != "neither"
        and (other := table.column(baseline, metric)) is not None
    }
    groups = _groups(answers, emotions)
    found = {name: estimates(columns, group, seed=seed) for name, group in groups.items()}
    over = estimates(gains, groups[_ALL], seed=seed)
    return {
        metric: Measure(
            all=found[_ALL].get(metric),
            correct=found[_CORRECT].get(metric),
            wrong=found[_WRONG].get(metric),
            per_category={one: found[f"of {one}"].get(metric) for one in emotions},
            gains={name: over[metric, name] for name in baselines if (metric, name) in over},
        )
        for metric in columns
    }


def estimates(
    columns: Mapping[Name, Float[np.ndarray, " face"]],
    group: Bool[np.ndarray, " face"],
    *,
    seed: int = 0,
) -> dict[Name, Estimate]:
    """Computes mean and interval of each column over a group of faces.

    Args:
      columns: Values by name, NaN where a face was not measured.
      group: Which faces count.
      seed: Of the bootstrap.

    Returns:
      Estimates by name, without the columns that have no value in the group.
    """
    # Columns that were measured on the same faces are resampled together.
    by_faces: dict[bytes, list[Name]] = {}
    masks: dict[bytes, Bool[np.ndarray, " face"]] = {}
    for name, values in columns.items():
        mask = group & np.isfinite(values)
        if mask.any():
            by_faces.setdefault(mask.tobytes(), []).append(name)
            masks[mask.tobytes()] = mask
    found: dict[Name, Estimate] = {}
    for faces, names in by_faces.items():
        values = np.stack([columns[name][masks[faces]] for name in names], axis=1)
        intervals = bootstrap_mean_intervals(values, seed=seed)
        for name, mean, (low, high) in zip(names, values.mean(0), intervals, strict=True):
            found[name] = Estimate(len(values), float(mean), (float(low), float(high)))
    return found


def _gain(
    values: Float[np.ndarray, " face"], other: Float[np.ndarray, " face"], note: MetricNote
) -> Float[np.ndarray, " face"]:
    """Paired difference, positive where the first is better."""
    return values - other if note.better == "higher" else other - values


def _groups(answers: Answers, emotions: Sequence[str]) -> Groups:
    return {
        _ALL: np.ones(len(answers.label), np.bool_),
        _CORRECT: answers.correct,
        _WRONG: ~answers.correct,
        **{f"of {emotion}": answers.predicted == label for label, emotion in enumerate(emotions)},
    }
