"""`config.reference`: Grad-CAM at the last convolution, pictures from lowest to highest cell."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from gimefive_jax.api import Classifier, load
from gimefive_jax.config import ExperimentConfig, ModelConfig, replace
from gimefive_jax.explained import pictures
from gimefive_jax.explained.opened import open_export
from gimefive_jax.explanation import explainable_layers
from gimefive_jax.explanation.defaults import default_methods, layer_by_default
from gimefive_jax.models import ARCHITECTURES, blank_face, logits_fn, make_model
from gimefive_jax.models.cost import variable_shapes


@pytest.fixture(scope="module")
def ours(tiny_run: Path) -> Classifier:
    return load(tiny_run)


@pytest.fixture(scope="module")
def theirs(ours: Classifier) -> Classifier:
    return dataclasses.replace(ours, config=replace(ours.config, {"reference": True}))


def test_the_reference_explains_by_gradcam_at_the_last_convolution(
    ours: Classifier, theirs: Classifier
):
    faces = list(ours.open_split("test").images[:4])
    asked = ours.explain(faces, methods=("gradcam",), layers=("block5/conv",))
    found = theirs.explain(faces)
    assert list(found) == list(asked) == [("gradcam", "block5/conv")]
    np.testing.assert_array_equal(
        found["gradcam", "block5/conv"].heat_map, asked["gradcam", "block5/conv"].heat_map
    )


def test_its_export_says_so_and_holds_the_same_raw_maps(
    ours: Classifier, theirs: Classifier, tmp_path: Path
):
    split = ours.open_split("test")
    theirs.export_explanations(split, tmp_path / "theirs")
    ours.export_explanations(
        split, tmp_path / "ours", methods=("gradcam",), layers=("block5/conv",)
    )
    summary = json.loads((tmp_path / "theirs" / "explanation.json").read_text())
    assert summary.pop("reference") is True
    assert summary == json.loads((tmp_path / "ours" / "explanation.json").read_text())
    found, wanted = (
        np.asarray(open_export(tmp_path / folder).heat_maps("gradcam", "block5/conv"))
        for folder in ("theirs", "ours")
    )
    np.testing.assert_array_equal(found, wanted)
    # The pictures differ, the maps do not.
    drawn = sorted((tmp_path / "theirs" / "pictures").iterdir())
    assert drawn
    assert all(
        path.read_bytes() != (tmp_path / "ours" / "pictures" / path.name).read_bytes()
        for path in drawn
    )


def test_without_it_the_defaults_are_ours(ours: Classifier):
    assert ours.default_layer == "block5/activation"
    assert default_methods(ours.config) == ("hirescam", "gradcam")
    assert ours.shown_map == "layercam@block3/activation"
    explained = ours.explain([np.zeros((64, 64), np.uint8)])
    # The map that is drawn, and the exact one beside it.
    assert list(explained) == [
        ("layercam", "block3/activation"),
        ("hirescam", "block5/activation"),
    ]


def test_the_map_that_is_drawn_gives_way_to_what_a_config_or_a_call_names(ours: Classifier):
    config = replace(ours.config, {"explanation.layers": ["block4/activation"]})
    assert dataclasses.replace(ours, config=config).shown_map == "hirescam@block5/activation"
    config = replace(ours.config, {"explanation.methods": ["gradcam"]})
    assert dataclasses.replace(ours, config=config).shown_map == "gradcam@block5/activation"
    assert list(ours.chosen_methods((), "block4/activation")) == ["hirescam", "gradcam"]
    assert list(ours.chosen_methods("eigencam", ())) == ["eigencam"]


def test_what_a_config_names_is_explained_in_the_reference_too():
    config = replace(ExperimentConfig(reference=True), {"explanation.methods": ["hirescam"]})
    assert default_methods(config) == ("hirescam",)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_model_has_a_last_convolution(name: str):
    config = ExperimentConfig(model=ModelConfig(name=name, width=0.0625), reference=True)
    model = make_model(config.model)
    variables, face = variable_shapes(model, image_size=64), blank_face(model, image_size=64)
    layer = layer_by_default(config, explainable_layers(logits_fn(model), variables, face))
    block, _, convolution = layer.partition("/")
    assert block == model.last_block
    single = name.startswith("gimefive") and name != "gimefive_residual"
    assert convolution == ("conv" if single else "conv2")


def test_min_max_scales_from_the_lowest_to_the_highest_cell():
    found = pictures.scale_to_unit(np.array([[-2.0, 1.0], [2.0, 4.0]]), min_max=True)
    np.testing.assert_allclose(found, [[0, 0.5], [2 / 3, 1]])
    assert (pictures.scale_to_unit(np.full((4, 4), 7.0), min_max=True) == 0).all()
