"""Models measured on the same faces, each compared with one of them face by face."""

import dataclasses
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int

from gimefive_jax.data import Split
from gimefive_jax.data.pictures import pictures_of
from gimefive_jax.errors import InputError
from gimefive_jax.evaluation.evaluation import Evaluation
from gimefive_jax.evaluation.measurements import Measure
from gimefive_jax.statistics import bootstrap_mean_intervals


@dataclasses.dataclass(frozen=True, eq=False)
class MeasuredModel:
    """A model, what was measured of it, and what it says of each face."""

    name: str
    """As it was asked for; no two models that are compared share one."""
    architecture: str
    width: float
    num_parameters: int
    evaluation: Evaluation
    split: Split
    """The faces, as this model is shown them."""
    logits: Float[np.ndarray, "face emotion"]
    paper_accuracy: float | None
    """Share that the paper reports of this architecture on this data; None where it has none."""


@dataclasses.dataclass(frozen=True)
class ComparedModel:
    """A model and how much better it is than the baseline on the same faces."""

    model: MeasuredModel
    accuracy_gain: Measure
    """Accuracy less the baseline's; the interval resamples pictures and keeps the pairs."""
    part_gains: dict[str, Measure]
    """The same on each part of the split, such as `test_deduplicated`."""


def compare_models(
    models: Sequence[MeasuredModel], *, baseline: str, seed: int = 0
) -> list[ComparedModel]:
    """Compares models with one of them by the paired bootstrap.

    Args:
      models: At least one, measured on the same faces.
      baseline: Name of the one that the others are compared with.
      seed: Seed of the resampling.

    Returns:
      The models in their order, the baseline among them.

    Raises:
      InputError: No model has this name, or they were measured on different faces.

    References:
      Efron and Tibshirani, 1993, An Introduction to the Bootstrap, section 16
    """
    known = {one.name: one for one in models}
    if baseline not in known:
        raise InputError(
            f"baseline '{baseline}' must be one of the models that are compared: {', '.join(known)}"
        )
    base = known[baseline]
    for one in models:
        _check_same_faces(one, base)
    pictures, parts = pictures_of(base.split), base.split.parts
    everyone = np.arange(len(base.split))

    def gain(one: MeasuredModel, rows: Int[np.ndarray, " row"]) -> Measure:
        difference = (_hits(one) - _hits(base))[rows]
        [(low, high)] = bootstrap_mean_intervals(
            difference[:, None], groups=pictures[rows], seed=seed
        )
        return Measure(float(difference.mean()), (float(low), float(high)), len(rows))

    return [
        ComparedModel(
            model=one,
            accuracy_gain=gain(one, everyone),
            part_gains={name: gain(one, rows) for name, rows in parts.items() if len(rows)},
        )
        for one in models
    ]


def _hits(model: MeasuredModel) -> Float[np.ndarray, " face"]:
    return (model.logits.argmax(1) == model.split.labels).astype(np.float64)


def _check_same_faces(one: MeasuredModel, base: MeasuredModel) -> None:
    # Not by digest: the models may be shown faces of different sizes.
    same = len(one.split) == len(base.split) and all(
        first == second
        for first, second in zip(one.split.file_names, base.split.file_names, strict=True)
    )
    if not same or not np.array_equal(one.split.labels, base.split.labels):
        raise InputError(
            f"{one.name} was measured on {one.split.data_name} {one.split.name}, {base.name} on "
            f"{base.split.data_name} {base.split.name}: other faces; name one set with --data"
        )
