"""The methods that are known by name, and what each of them is."""

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType

from gimefive_jax.explanation.methods.channels import AblationCAM, ScoreCAM
from gimefive_jax.explanation.methods.eigencam import eigencam
from gimefive_jax.explanation.methods.gradients import (
    gradcam,
    gradcam_plus_plus,
    hirescam,
    layercam,
    xgradcam,
)
from gimefive_jax.explanation.methods.input_gradients import IntegratedGradients, SmoothGrad
from gimefive_jax.explanation.methods.method import Method
from gimefive_jax.explanation.methods.occlusion import Occlusion


@dataclasses.dataclass(frozen=True)
class MethodFacts:
    """What a method is, for tables and pages."""

    title: str
    """As the paper writes its name."""
    is_signed: bool
    """Whether cells below zero mean evidence against the category."""
    of_category: bool
    """Whether the map depends on the category that is explained."""
    at_input: bool
    """Whether the network's input is explained, whatever layer is asked for."""
    passes: str
    """What it costs for each face beside the prediction."""
    reference: str
    """Authors, year and address of the paper."""


_BACKWARD = "1 backward pass from the logits to the layer"
_INTEGRATED = "Sundararajan et al., 2017, https://arxiv.org/abs/1703.01365"

_KNOWN: dict[str, tuple[Method, MethodFacts]] = {
    "hirescam": (
        hirescam,
        MethodFacts(
            title="HiResCAM",
            is_signed=True,
            of_category=True,
            at_input=False,
            passes=_BACKWARD,
            reference="Draelos and Carin, 2020, https://arxiv.org/abs/2011.08891",
        ),
    ),
    "gradcam": (
        gradcam,
        MethodFacts(
            title="Grad-CAM",
            is_signed=True,
            of_category=True,
            at_input=False,
            passes=_BACKWARD,
            reference="Selvaraju et al., 2017, https://arxiv.org/abs/1610.02391",
        ),
    ),
    "gradcam_plus_plus": (
        gradcam_plus_plus,
        MethodFacts(
            title="Grad-CAM++",
            is_signed=False,
            of_category=True,
            at_input=False,
            passes=_BACKWARD,
            reference="Chattopadhay et al., 2018, https://arxiv.org/abs/1710.11063",
        ),
    ),
    "layercam": (
        layercam,
        MethodFacts(
            title="LayerCAM",
            is_signed=False,
            of_category=True,
            at_input=False,
            passes=_BACKWARD,
            reference="Jiang et al., 2021, https://doi.org/10.1109/TIP.2021.3089943",
        ),
    ),
    "xgradcam": (
        xgradcam,
        MethodFacts(
            title="XGrad-CAM",
            is_signed=True,
            of_category=True,
            at_input=False,
            passes=_BACKWARD,
            reference="Fu et al., 2020, https://arxiv.org/abs/2008.02312",
        ),
    ),
    "eigencam": (
        eigencam,
        MethodFacts(
            title="Eigen-CAM",
            is_signed=True,
            of_category=False,
            at_input=False,
            passes="none",
            reference="Muhammad and Yeasin, 2020, https://arxiv.org/abs/2008.00299",
        ),
    ),
    "ablationcam": (
        AblationCAM(),
        MethodFacts(
            title="Ablation-CAM",
            is_signed=True,
            of_category=True,
            at_input=False,
            passes="1 forward pass from the layer for each of its channels",
            reference="Desai and Ramaswamy, 2020, https://doi.org/10.1109/WACV45572.2020.9093360",
        ),
    ),
    "scorecam": (
        ScoreCAM(),
        MethodFacts(
            title="Score-CAM",
            is_signed=False,
            of_category=True,
            at_input=False,
            passes="1 forward pass for each channel of the layer",
            reference="Wang et al., 2020, https://arxiv.org/abs/1910.01279",
        ),
    ),
    "integrated_gradients": (
        IntegratedGradients(),
        MethodFacts(
            title="Integrated gradients from black",
            is_signed=True,
            of_category=True,
            at_input=True,
            passes="64 forward and backward passes",
            reference=_INTEGRATED,
        ),
    ),
    "integrated_gradients_blurred": (
        IntegratedGradients(baseline="blurred"),
        MethodFacts(
            title="Integrated gradients from the blurred face",
            is_signed=True,
            of_category=True,
            at_input=True,
            passes="64 forward and backward passes",
            reference=_INTEGRATED,
        ),
    ),
    "smoothgrad": (
        SmoothGrad(),
        MethodFacts(
            title="SmoothGrad",
            is_signed=False,
            of_category=True,
            at_input=True,
            passes="25 forward and backward passes",
            reference="Smilkov et al., 2017, https://arxiv.org/abs/1706.03825",
        ),
    ),
    "occlusion": (
        Occlusion(),
        MethodFacts(
            title="Occlusion",
            is_signed=True,
            of_category=True,
            at_input=True,
            passes="225 forward passes for a face of 64 pixels",
            reference="Zeiler and Fergus, 2014, https://arxiv.org/abs/1311.2901",
        ),
    ),
}

METHODS: Mapping[str, Method] = MappingProxyType({name: one for name, (one, _) in _KNOWN.items()})
"""Methods that the command line knows by name."""
METHOD_FACTS: Mapping[str, MethodFacts] = MappingProxyType(
    {name: facts for name, (_, facts) in _KNOWN.items()}
)
"""What they are, by the same names."""
