"""Every measurement by name, in the order of tables."""

from gimefive_jax.data import Split
from gimefive_jax.faithfulness import perturbation, planted, regions, sanity
from gimefive_jax.faithfulness.measurement import Measurement

_ALL = (
    *perturbation.measurements(),
    planted.PLANTED,
    regions.MEASUREMENT,
    *sanity.MEASUREMENTS,
)


def measurements_for(split: Split) -> dict[str, Measurement]:
    """Gives what can be measured on a split, by name.

    Args:
      split: Planted evidence is measured only where the split has it.
    """
    return {
        one.name: one
        for one in _ALL
        if one is not planted.PLANTED or planted.COLUMN in split.extras
    }
