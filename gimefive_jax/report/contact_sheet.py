"""A sheet of faces as the network sees them, each with its label."""

import functools
from pathlib import Path

import jax
import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageDraw

from gimefive_jax import files, preprocess
from gimefive_jax.config import ExperimentConfig
from gimefive_jax.data import Split, sample_faces, training_batch
from gimefive_jax.errors import InputError
from gimefive_jax.plots import font
from gimefive_jax.structs import ShownFaces
from gimefive_jax.training.faces import shown_faces

_COLUMNS, _SIDE, _MARGIN, _TEXT = 8, 104, 8, 12
_LINE = _TEXT + 3


def write_contact_sheet(
    path: Path, split: Split, config: ExperimentConfig, *, count: int, augmented: bool
) -> None:
    """Writes some faces of a split, each with its label, as a PNG file.

    Args:
      path: The file.
      split: The faces.
      config: Says how training augments.
      count: How many faces.
      augmented: Show the first faces that training by `config` shows its network, pixel for pixel
        but for the normalisation; else faces spread evenly over the split.

    Raises:
      InputError: If `count` is not positive.
    """
    if augmented:
        faces, captions = _first_shown(split, config, count)
        title = f"{split.data_name} {split.name}: the first faces that training shows"
    else:
        sample = sample_faces(split, count)
        faces = np.asarray(preprocess.to_grey(sample.images))
        captions = [split.emotions[label] for label in sample.labels]
        title = f"{split.data_name} {split.name}: faces before augmentation"
    with files.replacing(path) as temporary:
        draw_sheet(faces[..., 0], captions, title).save(temporary, format="PNG")


def draw_sheet(
    faces: UInt8[np.ndarray, "face height width"], captions: list[str], title: str
) -> Image.Image:
    """Draws grey faces in rows under a title, each over its caption.

    Args:
      faces: uint8 `[face, height, width]`.
      captions: Of each face, up to two lines.
      title: A line above them.
    """
    rows = -(-len(faces) // _COLUMNS)
    width, height = _SIDE + _MARGIN, _SIDE + 2 * _LINE + _MARGIN
    top = 2 * _MARGIN + _LINE
    size = (_COLUMNS * width + _MARGIN, top + rows * height + _MARGIN)
    sheet = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(sheet)
    draw.text((_MARGIN, _MARGIN), title, fill="black", font=font(_TEXT))
    for number, (face, caption) in enumerate(zip(faces, captions, strict=True)):
        row, column = divmod(number, _COLUMNS)
        left, upper = _MARGIN + column * width, top + row * height
        # Plain cells: smoothing would show what the network does not see.
        large = Image.fromarray(face).resize((_SIDE, _SIDE), Image.Resampling.NEAREST)
        sheet.paste(large.convert("RGB"), (left, upper))
        draw.text((left, upper + _SIDE), caption, fill="black", font=font(_TEXT), spacing=1)
    return sheet


def caption_of(label: str, other_label: str, share: float) -> str:
    """Names the label of a face, or both of a mixed one by their shares, the heavier first.

    Args:
      label: Of the face itself.
      other_label: Of the face that was mixed in.
      share: How much of the face itself is left, from 0 to 1.
    """
    shares = {label: 0.0, other_label: 0.0}
    shares[label] += share
    shares[other_label] += 1 - share
    parts = sorted((part for part in shares.items() if part[1] >= 0.005), key=lambda part: -part[1])
    if len(parts) == 1:
        return parts[0][0]
    return "\n".join(f"{share:.0%} {name}" for name, share in parts)


def _first_shown(
    split: Split, config: ExperimentConfig, count: int
) -> tuple[UInt8[np.ndarray, "face height width 1"], list[str]]:
    if count <= 0:
        raise InputError(f"count {count} must be positive")
    show = jax.jit(
        functools.partial(shown_faces, config=config.data.augmentation, seed=config.seed)
    )
    batch_size = config.training.batch_size
    shown: list[ShownFaces] = [
        jax.device_get(
            show(training_batch(split, step, batch_size=batch_size, seed=config.seed), step)
        )
        for step in range(-(-count // batch_size))
    ]
    grey = np.concatenate([np.asarray(faces.grey) for faces in shown])[:count]
    captions = [
        caption_of(split.emotions[label], split.emotions[other], float(share))
        for faces in shown
        for label, other, share in zip(faces.label, faces.other_label, faces.share, strict=True)
    ]
    return (np.clip(grey, 0, 1) * 255).round().astype(np.uint8), captions[:count]
