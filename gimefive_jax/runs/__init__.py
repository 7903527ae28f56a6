"""Every way a trained model lies on disk: a run folder, or one checkpoint folder in it."""

from gimefive_jax.runs.checkpoints import Checkpoints
from gimefive_jax.runs.run_path import CHECKPOINTS, CONFIG, RunPath, find_run
from gimefive_jax.runs.seal import digest

__all__ = ["CHECKPOINTS", "CONFIG", "Checkpoints", "RunPath", "digest", "find_run"]
