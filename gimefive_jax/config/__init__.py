"""Every setting of an experiment: schema, files and overrides."""

from gimefive_jax.config.data_name import DataName
from gimefive_jax.config.loading import (
    CONFIG_FILE,
    FieldValue,
    from_dict,
    from_saved,
    read_config,
    replace,
    to_dict,
    to_fields,
)
from gimefive_jax.config.named import config_names, load_config, load_sweep, sweep_names
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
from gimefive_jax.config.sweep import Range, SweepConfig, Value

__all__ = [
    "CONFIG_FILE",
    "AugmentationConfig",
    "DataConfig",
    "DataName",
    "EvaluationConfig",
    "ExperimentConfig",
    "ExplanationConfig",
    "FieldValue",
    "ModelConfig",
    "OptimizerConfig",
    "Range",
    "SweepConfig",
    "TrainingConfig",
    "Value",
    "config_names",
    "from_dict",
    "from_saved",
    "load_config",
    "load_sweep",
    "read_config",
    "replace",
    "sweep_names",
    "to_dict",
    "to_fields",
]
