"""Logits of a split to metrics, files and plots."""

from gimefive_jax.evaluation.evaluation import Evaluation as Evaluation
from gimefive_jax.evaluation.evaluation import read_evaluation as read_evaluation
