"""Pictures of an evaluation, drawn from its numbers alone."""

from gimefive_jax.evaluation.charts.corruptions import plot_corruptions
from gimefive_jax.evaluation.charts.per_class import plot_per_class
from gimefive_jax.evaluation.charts.risk_coverage import plot_risk_coverage

__all__ = ["plot_corruptions", "plot_per_class", "plot_risk_coverage"]
