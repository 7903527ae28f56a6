"""A modern recipe for GiMeFive on FER2013, six categories.

    gimefive train --config gimefive_fer2013_modern --workdir runs/modern --config.model.width=0.25

Expected: docs/results.md has what was measured, with width, epochs and seeds.
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
    """SGD-Nesterov down a cosine, geometric augmentation, label smoothing, averaged parameters."""
    return ExperimentConfig(
        data=DataConfig(
            name="fer2013",
            augmentation=AugmentationConfig(
                flip=True, shift=0.1, rotation=12, scale=0.12, brightness=0.1, contrast=0.2
            ),
        ),
        model=ModelConfig(name="gimefive", dropout_rate=0.1),
        optimizer=OptimizerConfig(
            name="sgd",
            learning_rate=0.03,
            momentum=0.9,
            nesterov=True,
            weight_decay=5e-4,
            decay_only_kernels=True,
            schedule="cosine",
            warmup_epochs=1,
        ),
        training=TrainingConfig(
            batch_size=32,
            num_epochs=30,
            label_smoothing=0.1,
            average_decay=0.999,
            patience=0,
        ),
    )
