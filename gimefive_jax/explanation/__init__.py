"""Explains any network: heat maps of any layer of any Linen module, or of a plain function.

>>> from gimefive_jax.explanation import explain_fn, explainable_layers

`explain_fn` gives a pure function of variables and faces; methods and scores may be your own. It
knows no data set and no preprocessing.
"""

from gimefive_jax.explanation.calls import INPUT, as_network
from gimefive_jax.explanation.capture import Capture, capture
from gimefive_jax.explanation.explain import (
    COMPLETENESS_TOLERANCE,
    ExplainedBatch,
    ExplainFunction,
    explain_fn,
)
from gimefive_jax.explanation.forwards import Forward
from gimefive_jax.explanation.layers import call_order, explainable_layers
from gimefive_jax.explanation.methods import (
    METHOD_FACTS,
    METHODS,
    AblationCAM,
    IntegratedGradients,
    Method,
    MethodFacts,
    Occlusion,
    ScoreCAM,
    SmoothGrad,
    eigencam,
    gradcam,
    gradcam_plus_plus,
    hirescam,
    is_degenerate,
    layercam,
    xgradcam,
)
from gimefive_jax.explanation.pixels import PixelScale, blurred
from gimefive_jax.explanation.scores import Score, ScoreFunction

__all__ = [
    "COMPLETENESS_TOLERANCE",
    "INPUT",
    "METHODS",
    "METHOD_FACTS",
    "AblationCAM",
    "Capture",
    "ExplainFunction",
    "ExplainedBatch",
    "Forward",
    "IntegratedGradients",
    "Method",
    "MethodFacts",
    "Occlusion",
    "PixelScale",
    "Score",
    "ScoreCAM",
    "ScoreFunction",
    "SmoothGrad",
    "as_network",
    "blurred",
    "call_order",
    "capture",
    "eigencam",
    "explain_fn",
    "explainable_layers",
    "gradcam",
    "gradcam_plus_plus",
    "hirescam",
    "is_degenerate",
    "layercam",
    "xgradcam",
]
