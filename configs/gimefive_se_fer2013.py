"""The paper's recipe for GiMeFive with squeeze-excite on FER2013, six categories.

    gimefive train --config gimefive_se_fer2013 --workdir runs/gimefive_se

Expected: the paper gives no result of this model on FER2013.
"""

from gimefive_jax.config import ExperimentConfig, load_config, replace


def get_config() -> ExperimentConfig:
    """The paper's recipe, as `gimefive_fer2013` states it, for another row of its table."""
    return replace(load_config("gimefive_fer2013"), {"model.name": "gimefive_se"})
