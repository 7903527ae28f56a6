"""A narrow GiMeFive on drawn faces: the model of `gimefive quickstart`.

    gimefive data prepare drawn_faces
    gimefive train --config drawn_faces_quickstart --workdir runs/drawn

Expected: 97.3, 96.9 and 97.6 % of the 1,000 test faces with seeds 0, 1, 2 of drawing and training.
About 70 CPU seconds, compilation included: some 80 seconds on 2 busy cores.
"""

from gimefive_jax.config import (
    AugmentationConfig,
    DataConfig,
    ExperimentConfig,
    ExplanationConfig,
    ModelConfig,
    OptimizerConfig,
    TrainingConfig,
)


def get_config() -> ExperimentConfig:
    """An eighth of the paper's width, SGD-Nesterov down a cosine, small geometric augmentation."""
    return ExperimentConfig(
        data=DataConfig(
            name="drawn_faces",
            augmentation=AugmentationConfig(flip=True, shift=0.06, rotation=8, scale=0.08),
        ),
        model=ModelConfig(name="gimefive", width=0.125, dropout_rate=0.0, head_dropout_rate=0.2),
        optimizer=OptimizerConfig(
            name="sgd",
            learning_rate=0.05,
            momentum=0.9,
            nesterov=True,
            weight_decay=5e-4,
            decay_only_kernels=True,
            schedule="cosine",
            warmup_epochs=1,
        ),
        training=TrainingConfig(batch_size=32, num_epochs=8, label_smoothing=0.1, patience=0),
        # Block 3 as well: its cells see 18 pixels, those of block 5 the whole face.
        explanation=ExplanationConfig(
            methods=("layercam@block3/activation", "hirescam", "gradcam"),
            layers=("block5/activation", "block3/activation"),
        ),
    )
