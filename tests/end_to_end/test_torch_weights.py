"""A torch user's way: a state dict comes in, predicts the same of the same files, goes back."""

import csv
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gimefive_jax import cli
from gimefive_jax.emotions import EMOTIONS
from gimefive_jax.interop.torch_names import names_of
from gimefive_jax.models import ARCHITECTURES
from tests.interop.states import make_state
from tests.tolerances import RELATIVE

torch = pytest.importorskip("torch", reason="a torch user has torch")


@pytest.fixture(scope="module")
def faces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("faces")
    generator = np.random.default_rng(0)
    for i, shape in enumerate([(12, 9, 3), (6, 6), (5, 16, 3), (8, 8, 3), (7, 7)]):
        # Blurred upwards: faces are smooth, and JPEG keeps them so.
        small = Image.fromarray(generator.integers(0, 256, shape, np.uint8))
        small.resize((90 + 7 * i, 100), Image.Resampling.BICUBIC).save(folder / f"{i}.jpg")
    return folder


@pytest.mark.parametrize(
    ("name", "width"),
    [
        *((name, 0.125) for name in ARCHITECTURES),
        *(pytest.param(name, 1.0, marks=pytest.mark.heavy) for name in ARCHITECTURES),
    ],
)
def test_a_state_dict_predicts_as_in_torch_and_goes_back_whole(
    name: str,
    width: float,
    faces: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
):
    state = {key: torch.from_numpy(v) for key, v in make_state(name, width=width).items()}
    # Logits of some units, as after training: those of random weights reach 30, and their rounding
    # of 2e-6 would be 1e-5 of a probability.
    last = f"{names_of(name).of(names_of(name).logits)}.weight"
    state[last] = state[last] / 4
    torch.save({"state_dict": {f"module.{k}": v for k, v in state.items()}}, tmp_path / "a.pth")
    for source, target in (("a.pth", "b.safetensors"), ("b.safetensors", "c.pth")):
        words = ["weights", "convert", str(tmp_path / source), str(tmp_path / target)]
        assert cli.main([*words, "--model", name]) == 0
    capsys.readouterr()
    words = ["predict", str(tmp_path / "b.safetensors"), str(faces), "--faces", "never"]
    assert cli.main(words) == 0
    rows = csv.DictReader(io.StringIO(capsys.readouterr().out))
    ours = np.array([[float(row[name]) for name in EMOTIONS] for row in rows])
    np.testing.assert_allclose(ours, _torch_probabilities(name, width, state, faces), atol=RELATIVE)

    back = torch.load(tmp_path / "c.pth", weights_only=True)
    assert back.keys() == state.keys()
    assert all(torch.equal(back[key], tensor) for key, tensor in state.items())


def _torch_probabilities(
    name: str, width: float, state: dict[str, "torch.Tensor"], folder: Path
) -> np.ndarray:
    from tests.equivalence.torch_models import make_reference

    module = make_reference(name, width=width, image_size=64)
    module.load_state_dict(state)
    mean = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)
    std = torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)
    inputs = []
    for path in sorted(folder.iterdir()):
        with Image.open(path) as image:
            grey = np.asarray(image.resize((64, 64), Image.Resampling.BILINEAR).convert("L"))
        inputs.append((torch.from_numpy(grey.copy()).expand(3, 64, 64) / 255 - mean) / std)
    with torch.inference_mode():
        return module.eval()(torch.stack(inputs)).softmax(-1).numpy()
