import chex
import jax
import pytest

from gimefive_jax.interop import torch_names
from gimefive_jax.models import ARCHITECTURES
from tests.interop.states import make_weights


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_names_and_axes_return_from_torch_as_they_went(name: str):
    variables = make_weights(name).variables
    state = torch_names.to_torch(name, variables)
    assert len(state) == len(jax.tree.leaves(variables))
    for collection in variables.values():
        found = torch_names.from_torch(name, state, collection)
        chex.assert_trees_all_equal(found, collection)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_shapes_are_known_without_arrays(name: str):
    variables = make_weights(name).variables
    state = torch_names.to_torch(name, variables)
    assert torch_names.torch_shapes(name, variables) == {k: v.shape for k, v in state.items()}


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("gimefive", "conv1.weight bn5.running_var fc3.bias bn1.num_batches_tracked"),
        ("gimefive_se", "se1.fc.0.weight se1.fc.2.weight"),
        ("gimefive_local", "conv4.weight bn4.running_var place.code fc2.weight evidence.bias"),
        ("gimefive_residual", "res_block5.shortcut.1.running_mean se1.fc.0.weight bn1.weight"),
        ("vgg", "conv6.weight bn3.weight classifier.0.weight classifier.3.bias classifier.6.bias"),
        ("resnet18", "layer4.1.conv2.weight layer2.0.shortcut.0.weight fc.weight bn1.bias"),
        ("resnet34", "layer3.5.bn2.num_batches_tracked"),
    ],
)
def test_names_are_those_of_the_papers_checkpoints_where_it_has_some(name: str, wanted: str):
    weights = make_weights(name)
    state = torch_names.to_torch(name, weights.variables)
    counters = torch_names.counters_to_torch(name, weights.num_batches_tracked)
    assert set(wanted.split()) <= {*state, *counters}
