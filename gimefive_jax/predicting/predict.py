"""Image files to the faces in them and what a model says of each, for any number of files."""

import dataclasses
import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from gimefive_jax.api import Classifier
from gimefive_jax.errors import InputError
from gimefive_jax.explained.pictures import draw_panel
from gimefive_jax.predicting.drawing import draw_scene
from gimefive_jax.predicting.finding import UnreadableImage
from gimefive_jax.predicting.looking import FaceSearch, LookedAt, Way, read_in_parts
from gimefive_jax.predicting.scene import SceneFace, SceneReader
from gimefive_jax.predicting.score_panel import percent


@dataclasses.dataclass(frozen=True, eq=False)
class PredictedImage:
    """What a model says of the faces of one image file."""

    path: Path
    pixels: UInt8[np.ndarray, "height width 3"]
    """The image, upright."""
    way: Way
    """Whether the faces were found, given by the user, or the image is the face."""
    faces: tuple[SceneFace, ...]
    """Empty where none was found; the numbers of rows and pictures begin at 1."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the image, in pixels."""
        height, width, _ = self.pixels.shape
        return width, height


def predict_files(
    classifier: Classifier,
    paths: Sequence[Path],
    *,
    search: FaceSearch | None = None,
    explain: bool = False,
    abstain_below: float = 0.0,
) -> Iterator[PredictedImage | UnreadableImage]:
    """Predicts the faces of image files, some files at a time.

    Args:
      classifier: The model.
      paths: Image files.
      search: How their faces are come by; by default found where an image may be more than a face.
      explain: Whether the predicted category of each face is explained too, by the map that is
        shown by default, and its landmarks are looked for.
      abstain_below: Confidence from 0 to 1 below which a face is not sure to have its category.

    Yields:
      A result per file, in their order.

    Raises:
      InputError: The model gives logits that are no numbers, or a box lies outside of its image.

    Example:
      >>> import gimefive_jax
      >>> Image.new("L", (64, 64), 128).save("face.png")
      >>> classifier = gimefive_jax.load("small")
      >>> for image in predict_files(classifier, [Path("face.png"), Path("missing.png")]):
      ...     print(image.path, type(image).__name__)
      face.png PredictedImage
      missing.png UnreadableImage
    """
    search = search or FaceSearch()
    reader = SceneReader(
        classifier,
        detector=search.detect,
        explain=explain,
        landmarks=explain,
        batch_size=classifier.config.evaluation.batch_size,
    )
    for part in read_in_parts(paths, search, fit=classifier.config.data.fit):
        looked = [one for one in part if not isinstance(one, UnreadableImage)]
        rows = iter(reader.read_crops([face for one in looked for face in one.faces]))
        for one in part:
            yield one if isinstance(one, UnreadableImage) else _predicted(one, rows, abstain_below)


def draw_prediction(classifier: Classifier, image: PredictedImage) -> Image.Image:
    """Draws the faces into their image; an image that is a face becomes a panel.

    Args:
      classifier: The model that predicted.
      image: An image whose faces are explained.

    Returns:
      The image at its own resolution, each face with its number, box, map, landmarks and scores; or
      face, heat map with its scale, and overlay side by side.

    Raises:
      InputError: Its faces are not explained.
    """
    if any(face.heat_map is None for face in image.faces):
        raise InputError(f"{image.path} is not explained; predict with explain=True")
    min_max = classifier.config.reference
    if image.way != "whole":
        return Image.fromarray(draw_scene(image.pixels, image.faces, min_max=min_max))
    [face] = image.faces
    method, _, _ = classifier.shown_map.partition("@")
    predicted = f"{'predicted' if face.is_sure else 'unsure,'} {face.predicted}"
    title = f"{method}   |   {predicted} {percent(face.confidence)}   |   {image.path.name}"
    return draw_panel(face.pixels, np.asarray(face.heat_map), title, min_max=min_max)


def _predicted(looked: LookedAt, rows: Iterator[SceneFace], abstain_below: float) -> PredictedImage:
    faces = tuple(
        dataclasses.replace(face, is_sure=face.confidence >= abstain_below)
        for face in itertools.islice(rows, len(looked.faces))
    )
    return PredictedImage(looked.path, looked.pixels, looked.way, faces)
