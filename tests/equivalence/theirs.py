"""The PyTorch side of a case, in our names and axes."""

import jax
import numpy as np
from jaxtyping import PyTree

from gimefive_jax.interop.torch_names import from_torch, to_torch, torch_name
from tests.equivalence.case import (
    BATCH,
    LABELS,
    RECIPE,
    SIZE,
    TABLE,
    Case,
    Explained,
    Precision,
    Step,
    calls,
    explained_faces,
    faces,
    remembered,
    variables,
)
from tests.equivalence.torch_models import make_reference, torch


@remembered
def explained(case: Case) -> Explained:
    """The reference's side in eval mode."""
    reference = _reference(case).eval()
    blocks: list[torch.Tensor] = []
    convolution: list[torch.Tensor] = []
    _last_convolution(case, reference).register_forward_hook(
        lambda _, __, output: (output.retain_grad(), convolution.append(output))[-1]
    )
    logits = reference(_to_torch_faces(explained_faces(case)), blocks)
    logits[torch.arange(BATCH), torch.from_numpy(LABELS)].sum().backward()
    kept = dict(zip([*case.blocks, case.convolution], [*blocks, *convolution], strict=True))
    return Explained(
        activations={name: _from_torch_grid(tensor) for name, tensor in kept.items()},
        logits=logits.detach().numpy(),
        gradients={
            name: _from_torch_grid(kept[name].grad) for name in (case.layer, case.convolution)
        },
    )


@remembered
def trained(case: Case, precision: Precision, num_steps: int) -> list[Step]:
    """The reference's side of steps of the paper's recipe, by torch.optim.SGD."""
    dtype = getattr(torch, precision)
    reference = _reference(case).train().to(dtype)
    optimizer = torch.optim.SGD(
        reference.parameters(),
        lr=RECIPE.learning_rate,
        momentum=RECIPE.momentum,
        weight_decay=RECIPE.weight_decay,
    )
    return [
        _step(case, reference, optimizer, number, _to_torch_faces(faces(number)).to(dtype))
        for number in range(num_steps)
    ]


def _step(
    case: Case,
    reference: "torch.nn.Module",
    optimizer: "torch.optim.Optimizer",
    number: int,
    faces: "torch.Tensor",
) -> Step:
    optimizer.zero_grad()
    loss = torch.nn.functional.cross_entropy(reference(faces), torch.from_numpy(LABELS))
    loss.backward()
    named = dict(reference.named_parameters())
    grads = {key: value.grad.numpy() for key, value in named.items()}
    optimizer.step()
    momentum = {
        key: optimizer.state[value]["momentum_buffer"].numpy() for key, value in named.items()
    }
    state = {key: value.numpy() for key, value in reference.state_dict().items()}
    like = variables(case)
    # `from_torch` copies, so the next step does not change what is returned here.
    return Step(
        loss=float(loss.detach()),
        grads=from_torch(case.name, grads, like["params"]),
        momentum=from_torch(case.name, momentum, like["params"]),
        params=from_torch(case.name, state, like["params"]),
        batch_stats=_biased(case, from_torch(case.name, state, like["batch_stats"]), number + 1),
    )


def _biased(case: Case, stats: PyTree, num_steps: int) -> PyTree:
    """Torch's running variances as if they averaged n-divided variances, as ours, not n-1."""
    order = calls(case)

    def rescale(path: tuple, leaf: np.ndarray, first: jax.Array) -> np.ndarray:
        if path[-1].key != "var":
            return leaf
        norm = "/".join(key.key for key in path[:-1])
        shapes = [shape for call, shape in order.items() if call.partition("#")[0] == norm]
        count = np.prod(shapes[0][:-1])
        left = np.asarray(first, np.float64) * 0.9 ** (num_steps * len(shapes))
        return (leaf - left) * (count - 1) / count + left

    return jax.tree_util.tree_map_with_path(rescale, stats, variables(case)["batch_stats"])


def _reference(case: Case) -> "torch.nn.Module":
    # Small convolutions: more threads only wait for each other, up to ten times longer.
    torch.set_num_threads(2 if case.width >= TABLE else 1)
    reference = make_reference(case.name, width=case.width, image_size=SIZE)
    state = {k: torch.from_numpy(v) for k, v in to_torch(case.name, variables(case)).items()}
    missing, unexpected = reference.load_state_dict(state, strict=False)
    assert not unexpected
    assert all(key.endswith("num_batches_tracked") for key in missing)
    return reference


def _last_convolution(case: Case, reference: "torch.nn.Module") -> "torch.nn.Module":
    weight = torch_name(case.name, (*case.convolution.split("/"), "kernel"))
    return reference.get_submodule(weight.rpartition(".")[0])


def _to_torch_faces(faces: np.ndarray) -> "torch.Tensor":
    return torch.from_numpy(np.ascontiguousarray(np.transpose(faces, (0, 3, 1, 2))))


def _from_torch_grid(tensor: "torch.Tensor") -> np.ndarray:
    return np.transpose(tensor.detach().numpy(), (0, 2, 3, 1))
