"""Optimizer, step, loop and the log of a run."""
