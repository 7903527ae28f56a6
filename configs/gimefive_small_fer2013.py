"""The recipe of the shipped weights `small`: half of GiMeFive's width, FER2013, six categories.

    gimefive train --config gimefive_small_fer2013 --workdir runs/small

Expected: 71.17 % of the official test faces (seed 0; 70.00 to 72.31), 71.98 % with mirror images;
the model card gimefive_jax/assets/small.md has the rest. 2.6 M parameters, about two hours on 2
idle CPU cores; `--config.training.max_minutes` stops and the same command goes on.
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
    """SGD-Nesterov down a cosine for 60 epochs, geometric augmentation, averaged parameters."""
    return ExperimentConfig(
        data=DataConfig(
            name="fer2013",
            augmentation=AugmentationConfig(
                flip=True, shift=0.1, rotation=15, scale=0.15, brightness=0.1, contrast=0.2
            ),
        ),
        model=ModelConfig(name="gimefive", width=0.5, dropout_rate=0.1),
        optimizer=OptimizerConfig(
            name="sgd",
            learning_rate=0.06,
            momentum=0.9,
            nesterov=True,
            weight_decay=5e-4,
            decay_only_kernels=True,
            schedule="cosine",
            warmup_epochs=2,
        ),
        training=TrainingConfig(
            batch_size=64,
            num_epochs=60,
            label_smoothing=0.1,
            average_decay=0.999,
            patience=0,
        ),
    )
