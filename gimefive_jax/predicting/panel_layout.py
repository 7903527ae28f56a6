"""Which words stand beside each face of a picture, how large, and where."""

import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np
from jaxtyping import Float

from gimefive_jax.predicting.placing import Area, Place, find_place
from gimefive_jax.predicting.score_panel import ScorePanel

# Of a face: more of it may not lie behind its own words.
_COVERED = 0.25
# Shares of the usual height of letters, and the smallest height that can be read, in pixels.
_SHARES, SMALLEST_LETTERS = (1.0, 0.75, 0.55), 9


@dataclasses.dataclass(frozen=True, eq=False)
class FaceWords:
    """What is to be said of a face."""

    area: Area
    """Of its box, inside the picture."""
    number: str
    title: str
    emotions: tuple[str, ...]
    probabilities: Float[np.ndarray, " emotion"]


@dataclasses.dataclass(frozen=True)
class PlacedPanel:
    """A panel and where it goes."""

    panel: ScorePanel
    place: Place


def lay_out(
    faces: Sequence[FaceWords], frame: tuple[int, int], *, letters: int, gap: int
) -> list[PlacedPanel]:
    """Chooses panels and their places: scores beside every face, in letters of one size.

    Letters are as large as they can be so that no panel covers a face or another panel. Where no
    size does, a panel that would cover something else becomes its title, then the number.

    Args:
      faces: What is to be said, the most important face first.
      frame: Width and height of the picture.
      letters: Usual height of the letters, in pixels.
      gap: Pixels between a face and its panel.

    Returns:
      A panel for each face; none for one beside which not even the number fits into the picture.
    """
    sizes = dict.fromkeys(max(SMALLEST_LETTERS, round(share * letters)) for share in _SHARES)
    layouts = []
    for size in sizes:
        layout = _with_letters(faces, frame, size, gap)
        if not any(_loss(layout, len(faces))):
            return layout
        layouts.append(layout)
    return min(layouts, key=lambda layout: _loss(layout, len(faces)))


def _loss(layout: Sequence[PlacedPanel], num_faces: int) -> tuple[int, int, int]:
    """Faces without scores, then what is covered of others, then of the faces themselves."""
    without = num_faces - sum(bool(one.panel.emotions) for one in layout)
    covered = sum(one.place.of_others for one in layout)
    return without, covered, sum(one.place.of_face for one in layout)


def _with_letters(
    faces: Sequence[FaceWords], frame: tuple[int, int], letters: int, gap: int
) -> list[PlacedPanel]:
    layout: list[PlacedPanel] = []
    for face in faces:
        others = [other.area for other in faces if other is not face]
        words = [one.place.area for one in layout]
        fitting = [
            PlacedPanel(
                panel,
                find_place(panel.size, frame, beside=face.area, faces=others, words=words, gap=gap),
            )
            for panel in _panels(face, letters)
            if panel.fits(frame)
        ]
        # The fullest that leaves its face to be seen; if none does, what covers least.
        seen = [one for one in fitting if one.place.of_face <= _COVERED * face.area.num_pixels]
        if fitting:
            layout.append(min(seen or fitting[-1:], key=lambda one: one.place.of_others))
    return layout


def _panels(face: FaceWords, letters: int) -> Iterator[ScorePanel]:
    """From the fullest to the smallest."""
    for words, emotions in ((face.title, face.emotions), (face.title, ()), (face.number, ())):
        yield ScorePanel(words, emotions, face.probabilities, letters)
