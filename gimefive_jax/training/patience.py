"""Early stopping and the learning rate on a plateau, after each evaluation."""

import jax.numpy as jnp
import numpy as np

from gimefive_jax.config import ExperimentConfig
from gimefive_jax.structs import LoopState


def after_evaluation(loop: LoopState, accuracy: float, config: ExperimentConfig) -> LoopState:
    """Counts one more evaluation.

    Args:
      loop: What was remembered of the evaluations before.
      accuracy: The new validation accuracy, as a share.
      config: Patience of early stopping and of the plateau schedule.

    Returns:
      What is to be remembered: the best accuracy, whether to stop, and the factor of the rate.
    """
    optimizer, patience = config.optimizer, config.training.patience
    better = bool(np.float32(accuracy) > loop.best_accuracy)
    waited = 0 if better else int(loop.epochs_without_better) + 1
    on_plateau = 0 if better else int(loop.epochs_on_plateau) + 1
    falls = optimizer.schedule == "plateau" and on_plateau > optimizer.plateau_patience
    factor = optimizer.decay_factor if falls else 1.0
    return LoopState(
        best_accuracy=jnp.float32(accuracy if better else loop.best_accuracy),
        epochs_without_better=jnp.int32(waited),
        stopped=jnp.array(bool(patience) and waited >= patience),
        epochs_on_plateau=jnp.int32(0 if falls else on_plateau),
        rate_factor=jnp.float32(factor * loop.rate_factor),
    )
