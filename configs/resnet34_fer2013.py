"""The paper's recipe for ResNet-34 without its max-pool on FER2013, six categories.

    gimefive train --config resnet34_fer2013 --workdir runs/resnet34

Expected: the paper reports 67.1 % on the official test set (one run, model chosen on another
data set); ours chooses on validation carved from train. Not yet trained by us.
"""

from gimefive_jax.config import (
    AugmentationConfig,
    DataConfig,
    ExperimentConfig,
    ModelConfig,
    OptimizerConfig,
    TrainingConfig,
)


def get_config() -> ExperimentConfig:
    """SGD 1e-3 with momentum .9 and coupled decay 1e-4, batch 16, flips, early stop after 15."""
    return ExperimentConfig(
        data=DataConfig(name="fer2013", augmentation=AugmentationConfig(flip=True)),
        model=ModelConfig(name="resnet34"),
        optimizer=OptimizerConfig(name="sgd", learning_rate=1e-3, momentum=0.9, weight_decay=1e-4),
        training=TrainingConfig(batch_size=16, num_epochs=80, patience=15),
    )
