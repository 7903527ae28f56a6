"""The paper's recipe for GiMeFive without dropout in its blocks on FER2013, six categories.

    gimefive train --config gimefive_no_dropout_fer2013 --workdir runs/gimefive_no_dropout

Expected: the paper reports 65.6 % on the official test set (one run, model chosen on another
data set); ours chooses on validation carved from train. Not yet trained by us.
"""

from gimefive_jax.config import ExperimentConfig, load_config, replace


def get_config() -> ExperimentConfig:
    """The paper's recipe, as `gimefive_fer2013` states it, for another row of its table."""
    return replace(load_config("gimefive_fer2013"), {"model.name": "gimefive_no_dropout"})
