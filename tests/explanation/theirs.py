"""Maps of pytorch-grad-cam, before it scales them, on GiMeFive in PyTorch with our weights."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int, PyTree

from gimefive_jax.interop.torch_names import to_torch
from tests import oracles
from tests.equivalence.torch_models import GiMeFive, torch

NAMES = {
    "hirescam": "HiResCAM",
    "gradcam": "GradCAM",
    "gradcam_plus_plus": "GradCAMPlusPlus",
    "layercam": "LayerCAM",
    "xgradcam": "XGradCAM",
    "eigencam": "EigenCAM",
    "ablationcam": "AblationCAM",
    "scorecam": "ScoreCAM",
}
"""Their class by our name."""
_PARTS = {"conv": "conv{}", "activation": "relu{}", "": "pool{}"}


class Pool(torch.nn.Module):
    """2x2 max pool in which equal largest values share the gradient, as in ours.

    torch's own gives it to the first of them. Where a whole window is zero behind a ReLU, methods
    that take gradients there to a power, as Grad-CAM++ does, see the difference.
    """

    def forward(self, x: "torch.Tensor") -> "torch.Tensor":
        """The largest of each window."""
        top = torch.maximum(x[..., 0::2, 0::2], x[..., 0::2, 1::2])
        return torch.maximum(top, torch.maximum(x[..., 1::2, 0::2], x[..., 1::2, 1::2]))


class Network(GiMeFive):
    """GiMeFive whose ReLUs and pools are modules, as hooks need them."""

    def __init__(self, features: Sequence[int], hidden: Sequence[int], *, fast_pool: bool) -> None:
        super().__init__(list(features), list(hidden))
        for number in range(1, self.depth + 1):
            setattr(self, f"relu{number}", torch.nn.ReLU())
            setattr(self, f"pool{number}", torch.nn.MaxPool2d(2) if fast_pool else Pool())

    def forward(self, x: "torch.Tensor") -> "torch.Tensor":
        """Logits."""
        for number in range(1, self.depth + 1):
            for part in ("conv", "bn", "relu", "pool"):
                x = getattr(self, f"{part}{number}")(x)
        x = self.fc1(x.mean((2, 3))).relu()
        return self.fc3(self.fc2(x).relu())

    def layer(self, name: str) -> "torch.nn.Module":
        """The module of our layer, such as block5/activation, block5/conv or block5."""
        block, _, part = name.partition("/")
        return getattr(self, _PARTS[part].format(block.removeprefix("block")))


def network(variables: PyTree, *, fast_pool: bool = False) -> Network:
    """The network with our weights, in evaluation mode; with torch's own pool where it is timed."""
    params = variables["params"]
    depth = sum(name.startswith("block") for name in params)
    features = [params[f"block{i + 1}"]["conv"]["kernel"].shape[-1] for i in range(depth)]
    hidden = [params[name]["kernel"].shape[-1] for name in ("dense1", "dense2")]
    made = Network(features, hidden, fast_pool=fast_pool)
    weights = to_torch("gimefive", {name: variables[name] for name in ("params", "batch_stats")})
    state = {name: torch.from_numpy(np.array(value)) for name, value in weights.items()}
    missing, unexpected = made.load_state_dict(state, strict=False)
    assert not unexpected
    assert all(name.endswith("num_batches_tracked") for name in missing)
    return made.eval()


def to_tensor(x: Float[np.ndarray, "batch height width channel"]) -> "torch.Tensor":
    """Faces with channels first."""
    return torch.from_numpy(np.ascontiguousarray(np.transpose(x, (0, 3, 1, 2))))


def heat_map(
    method: str,
    made: Network,
    layer: str,
    x: Float[np.ndarray, "batch height width channel"],
    target: Int[np.ndarray, " batch"],
) -> Float[np.ndarray, "batch rows columns"]:
    """Their map as it is before its ReLU and its scaling."""
    package = oracles.pytorch_grad_cam()
    targets = [package.utils.model_targets.ClassifierOutputTarget(int(one)) for one in target]
    raw: list[np.ndarray] = []
    with (
        oracles.warnings_ignored(),
        getattr(package, NAMES[method])(model=made, target_layers=[made.layer(layer)]) as cam,
    ):
        compute = cam.get_cam_image

        def kept(*arguments: object) -> np.ndarray:
            raw.append(compute(*arguments))
            return raw[-1]

        cam.get_cam_image = kept
        cam(input_tensor=to_tensor(x), targets=targets)
    return raw[0]


def in_our_units(
    method: str,
    theirs: Float[np.ndarray, "batch _ _"],
    ours: Float[np.ndarray, "batch _ _"],
    score: Float[np.ndarray, " batch"],
) -> Float[np.ndarray, "batch _ _"]:
    """Their map in the variant that ours documents."""
    if method == "ablationcam":
        # They divide the weights by the score.
        return theirs * np.asarray(score)[:, None, None]
    if method == "eigencam":
        # A component has no sign of its own; ours has one by a rule.
        return theirs * np.sign((theirs * ours).sum((1, 2), keepdims=True))
    return theirs
