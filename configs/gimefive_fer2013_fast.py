"""GiMeFive on FER2013, six categories, in few minutes of a CPU: found at a quarter of the width.

    gimefive train --config gimefive_fer2013_fast --workdir runs/fast

Expected: 69.7 % of the official test (69.5, 70.1 and 69.4 of three seeds; 68.5 deduplicated) after
18 minutes of one core. benchmarks/results/recipe_search.md has every trial.
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
    """Muon down a cosine, hardly any dropout, geometric augmentation, averaged parameters."""
    return ExperimentConfig(
        data=DataConfig(
            name="fer2013",
            augmentation=AugmentationConfig(
                flip=True, shift=0.1, rotation=12, scale=0.12, brightness=0.1, contrast=0.2
            ),
        ),
        # So few epochs never overfit: dropout only slows them.
        model=ModelConfig(name="gimefive", width=0.25, dropout_rate=0.0, head_dropout_rate=0.1),
        optimizer=OptimizerConfig(
            name="muon",
            learning_rate=0.02,
            rest_learning_rate=0.003,
            momentum=0.95,
            nesterov=True,
            weight_decay=0.05,
            decay_only_kernels=True,
            schedule="cosine",
            warmup_epochs=1,
        ),
        training=TrainingConfig(
            batch_size=128,
            num_epochs=16,
            label_smoothing=0.1,
            average_decay=0.999,
            patience=0,
        ),
    )
