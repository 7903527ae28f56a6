"""From values of single faces to the typed result."""

from collections.abc import Mapping, Sequence

import numpy as np

from gimefive_jax.explanation.methods import METHOD_FACTS, is_degenerate
from gimefive_jax.faces import REGIONS, share_name
from gimefive_jax.faithfulness.baselines import TITLES, baselines_of
from gimefive_jax.faithfulness.estimates import measures_of
from gimefive_jax.faithfulness.plan import FaithfulnessPlan
from gimefive_jax.faithfulness.regions import areas_of
from gimefive_jax.faithfulness.results import Faithfulness, MeasuredMaps, MetricNote
from gimefive_jax.faithfulness.sanity import stages_of
from gimefive_jax.faithfulness.setting import Setting
from gimefive_jax.faithfulness.values import Maps, ValueTable

Notes = Mapping[str, MetricNote]


def summarise(
    setting: Setting,
    plan: FaithfulnessPlan,
    maps: Sequence[Maps],
    table: ValueTable,
    *,
    notes: Notes,
) -> Faithfulness:
    """Sums up all values.

    Args:
      setting: Model and faces.
      plan: What was measured.
      maps: Those of methods, the one that is shown first, then the baselines.
      table: Values of all maps.
      notes: Of every metric that may be in the table, in the order of tables.

    Returns:
      The content of `faithfulness.json`.
    """
    split, measured = setting.split, [one for one in maps if one.key in table.columns]
    known = {name for columns in table.columns.values() for name in columns}
    has_regions = share_name(REGIONS[0]) in known
    return Faithfulness(
        model=setting.classifier.name,
        weights_sha256=setting.classifier.weights_sha256,
        data=split.data_name,
        split=split.name,
        data_sha256=split.digest,
        emotions=split.emotions,
        count=len(split),
        num_correct=int(setting.answers.correct.sum()),
        plan=plan,
        metrics={name: note for name, note in notes.items() if name in known},
        maps=tuple(_measured(one, setting, table, notes) for one in measured),
        num_forwards=_num_forwards(plan, notes, table),
        num_without_landmarks=(int((~setting.landmarks.found).sum()) if has_regions else None),
        region_areas=_areas(setting) if has_regions else {},
    )


def _areas(setting: Setting) -> dict[str, float]:
    found = areas_of(setting)[setting.landmarks.found]
    means = found.mean(0).tolist() if len(found) else []
    return dict(zip(REGIONS, means, strict=False))


def _measured(maps: Maps, setting: Setting, table: ValueTable, notes: Notes) -> MeasuredMaps:
    is_baseline = maps.key.kind == "baseline"
    return MeasuredMaps(
        method=maps.key.method,
        layer=maps.key.layer,
        title=TITLES[maps.key.method] if is_baseline else METHOD_FACTS[maps.key.method].title,
        is_baseline=is_baseline,
        grid=maps.grid,
        count=len(maps.rows),
        passes="" if is_baseline else METHOD_FACTS[maps.key.method].passes,
        is_of_category=is_baseline or METHOD_FACTS[maps.key.method].of_category,
        sanity=stages_of(table, maps.key, seed=setting.seed),
        num_degenerate=int(is_degenerate(maps.heat_map).sum()),
        measures=measures_of(
            maps.key,
            table,
            setting.answers,
            emotions=setting.split.emotions,
            notes=notes,
            baselines={} if is_baseline else baselines_of(maps),
            seed=setting.seed,
        ),
        curves={
            name: tuple(map(float, curve)) for name, curve in table.curves.get(maps.key, {}).items()
        },
    )


def _num_forwards(plan: FaithfulnessPlan, notes: Notes, table: ValueTable) -> int:
    # One column for each measurement: its other columns come from the same passes.
    return sum(
        notes[name].forwards * int(np.isfinite(values).sum())
        for columns in table.columns.values()
        for name, values in columns.items()
        if name in plan.metrics and name in notes
    )
