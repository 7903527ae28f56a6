"""Makes what follows the faces of cameras, and compiles its programs before the first frame."""

import dataclasses

import numpy as np

from gimefive_jax.api import Classifier
from gimefive_jax.faces.detectors import WITH_TILES, DetectorName, make_detector
from gimefive_jax.faces.found import FaceBox, FoundFace
from gimefive_jax.live.follower import Follower
from gimefive_jax.predicting.scene import SceneReader
from gimefive_jax.video.finding import FaceFinder

# Frames from one search for small faces to the next: about a second's.
_SEARCH_EVERY = 10


@dataclasses.dataclass(frozen=True)
class LiveOptions:
    """How faces are found."""

    detector: DetectorName = "blazeface"
    min_face_score: float = 0.5
    max_faces: int = 4
    """Only so many, the largest, are classified in a frame."""


class LiveFaces:
    """Opens a follower for each camera or tab; the programs are the same for all.

    Args:
      classifier: The model.
      options: How faces are found.

    Raises:
      InputError: An option lies outside its range, or what the detector needs is missing.
    """

    def __init__(self, classifier: Classifier, options: LiveOptions) -> None:
        self._options = options
        self._search, quick = (
            make_detector(options.detector, min_score=options.min_face_score, tiles=tiles)
            for tiles in (True, False)
        )
        self._quick = quick if options.detector in WITH_TILES else None
        self._reader = SceneReader(
            classifier, detector=self._search, batch_size=min(4, options.max_faces)
        )

    def open(self) -> Follower:
        """Gives a follower that has seen no frame yet."""
        finder = FaceFinder(self._search, self._quick, search_every=_SEARCH_EVERY)
        return Follower(finder, self._reader, max_faces=self._options.max_faces)

    def warm_up(self) -> None:
        """Compiles all programs, which takes seconds once, so that no frame waits for them."""
        frame = np.full((480, 640, 3), 128, np.uint8)
        self._search([frame])
        if self._quick is not None:
            self._quick([frame])
        eyes_to_ears = ((40, 40), (60, 40), (50, 55), (50, 70), (25, 45), (75, 45))
        for count in {1, self._options.max_faces}:
            faces = [
                FoundFace(
                    FaceBox(100.0 * i, 100.0, 100.0, 100.0),
                    1.0,
                    np.array([(x + 100 * i, y + 100) for x, y in eyes_to_ears], np.float32),
                )
                for i in range(count)
            ]
            self._reader.read([frame], [faces])
