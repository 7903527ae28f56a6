"""The paper's table of hyperparameters on FER2013: one field at a time around its recipe.

    gimefive sweep --config paper_hyperparameters --out sweeps/paper
    gimefive sweep --config paper_hyperparameters --out sweeps/paper --seeds 0,1,2

Expected: the paper names the values it searched and gives no result for each; none was measured
here. Run time: 17 settings, each up to 80 epochs of the full-width model; an epoch takes 13 minutes
on 2 busy CPU cores, so an accelerator is the place for it. `--config.training.max_minutes=60` gives
every trial an hour a call.

The recipe's own five blocks stand in the base, so depth names 4 and 6.
Left out: the number of dense layers (1 to 3) and batch norm off, which no field of a model changes.
Fewer epochs, and less patience, are the beginning of the same training: their trials ask how much
is lost by stopping then.
"""

from gimefive_jax.config import SweepConfig, load_config


def get_sweep() -> SweepConfig:
    """Learning rate, batch, dropouts, depth, optimizer, epochs and patience."""
    return SweepConfig(
        base=load_config("gimefive_fer2013"),
        search="each",
        fields={
            "optimizer.learning_rate": (1e-2, 1e-3, 1e-4),
            "training.batch_size": (8, 16, 32, 64),
            "model.dropout_rate": (0.2, 0.5),
            "model.head_dropout_rate": (0.2, 0.5),
            "model.depth": (4, 6),
            "optimizer.name": ("sgd", "adam", "adamw"),
            "training.num_epochs": (10, 20, 40, 80),
            "training.patience": (5, 10, 15),
        },
        seeds=(0,),
    )
