"""Image files to predictions and heat maps, one typed row per image, for any number of files."""

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path

import jax
import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image

from gimefive_jax.api import Classifier
from gimefive_jax.errors import InputError
from gimefive_jax.evaluation.metrics import check_logits
from gimefive_jax.explained.pictures import draw_panel
from gimefive_jax.images import Box
from gimefive_jax.predicting.finding import UnreadableImage, may_be_a_whole_photo, read_image
from gimefive_jax.structs import Explanation

# Decoded at once: bounds the memory for any number of files.
_CHUNK = 256


@dataclasses.dataclass(frozen=True, eq=False)
class PredictedImage:
    """What a model says of one image file."""

    path: Path
    size: tuple[int, int]
    """Width and height of what was shown to the model, in pixels of the file."""
    pixels: UInt8[np.ndarray, "height width 3"]
    """What the network sees, before normalisation."""
    probabilities: Float[np.ndarray, " emotion"]
    predicted: str
    """The most probable category."""
    method: str = ""
    """Of the explanation; empty where none was asked for."""
    explanation: Explanation | None = None
    """A batch of one: of the face as it is, also where probabilities are averaged over its mirror
    image."""

    @property
    def may_be_a_whole_photo(self) -> bool:
        """Whether size and shape are those of a photo with a face somewhere in it."""
        return may_be_a_whole_photo(self.size)


def predict_files(
    classifier: Classifier,
    paths: Sequence[Path],
    *,
    crop: Box | None = None,
    explain: bool = False,
) -> Iterator[PredictedImage | UnreadableImage]:
    """Predicts image files, some hundred at a time.

    Args:
      classifier: The model.
      paths: Image files, each taken as one face.
      crop: Where the face lies in every image; None takes the whole image.
      explain: Whether the predicted category is explained too, by the map that is shown by default.

    Yields:
      A row per file, in their order.

    Raises:
      InputError: The model gives logits that are no numbers.

    Example:
      >>> import gimefive_jax
      >>> Image.new("L", (64, 64), 128).save("face.png")
      >>> classifier = gimefive_jax.load("small")
      >>> for row in predict_files(classifier, [Path("face.png"), Path("missing.png")]):
      ...     print(row.path, type(row).__name__)
      face.png PredictedImage
      missing.png UnreadableImage
    """
    for start in range(0, len(paths), _CHUNK):
        chunk = [read_image(path, crop) for path in paths[start : start + _CHUNK]]
        good = [one for one in chunk if not isinstance(one, UnreadableImage)]
        rows = iter(_predict(classifier, good, explain) if good else ())
        for one in chunk:
            yield one if isinstance(one, UnreadableImage) else next(rows)


def draw_prediction(classifier: Classifier, row: PredictedImage) -> Image.Image:
    """Draws a panel: face, heat map with its scale, overlay.

    Args:
      classifier: The model that the row is of.
      row: A row with an explanation.

    Returns:
      The picture.
    """
    explanation = row.explanation
    if explanation is None:
        raise InputError(f"{row.path} is not explained; predict with explain=True")
    emotion = classifier.emotions[int(explanation.target[0])]
    # Of the face that is drawn, also where the row averages it with its mirror image.
    share = float(np.asarray(explanation.predictions.probabilities)[0].max())
    title = (
        f"{row.method} for {emotion}   |   predicted {emotion} {share:.0%}   |   {row.path.name}"
    )
    heat_map = np.asarray(explanation.heat_map[0])
    return draw_panel(row.pixels, heat_map, title, min_max=classifier.config.reference)


def _predict(
    classifier: Classifier, read: Sequence[tuple[Path, Image.Image]], explain: bool
) -> Iterator[PredictedImage]:
    # One at a time, so that no second copy of all images is held.
    pixels = [classifier.pixels(image)[0] for _, image in read]
    method, explanation = "", None
    if explain:
        found = classifier.explain(pixels, methods=classifier.shown_map)
        [((method, _), explanation)] = found.items()
    if explanation is not None and not classifier.config.evaluation.flip:
        # Its program gives the logits too: one pass serves both.
        predictions = explanation.predictions
    else:
        predictions = classifier.predict(pixels)
    check_logits(np.asarray(predictions.logits), classifier.name)
    probabilities = np.asarray(predictions.probabilities)
    explanation = jax.device_get(explanation)
    for i, (path, image) in enumerate(read):
        yield PredictedImage(
            path=path,
            size=image.size,
            pixels=pixels[i],
            probabilities=probabilities[i],
            predicted=classifier.emotions[int(probabilities[i].argmax())],
            method=method,
            explanation=jax.tree.map(lambda leaf, i=i: leaf[i : i + 1], explanation),
        )
