"""The paper's recipe for GiMeFive with squeeze-excite on FER2013, six categories.

    gimefive train --config gimefive_se_fer2013 --workdir runs/gimefive_se

Expected: the paper gives no result of this model on FER2013.
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
        model=ModelConfig(name="gimefive_se"),
        optimizer=OptimizerConfig(name="sgd", learning_rate=1e-3, momentum=0.9, weight_decay=1e-4),
        training=TrainingConfig(batch_size=16, num_epochs=80, patience=15),
    )
