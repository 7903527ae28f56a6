"""What the terminal shows of an evaluation."""

from collections.abc import Mapping

from gimefive_jax.evaluation import Evaluation
from gimefive_jax.evaluation.calibration import CalibrationErrors
from gimefive_jax.evaluation.corruptions.robustness import Robustness
from gimefive_jax.evaluation.evaluation import Calibration
from gimefive_jax.evaluation.measurements import Measure, Measurements
from gimefive_jax.report.tables import aligned

_ROWS = (
    ("accuracy", "accuracy"),
    ("balanced accuracy", "balanced_accuracy"),
    ("macro F1", "macro_f1"),
    ("top-2 accuracy", "top_2_accuracy"),
    ("majority baseline", "majority_baseline"),
    ("AUC, one vs rest", "auc"),
    ("area under risk-coverage", "aurc"),
)


def describe_evaluation(found: Evaluation) -> str:
    """Gives the lines that a person reads first.

    Args:
      found: Everything measured.

    Returns:
      Numbers of the split beside those of its parts, calibration, and a table by category.
    """
    blocks = [f"{found.data} {found.split}: {found.count:,} faces"]
    if found.reference:
        blocks[0] = (
            "as the paper's reference evaluates: faces flipped at random, the loss a mean of batch "
            f"means; not comparable with other results\n{blocks[0]}"
        )
    if found.flip:
        blocks[0] += "\nprobabilities averaged over each face and its mirror image"
    if found.measurements is not None:
        blocks.append(_side_by_side({found.split: found.measurements, **found.parts}))
    if found.calibration is not None:
        blocks.append(_calibration(found.calibration))
    blocks.append(_by_category(found))
    if found.neutral is not None:
        low, high = found.neutral.interval_95
        blocks.append(
            f"{found.neutral.count:,} neutral faces, a category that the model lacks: "
            f"{found.neutral.share:.1%} get one with confidence {found.neutral.threshold:g} or "
            f"more (95 % interval {low:.1%} to {high:.1%})"
        )
    if found.robustness is not None:
        blocks.append(_worse_pictures(found.robustness))
    return "\n\n".join(blocks)


def _worse_pictures(found: Robustness) -> str:
    """What corruptions take away, from the worst to the least."""
    low, high = found.relative_drop_interval_95
    curves = sorted(found.curves, key=lambda curve: -curve.relative_drop)
    return (
        f"worse pictures of {found.count:,} faces: accuracy falls by {found.relative_drop:.1%} of "
        f"itself (95 % interval {low:.1%} to {high:.1%})\n"
        + ", ".join(f"{curve.title} {curve.relative_drop:.1%}" for curve in curves)
    )


def _side_by_side(parts: Mapping[str, Measurements]) -> str:
    """The split and its parts as columns, numbers with their 95 % intervals."""
    cells = [["95 % intervals", *parts], ["faces", *(f"{one.count:,}" for one in parts.values())]]
    for title, name in _ROWS:
        found = [{**one.measures, **one.shown.measures}[name] for one in parts.values()]
        cells.append([title, *map(_percent, found)])
    return aligned(cells)


def _percent(number: Measure) -> str:
    if number.value is None:
        return "-"
    if number.interval_95 is None:
        return f"{number.value:.2%}"
    low, high = number.interval_95
    return f"{number.value:.2%} ({100 * low:.2f} to {100 * high:.2f})"


def _calibration(found: Calibration) -> str:
    lines = [f"raw: {_errors(found.before)}"]
    if not found.scaling.is_plain:
        where = f"calibrated by {found.scaling.describe()}, {found.source}"
        lines.append(f"{where}: {_errors(found.after)}")
    return "\n".join(lines)


def _errors(found: CalibrationErrors) -> str:
    return (
        f"calibration error {found.ece:.2%} (equal mass {found.ece_equal_mass:.2%}), "
        f"loss {found.loss:.4f} nats"
    )


def _by_category(found: Evaluation) -> str:
    cells = [["category", "precision", "recall", "F1", "faces"]]
    for emotion, row in found.per_class.items():
        shares = (row.precision, row.recall, row.f1)
        percents = ["-" if share is None else f"{share:.1%}" for share in shares]
        cells.append([emotion, *percents, f"{row.support:,}"])
    return aligned(cells)
