"""A made-up measurement: no network, no face, numbers from a seed."""

import numpy as np

from gimefive_jax.data import Split
from gimefive_jax.data.names import FileNames
from gimefive_jax.emotions import EMOTIONS
from gimefive_jax.faces import REGIONS
from gimefive_jax.faithfulness import (
    Faithfulness,
    FaithfulnessPlan,
    MeasuredMaps,
    MeasuredSplit,
    MetricNote,
    PlannedMaps,
)
from gimefive_jax.faithfulness.estimates import measures_of
from gimefive_jax.faithfulness.regions import REGION_NOTES, enrichment_name, share_name
from gimefive_jax.faithfulness.results import Estimate, SanityStage
from gimefive_jax.faithfulness.values import Answers, MapKey, Maps, ValueTable

COUNT, GRID = 60, (4, 4)
METHOD, CLASS_MEAN = (
    MapKey("hirescam", "block5/activation"),
    MapKey("class_mean", "hirescam of block5/activation", "baseline"),
)
RANDOM, GAUSSIAN, UNIFORM = (
    MapKey(name, "4x4", "baseline") for name in ("random", "centre_gaussian", "uniform")
)
NOTES = {
    "deletion": MetricNote("Deletion AUC", "How fast does it fall?", "lower", 0.0, 1.0, 17),
    **REGION_NOTES,
}


def made_split(name: str = "made_up/six", file_name: str = "face") -> Split:
    """Sixty squares of noise."""
    draws = np.random.default_rng(0)
    return Split(
        name="test",
        data_name=name,
        images=draws.integers(0, 256, (COUNT, 64, 64, 1), np.uint8),
        labels=np.arange(COUNT) % 6,
        file_names=FileNames(np.array([f"{file_name} {i}" for i in range(COUNT)], object)),
        emotions=EMOTIONS,
        digest="d" * 64,
        extras={},
        index=np.arange(COUNT),
    )


def made_measurement(split: Split, *, deletion: float = 0.2) -> MeasuredSplit:
    """Deletion has the given mean, and 0.5 for every baseline; 90 % of the mass is on the mouth."""
    draws = np.random.default_rng(0)
    label = np.asarray(split.labels)
    predicted = np.where(np.arange(COUNT) % 10 == 0, (label + 1) % 6, label)
    answers = Answers(predicted, label, draws.uniform(0.5, 1, COUNT))
    rows, table = np.arange(COUNT), ValueTable(COUNT)
    means = {METHOD: deletion, **dict.fromkeys((RANDOM, GAUSSIAN, UNIFORM, CLASS_MEAN), 0.5)}
    for key, mean in means.items():
        table.add(key, rows, {"deletion": mean + draws.normal(0, 0.01, COUNT), **_regions(key)})
        table.add(key, rows, {"deletion_curve": np.linspace(0.9, 0.1, 18)[None].repeat(COUNT, 0)})
    maps = Maps(METHOD, rows, draws.random((COUNT, *GRID)).astype(np.float32))
    summary = Faithfulness(
        model="made up",
        weights_sha256="a" * 64,
        data=split.data_name,
        split=split.name,
        data_sha256=split.digest,
        emotions=split.emotions,
        count=COUNT,
        num_correct=int(answers.correct.sum()),
        plan=FaithfulnessPlan(
            maps=(PlannedMaps(METHOD.method, METHOD.layer),),
            metrics=("deletion", "regions"),
            command="gimefive faithfulness 'a <b>'",
        ),
        metrics=NOTES,
        maps=tuple(_maps(key, table, answers, split) for key in means),
        num_forwards=17 * COUNT,
    )
    return MeasuredSplit(summary, answers, table, (maps,))


def _maps(key: MapKey, table: ValueTable, answers: Answers, split: Split) -> MeasuredMaps:
    is_method = key.kind == "method"
    baselines = {one.method: one for one in (RANDOM, UNIFORM, GAUSSIAN, CLASS_MEAN)}
    likeness = [Estimate(COUNT, mean, (mean - 0.05, mean + 0.05)) for mean in (0.3, 0.8, 0.1)]
    return MeasuredMaps(
        method=key.method,
        layer=key.layer,
        title="HiResCAM" if is_method else key.method,
        is_baseline=not is_method,
        grid=GRID,
        count=COUNT,
        num_degenerate=0,
        measures=measures_of(
            key,
            table,
            answers,
            emotions=split.emotions,
            notes=NOTES,
            baselines=baselines if is_method else {},
        ),
        curves={name: tuple(curve.tolist()) for name, curve in table.curves[key].items()},
        sanity=tuple(
            SanityStage(layer, one, one)
            for layer, one in zip(("another face", "logits", "block1"), likeness, strict=True)
            if is_method
        ),
    )


def _regions(key: MapKey) -> dict[str, np.ndarray]:
    even = np.full(COUNT, 1 / 7)
    share = dict.fromkeys(REGIONS, even if key == UNIFORM else even * 0.1 * 7 / 6)
    if key != UNIFORM:
        share["mouth"] = np.full(COUNT, 0.9)
    return {
        **{share_name(region): values for region, values in share.items()},
        **{enrichment_name(region): values * 7 for region, values in share.items()},
        "paper_regions": share["mouth"],
        "paper_enrichment": share["mouth"] * 7,
    }
