import dataclasses

import numpy as np
import pytest

from gimefive_jax.config import ModelConfig
from gimefive_jax.errors import InputError
from gimefive_jax.interop.recognition import Recognised, recognise
from gimefive_jax.interop.torch_names import torch_shapes
from gimefive_jax.models import ARCHITECTURES, make_model
from gimefive_jax.models.cost import variable_shapes
from tests.interop.states import make_state

Shapes = dict[str, tuple[int, ...]]


def _shapes(name: str, *, width: float = 0.0625, num_classes: int = 6) -> Shapes:
    state = make_state(name, width=width, num_classes=num_classes)
    return {key: value.shape for key, value in state.items() if value.shape}


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_row_is_recognised_by_names_and_shapes(name: str):
    found = recognise(_shapes(name), what="file")
    assert found.model.width == 0.0625
    if name == "gimefive_no_dropout":
        assert found.model.name == "gimefive"
    else:
        assert found.model.name == name
    assert bool(found.note) == (name in ("gimefive", "gimefive_no_dropout"))


@pytest.mark.parametrize("width", [0.1, 0.25, 0.3, 1 / 3])
def test_a_width_is_the_shortest_number_that_gives_the_features(width: float):
    found = recognise(_shapes("gimefive", width=width), what="file")
    assert found.model.width == pytest.approx(width, abs=1e-3)
    assert len(str(found.model.width)) <= 6


def test_a_named_row_is_taken():
    found = recognise(_shapes("gimefive"), what="file", name="gimefive_no_dropout")
    assert (found.model.name, found.note) == ("gimefive_no_dropout", "")


@pytest.mark.parametrize(
    ("name", "choices"),
    [
        ("gimefive", {"depth": 3}),
        ("gimefive", {"depth": 4}),
        ("gimefive", {"depth": 6}),
        ("gimefive", {"depth": 4, "squeeze_excite": "on"}),
        ("gimefive_residual", {"depth": 3}),
        ("gimefive_residual", {"squeeze_excite": "off"}),
        ("gimefive_baseline", {"depth": 3}),
        ("gimefive_baseline", {"depth": 5}),
        ("gimefive_baseline", {"squeeze_excite": "on"}),
        ("gimefive_deep", {"depth": 5, "squeeze_excite": "on"}),
        ("vgg", {"depth": 2}),
        ("resnet18", {"input_channels": 1}),
    ],
)
def test_choices_beside_the_row_are_recognised(name: str, choices: dict[str, object]):
    state = make_state(name, **choices)
    shapes = {key: value.shape for key, value in state.items() if value.shape}
    found = recognise(shapes, what="file")
    assert found.model == dataclasses.replace(ModelConfig(name=name, width=0.0625), **choices)
    assert found.image_size == 64


@pytest.mark.parametrize(
    ("name", "choices"),
    [
        ("gimefive_se", {"depth": 3}),
        ("gimefive_se", {"squeeze_excite": "off"}),
        ("gimefive_no_dropout", {"depth": 4}),
        ("gimefive_no_dropout", {"squeeze_excite": "on"}),
    ],
)
def test_a_named_row_is_taken_with_its_choices(name: str, choices: dict[str, object]):
    state = make_state(name, **choices)
    shapes = {key: value.shape for key, value in state.items() if value.shape}
    found = recognise(shapes, what="file", name=name)
    assert found.model == dataclasses.replace(ModelConfig(name=name, width=0.0625), **choices)


@pytest.mark.parametrize("name", ["gimefive", "gimefive_residual"])
def test_seven_blocks_need_to_be_told_the_size(name: str):
    model = ModelConfig(name=name, width=0.05, depth=7)
    shapes = torch_shapes(name, variable_shapes(make_model(model), image_size=128))
    found = recognise(shapes, what="file", name=name, image_size=128)
    assert (found.model, found.image_size) == (model, 128)
    with pytest.raises(InputError, match=r"halves its faces 7 times.*say --image-size"):
        recognise(shapes, what="file", name=name)


def test_another_side_than_the_shapes_tell_is_refused():
    assert recognise(_shapes("vgg"), what="file", image_size=64).image_size == 64
    with pytest.raises(InputError, match=r"vgg for faces of 64 pixels.*not 96"):
        recognise(_shapes("vgg"), what="file", image_size=96)


def test_a_side_that_no_config_may_have_is_refused():
    shapes = _shapes("vgg")
    out, _ = shapes["classifier.0.weight"]
    shapes["classifier.0.weight"] = (out, shapes["conv6.weight"][0] * (72 // 8) ** 2)
    with pytest.raises(InputError, match="file is a vgg for faces of 72 pixels"):
        recognise(shapes, what="file")


def test_a_state_without_weights_is_refused():
    with pytest.raises(InputError, match="holds no weights"):
        recognise({}, what="file")


def test_rows_of_the_same_tensors_are_not_listed_where_none_fits():
    shapes = {**_shapes("gimefive"), "bn4.weight": (7,)}
    with pytest.raises(InputError, match=r"bn4\.weight has shape") as caught:
        recognise(shapes, what="file")
    assert "no_dropout" not in str(caught.value)
    assert "--model" not in str(caught.value)


def test_where_rows_of_other_tensors_were_tried_the_option_names_them():
    state = make_state("gimefive", depth=3)
    shapes = {key: value.shape for key, value in state.items() if value.shape}
    with pytest.raises(InputError, match=r"--model names it: .*gimefive_baseline"):
        recognise({**shapes, "bn3.weight": (7,)}, what="file")


def test_seven_categories_are_recognised():
    assert recognise(_shapes("resnet18", num_classes=7), what="file").model.num_classes == 7


def test_vgg_tells_the_side_of_its_faces():
    shapes = _shapes("vgg")
    out, _ = shapes["classifier.0.weight"]
    shapes["classifier.0.weight"] = (out, shapes["conv6.weight"][0] * (96 // 8) ** 2)
    assert recognise(shapes, what="file").image_size == 96


def _without(name: str) -> Shapes:
    shapes = _shapes("gimefive")
    del shapes[name]
    return shapes


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        (_without("conv5.bias"), r"file is no state dict of gimefive.*1 missing \(conv5.bias\)"),
        (
            {**_without("conv5.bias"), "conv5.biass": (64,)},
            "surplus .'conv5.biass', did you mean 'conv5.bias'",
        ),
        ({**_shapes("vgg"), "extra": (1,)}, "no state dict of vgg.*1 surplus .'extra'"),
        ({**_shapes("gimefive"), "bn4.weight": (7,)}, "bn4.weight has shape .7., and must have"),
        ({**_shapes("gimefive"), "conv4.bias": (7,)}, "conv4.bias has shape .7., and must have"),
        ({**_shapes("gimefive"), "fc1.weight": (7,)}, "fc1.weight has 1 axes, and must have 2"),
        ({**_shapes("gimefive"), "fc3.bias": (9,)}, "fc3 has 9 outputs, and must have 6, or 7"),
    ],
    ids=["missing", "misspelt", "surplus", "norm", "bias", "rank", "classes"],
)
def test_what_is_wrong_is_named(shapes: Shapes, message: str):
    with pytest.raises(InputError, match=message):
        recognise(shapes, what="file")


def test_an_unknown_row_is_refused():
    with pytest.raises(InputError, match="no model 'gimefife', did you mean 'gimefive'"):
        recognise(_shapes("gimefive"), what="file", name="gimefife")


def test_a_state_that_is_not_the_named_row_is_refused():
    with pytest.raises(InputError, match="no state dict of resnet18"):
        recognise(_shapes("gimefive"), what="file", name="resnet18")


def test_nothing_is_like_no_model():
    with pytest.raises(InputError, match="missing"):
        recognise({"a": np.zeros(3).shape}, what="file")


def test_the_note_names_both_rows():
    found: Recognised = recognise(_shapes("gimefive"), what="net.pth")
    assert "net.pth fits gimefive and gimefive_no_dropout" in found.note
