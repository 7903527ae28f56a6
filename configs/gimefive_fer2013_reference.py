"""The paper's recipe for GiMeFive on FER2013, evaluated and explained as its reference does.

    gimefive train --config gimefive_fer2013_reference --workdir runs/reference

Expected: numbers that are not comparable with ours; docs/reference.md says what differs and why.
Not yet trained by us.
"""

from gimefive_jax.config import ExperimentConfig, load_config, replace


def get_config() -> ExperimentConfig:
    """The recipe of `gimefive_fer2013`; random flips in evaluation, Grad-CAM before batch norm."""
    return replace(load_config("gimefive_fer2013"), {"reference": True})
