"""Heat-map methods: from activations, gradients and the network to raw maps."""

from gimefive_jax.explanation.methods.channels import AblationCAM, ScoreCAM
from gimefive_jax.explanation.methods.degenerate import is_degenerate
from gimefive_jax.explanation.methods.eigencam import eigencam
from gimefive_jax.explanation.methods.facts import METHOD_FACTS, METHODS, MethodFacts
from gimefive_jax.explanation.methods.finding import batch_size_for, find_methods, map_keys
from gimefive_jax.explanation.methods.gradients import (
    gradcam,
    gradcam_plus_plus,
    hirescam,
    layercam,
    xgradcam,
)
from gimefive_jax.explanation.methods.input_gradients import IntegratedGradients, SmoothGrad
from gimefive_jax.explanation.methods.method import (
    Method,
    apply_method,
    is_at_input,
    method_name,
)
from gimefive_jax.explanation.methods.occlusion import Occlusion
from gimefive_jax.explanation.methods.placed import PlacedMethod

__all__ = [
    "METHODS",
    "METHOD_FACTS",
    "AblationCAM",
    "IntegratedGradients",
    "Method",
    "MethodFacts",
    "Occlusion",
    "PlacedMethod",
    "ScoreCAM",
    "SmoothGrad",
    "apply_method",
    "batch_size_for",
    "eigencam",
    "find_methods",
    "gradcam",
    "gradcam_plus_plus",
    "hirescam",
    "is_at_input",
    "is_degenerate",
    "layercam",
    "map_keys",
    "method_name",
    "xgradcam",
]
