"""`gimefive data show`: what is drawn is what a step is shown."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gimefive_jax.cli import main
from gimefive_jax.config import ExperimentConfig, replace
from gimefive_jax.data import open_split, training_batch
from gimefive_jax.report import contact_sheet
from gimefive_jax.report.contact_sheet import caption_of, draw_sheet, write_contact_sheet
from gimefive_jax.training.faces import shown_faces


def test_a_sheet_is_written_where_the_verb_says(
    data_directory: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    out = tmp_path / "new" / "sheet.png"
    words = ["data", "show", "drawn_faces", "--data-dir", str(data_directory), "--count", "10"]
    for more in ([], ["--augmented"]):
        assert main([*words, *more, "--out", str(out)]) == 0
        assert str(out) in capsys.readouterr().out
        # Eight columns: ten faces take two rows.
        with Image.open(out) as sheet:
            assert sheet.height > sheet.width / 4


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--split", "trian"], "did you mean 'train'?"),
        (["--augmented", "--config", "gimefive_fer2013_modren"], "did you mean"),
        (["--out", "sheet.jpg"], "must end in .png"),
        (["--count", "0"], "0 must be positive"),
        (["--count", "0", "--augmented"], "0 must be positive"),
        (["--augmented", "--config", "{json}"], "augments nothing; leave --augmented out"),
    ],
)
def test_a_mistake_is_one_line_that_names_it(
    more: list[str],
    message: str,
    data_directory: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
):
    (tmp_path / "plain.json").write_text("{}")
    more = [word.format(json=tmp_path / "plain.json") for word in more]
    words = ["data", "show", "drawn_faces", "--data-dir", str(data_directory)]
    assert main([*words, *more]) == 2
    assert message in capsys.readouterr().err.strip().splitlines()[-1]


def test_the_augmented_sheet_shows_what_steps_are_shown(
    tiny_config: ExperimentConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    config = replace(tiny_config, {"data.augmentation.shift": 0.1, "data.augmentation.mixup": 0.5})
    split, drawn = open_split(config.data, "train"), []

    def keep(faces: np.ndarray, captions: list[str], title: str) -> Image.Image:
        drawn.append((faces, captions))
        return draw_sheet(faces, captions, title)

    monkeypatch.setattr(contact_sheet, "draw_sheet", keep)
    write_contact_sheet(tmp_path / "sheet.png", split, config, count=20, augmented=True)
    [(faces, captions)] = drawn
    # Batches of 16: the last four faces are of the second step.
    batch = training_batch(split, 1, batch_size=16, seed=config.seed)
    wanted = shown_faces(batch, 1, config=config.data.augmentation, seed=config.seed)
    assert len(faces) == len(captions) == 20
    assert np.abs(faces[16:] / 255 - np.asarray(wanted.grey[:4, ..., 0])).max() < 0.51 / 255


def test_a_mixed_face_has_both_its_labels():
    assert caption_of("fear", "fear", 0.3) == "fear"
    assert caption_of("fear", "anger", 1.0) == "fear"
    assert caption_of("fear", "anger", 0.3) == "70% anger\n30% fear"
