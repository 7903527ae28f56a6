"""Every setting of an experiment: schema, files and overrides."""

from gimefive_jax.config.loading import (
    config_names,
    from_dict,
    load_config,
    read_config,
    replace,
    to_dict,
)
from gimefive_jax.config.schema import (
    AugmentationConfig,
    DataConfig,
    EvaluationConfig,
    ExperimentConfig,
    ExplanationConfig,
    ModelConfig,
    OptimizerConfig,
    TrainingConfig,
)

__all__ = [
    "AugmentationConfig",
    "DataConfig",
    "EvaluationConfig",
    "ExperimentConfig",
    "ExplanationConfig",
    "ModelConfig",
    "OptimizerConfig",
    "TrainingConfig",
    "config_names",
    "from_dict",
    "load_config",
    "read_config",
    "replace",
    "to_dict",
]
