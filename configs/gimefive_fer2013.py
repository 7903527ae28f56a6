"""The paper's recipe on FER2013, six categories: for GiMeFive and every other row of its table.

    gimefive train --config gimefive_fer2013 --workdir runs/paper
    gimefive train --config gimefive_fer2013:resnet18 --workdir runs/resnet18

Expected, as the paper reports it on the official test set (one run, model chosen on another data
set; ours is chosen on validation carved from train, and none was trained to its end by us):

    gimefive               67.5 %    gimefive_baseline      64.1 %
    resnet34               67.1 %    gimefive_deep          65.5 %
    resnet18               64.7 %    gimefive_no_dropout    65.6 %
    vgg                    49.4 %    gimefive_residual, gimefive_se: no result on FER2013

`gimefive_local` is ours and no row of that table: docs/local_evidence.md.

Run time: 26.6 faces/s were measured for `gimefive` on 2 busy CPU cores, so 13 minutes an epoch
there; an accelerator is the place for it.
"""

from typing import Literal

from gimefive_jax.config import (
    AugmentationConfig,
    DataConfig,
    ExperimentConfig,
    ModelConfig,
    OptimizerConfig,
    TrainingConfig,
)

Row = Literal[
    "gimefive",
    "gimefive_no_dropout",
    "gimefive_se",
    "gimefive_baseline",
    "gimefive_deep",
    "gimefive_local",
    "gimefive_residual",
    "vgg",
    "resnet18",
    "resnet34",
]


def get_config(model: Row = "gimefive") -> ExperimentConfig:
    """SGD 1e-3 with momentum .9 and coupled decay 1e-4, batch 16, flips, early stop after 15."""
    return ExperimentConfig(
        data=DataConfig(name="fer2013", augmentation=AugmentationConfig(flip=True)),
        model=ModelConfig(name=model),
        optimizer=OptimizerConfig(name="sgd", learning_rate=1e-3, momentum=0.9, weight_decay=1e-4),
        training=TrainingConfig(batch_size=16, num_epochs=80, patience=15),
    )
