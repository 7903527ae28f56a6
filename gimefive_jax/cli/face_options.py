"""Options of the verbs that look for faces in image files."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from gimefive_jax.errors import InputError

if TYPE_CHECKING:
    from gimefive_jax.predicting.looking import FaceSearch


@dataclasses.dataclass(frozen=True, kw_only=True)
class FaceOptions:
    """Where the faces of image files are."""

    faces: Literal["auto", "always", "never"] = "auto"
    """Whether faces are looked for: in images that may be more than a face (longer side above 256
    pixels, or above 1.5 times the shorter one), in every image, or never: then each image is the
    face."""
    detector: Literal["blazeface", "litert", "haar"] = "blazeface"
    """What finds faces: blazeface comes along; litert is the same network, and that of the
    landmarks, in less time on a CPU, and needs gimefive-jax[litert]; haar is OpenCV's cascade as
    the paper's live demonstration uses it, and needs gimefive-jax[faces]."""
    min_face_score: float = 0.5
    """Detector's score that a face needs, from 0 to 1; higher leaves out doubtful finds."""
    one_face: bool = False
    """Only the largest face of each image counts."""
    boxes: Path | None = None
    """CSV file of boxes of your own, instead of looking for faces: its first line is
    filepath,left,top,width,height (more columns are passed over), each further line a face, in
    pixels of the upright image; without the four numbers it says that the image holds no face.
    What --out FILE.csv wrote can be read. Of each box the square around it is classified."""
    crop: tuple[int, int, int, int] | None = None
    """LEFT TOP WIDTH HEIGHT of the face in every image, in pixels, instead of looking for it; a
    square suits the network."""

    @property
    def named(self) -> tuple[str, ...]:
        """Those of these options that are not as they are by default, such as `--one-face`."""
        return tuple(
            "--" + field.name.replace("_", "-")
            for field in dataclasses.fields(FaceOptions)
            if getattr(self, field.name) != field.default
        )

    def search(self) -> "FaceSearch":
        """Gives how faces are come by.

        Raises:
          InputError: Options contradict each other, or the file of boxes is no such file.
        """
        self._check()
        from gimefive_jax.faces.detectors import make_detector
        from gimefive_jax.images import Box
        from gimefive_jax.predicting.boxes_file import read_boxes
        from gimefive_jax.predicting.looking import FaceSearch

        boxes = None if self.boxes is None else read_boxes(self.boxes)
        crop = None if self.crop is None else Box(*self.crop)
        looks = self.faces != "never" and boxes is None and crop is None
        # LiteRT finds landmarks too, wherever the faces come from.
        looks = looks or self.detector == "litert"
        return FaceSearch(
            when=self.faces,
            detector=make_detector(self.detector, min_score=self.min_face_score) if looks else None,
            one_face=self.one_face,
            crop=crop,
            boxes=boxes,
        )

    def _check(self) -> None:
        ways = {
            "--boxes": self.boxes is not None,
            "--crop": self.crop is not None,
            f"--faces {self.faces}": self.faces != "auto",
        }
        named = [way for way, is_named in ways.items() if is_named]
        if len(named) > 1:
            raise InputError(
                f"{named[0]} and {named[1]} both say where the faces are; leave one of the two out"
            )
        if not 0 <= self.min_face_score <= 1:
            raise InputError(f"--min-face-score {self.min_face_score:g} must be from 0 to 1")
