"""What the page has to know before the first face."""

import dataclasses
import json
from collections.abc import Mapping

from gimefive_jax.api import Classifier
from gimefive_jax.explanation.methods import METHOD_FACTS
from gimefive_jax.faces import anchors, crops, doubles, finding, image_landmarks, mesh_landmarks
from gimefive_jax.faces import views as square_views
from gimefive_jax.images import Fit
from gimefive_jax.json_records import to_json
from gimefive_jax.live.answers import About
from gimefive_jax.live.frames import MAX_SIDE
from gimefive_jax.live.page_reader import colour_ramp
from gimefive_jax.predicting import finding as image_files

# As `faces.make_detector` and `gimefive live` have them by default.
_MIN_SCORE, _MAX_FACES, _MAX_FACES_OF_CAMERA = 0.5, 32, 4


@dataclasses.dataclass(frozen=True)
class SearchRules:
    """How faces are found and cut out here, for the page to do the same."""

    min_score: float = _MIN_SCORE
    max_faces: int = _MAX_FACES
    max_faces_of_camera: int = _MAX_FACES_OF_CAMERA
    same_anchor: float = anchors.SAME_FACE
    """Overlap from which on two proposals of a view are of one face."""
    same_face: float = doubles.SAME_FACE
    """The same for faces of several views."""
    inside: float = doubles.INSIDE
    margin: float = finding.MARGIN
    sure: float = finding.SURE
    confirmed: float = finding.CONFIRMED
    tiles: tuple[float, ...] = square_views.TILES
    smallest_tile: int = square_views.SMALLEST_TILE
    step: float = square_views.STEP
    region: float = image_landmarks.REGION
    region_side: int = image_landmarks.REGION_SIDE
    mesh_scale: float = mesh_landmarks.SCALE
    centre_up: float = crops.CENTRE_UP
    scale: float = crops.SCALE
    largest_crop: int = image_files.LARGEST_CROP
    longest_crop: float = image_files.LONGEST_CROP


@dataclasses.dataclass(frozen=True)
class PageFacts:
    """What the page reads first, from `about.json`."""

    about: About
    side: int
    """Of the faces that the model takes, in pixels."""
    fit: Fit
    """How an image that is a face becomes a square."""
    file: Mapping[str, str]
    """What the ONNX file of the model says of itself."""
    search: SearchRules = dataclasses.field(default_factory=SearchRules)

    @classmethod
    def of(cls, classifier: Classifier, file: Mapping[str, str]) -> "PageFacts":
        """Gives the facts of a model.

        Args:
          classifier: The model.
          file: Metadata of its ONNX file, with `method` and `layer` of the maps.
        """
        method, layer = file["method"], file["layer"]
        about = About(
            model=classifier.name,
            notice=classifier.notice,
            emotions=classifier.emotions,
            map_name=f"{METHOD_FACTS[method].title} at {layer or 'the input'}" if method else "",
            colours=colour_ramp(),
            max_side=MAX_SIDE,
        )
        data = classifier.config.data
        return cls(about, data.image_size, data.fit, file)

    def text(self) -> str:
        """Gives the facts as JSON."""
        return json.dumps(to_json(self), indent=1, allow_nan=False) + "\n"
