"""Explains any network: heat maps of any layer of any Linen module, or of a plain function.

>>> from gimefive_jax.explanation import explain_fn, explainable_layers

`explain_fn` gives a pure function of variables and faces; methods and scores may be your own. It
knows no data set and no preprocessing.
"""

from gimefive_jax.explanation.calls import INPUT, as_network, call_order, explainable_layers
from gimefive_jax.explanation.capture import Capture, capture
from gimefive_jax.explanation.explain import (
    COMPLETENESS_TOLERANCE,
    ExplainedBatch,
    ExplainFunction,
    explain_fn,
)
from gimefive_jax.explanation.methods import METHODS, Method, gradcam, hirescam, is_degenerate
from gimefive_jax.explanation.scores import Score, ScoreFunction

__all__ = [
    "COMPLETENESS_TOLERANCE",
    "INPUT",
    "METHODS",
    "Capture",
    "ExplainFunction",
    "ExplainedBatch",
    "Method",
    "Score",
    "ScoreFunction",
    "as_network",
    "call_order",
    "capture",
    "explain_fn",
    "explainable_layers",
    "gradcam",
    "hirescam",
    "is_degenerate",
]
