"""How a model stands up to worse pictures: blur, JPEG, low resolution, light, noise, covers."""

from gimefive_jax.evaluation.corruptions.corruption import CORRUPTIONS, Corruption, make_view
from gimefive_jax.evaluation.corruptions.measuring import PartBoxes, measure_robustness
from gimefive_jax.evaluation.corruptions.robustness import (
    CorruptedScores,
    CorruptionCurve,
    Robustness,
)
from gimefive_jax.evaluation.corruptions.table import write_corruptions

__all__ = [
    "CORRUPTIONS",
    "CorruptedScores",
    "Corruption",
    "CorruptionCurve",
    "PartBoxes",
    "Robustness",
    "make_view",
    "measure_robustness",
    "write_corruptions",
]
