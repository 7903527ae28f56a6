from collections.abc import Callable

import jax
import numpy as np
import pytest

from gimefive_jax.faces.mesh import FaceMesh, Mesh, load_mesh
from gimefive_jax.faces.network_files import network_sha256
from gimefive_jax.interop.shipped import ASSETS, shipped_names
from tests.faces.litert import GOLDEN_MESH, mesh_inputs, run_mesh
from tests.faces.photos import astronaut
from tests.tolerances import SAME_NETWORK


@pytest.fixture(scope="module")
def mesh_of() -> Callable[[np.ndarray], Mesh]:
    variables, apply = load_mesh(), jax.jit(FaceMesh().apply)
    return lambda x: apply(variables, x)


def test_shipped_variables_are_those_of_the_module():
    shapes = jax.eval_shape(FaceMesh().init, jax.random.key(0), np.zeros((1, 192, 192, 3)))
    assert jax.tree.map(np.shape, load_mesh()) == jax.tree.map(np.shape, shapes)
    assert sum(leaf.size for leaf in jax.tree.leaves(load_mesh())) == 604_685


def test_the_notice_is_of_this_very_file_and_no_model_is_called_like_it():
    assert network_sha256("face_mesh") in (ASSETS / "NOTICE.md").read_text()
    assert "face_mesh" not in shipped_names()


def test_mesh_gives_what_litert_gave(mesh_of: Callable[[np.ndarray], Mesh]):
    inputs, golden = mesh_inputs(), np.load(GOLDEN_MESH)
    mesh = mesh_of(np.stack(list(inputs.values())))
    for row, name in enumerate(inputs):
        np.testing.assert_allclose(mesh.points[row], golden[f"{name}_points"], atol=SAME_NETWORK)
        presence = golden[f"{name}_presence"]
        np.testing.assert_allclose(mesh.presence[row], presence, atol=SAME_NETWORK)


def test_noise_is_no_face_and_a_drawn_one_is(mesh_of: Callable[[np.ndarray], Mesh]):
    inputs = mesh_inputs()
    presence = mesh_of(np.stack([inputs["noise"], inputs["drawn"]])).presence
    assert presence[0] < 0 < presence[1]


def test_a_face_is_computed_alike_in_every_batch(mesh_of: Callable[[np.ndarray], Mesh]):
    noise, drawn = mesh_inputs().values()
    alone, third = mesh_of(drawn[None]), mesh_of(np.stack([noise, noise, drawn, noise]))
    np.testing.assert_allclose(third.points[2], alone.points[0], atol=SAME_NETWORK)


def test_mesh_gives_what_litert_gives_for_new_inputs(mesh_of: Callable[[np.ndarray], Mesh]):
    photo = jax.image.resize(astronaut()[:220, 120:340] / 255, (192, 192, 3), "linear")
    inputs = [np.random.default_rng(seed).random((192, 192, 3), np.float32) for seed in (5, 6)]
    for x in [*inputs, np.asarray(photo, np.float32)]:
        points, presence = run_mesh(x)
        found = mesh_of(x[None])
        np.testing.assert_allclose(found.points[0], points, atol=SAME_NETWORK)
        np.testing.assert_allclose(found.presence[0], presence, atol=SAME_NETWORK)


@pytest.mark.parametrize("platform", ["tpu", "cuda"])
def test_the_mesh_is_made_of_an_accelerators_own_convolutions(platform: str):
    traced = jax.jit(FaceMesh().apply).trace(load_mesh(), np.zeros((2, 192, 192, 3), np.float32))
    text = traced.lower(lowering_platforms=(platform,)).as_text()
    # The file that they come from has 25, 22 of them of single pixels, and 20 of each channel.
    assert text.count("stablehlo.convolution") == 23
    assert text.count("stablehlo.dot_general") == 22
