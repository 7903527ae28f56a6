"""Run folders: their files, their log and their checkpoints."""

from gimefive_jax.runs.environment import Environment
from gimefive_jax.runs.finding import find_run, find_runs
from gimefive_jax.runs.origin import Origin
from gimefive_jax.runs.run_folder import RunFolder, results_folder
from gimefive_jax.runs.run_log import LogRow

__all__ = [
    "Environment",
    "LogRow",
    "Origin",
    "RunFolder",
    "find_run",
    "find_runs",
    "results_folder",
]
