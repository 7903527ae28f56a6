"""A small random search on drawn faces: learning rate and dropout of a narrow GiMeFive.

    gimefive data prepare drawn_faces
    gimefive sweep --config drawn_faces_random --out sweeps/drawn

Expected: best validation accuracies of 85.8 % at learning rate 0.0378, 61.3 % at 0.165, 55.2 % at
0.16 and 34.4 % at 0.00159, means over seeds 0 and 1 of training; data drawn from seed 0. About 6
CPU minutes, compilation included: 12 minutes on 2 cores that did other work besides.
"""

from gimefive_jax.config import Range, SweepConfig, load_config, replace


def get_sweep() -> SweepConfig:
    """Four draws with two seeds each, three epochs a trial."""
    return SweepConfig(
        base=replace(load_config("drawn_faces_quickstart"), {"training.num_epochs": 3}),
        search="random",
        fields={
            "optimizer.learning_rate": Range(0.001, 0.3, log=True),
            "model.head_dropout_rate": (0.0, 0.2, 0.5),
        },
        num_settings=4,
        seeds=(0, 1),
    )
