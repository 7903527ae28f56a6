"""The paper's recipe for ResNet-34 without its max-pool on FER2013, six categories.

    gimefive train --config resnet34_fer2013 --workdir runs/resnet34

Expected: the paper reports 67.1 % on the official test set (one run, model chosen on another
data set); ours chooses on validation carved from train. Not yet trained by us.
"""

from gimefive_jax.config import ExperimentConfig, load_config, replace


def get_config() -> ExperimentConfig:
    """The paper's recipe, as `gimefive_fer2013` states it, for another row of its table."""
    return replace(load_config("gimefive_fer2013"), {"model.name": "resnet34"})
