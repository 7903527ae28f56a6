"""One pipeline from frames to faces: found, cut out, classified and explained in one program."""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float, UInt8

from gimefive_jax.api import Classifier
from gimefive_jax.errors import InputError
from gimefive_jax.evaluation.metrics import check_logits
from gimefive_jax.explanation.methods import batch_size_for, find_methods
from gimefive_jax.faces import REGIONS, Landmarks, region_sentence, share_name
from gimefive_jax.faces.crops import crop_of, cut_face
from gimefive_jax.faces.found import FaceBox, FaceDetector, FoundFace
from gimefive_jax.faces.litert import look_of
from gimefive_jax.inference import Driver
from gimefive_jax.predicting.face_crops import FaceCrop, find_landmarks, into_crop
from gimefive_jax.predicting.scene_program import ReadFaces, read_fn
from gimefive_jax.structs import AnyArray

# A region that lies outside of the crop covers none of it, but for rounding.
_NO_AREA = 1e-6
# Two programs serve every number of faces: of one face, and of so many.
_BATCH_SIZE = 8


@dataclasses.dataclass(frozen=True, eq=False)
class SceneFace:
    """A face of an image: where it is, and what the model says of it."""

    box: FaceBox
    """Around the face, in pixels of the image."""
    score: float
    """The detector's, from 0 to 1."""
    crop: FaceBox
    """What was classified, in pixels of the image."""
    pixels: UInt8[np.ndarray, "side side 3"]
    """What the network saw, before normalisation."""
    logits: Float[np.ndarray, " emotion"]
    """As the network gave them."""
    probabilities: Float[np.ndarray, " emotion"]
    """Calibrated where the model carries a calibration."""
    emotions: tuple[str, ...]
    """Names of the categories, in the order of the two above."""
    predicted: str
    """The most probable category."""
    calibrated: bool = False
    """Whether the probabilities are calibrated, or raw: the softmax of the logits."""
    is_sure: bool = True
    """False where the confidence is below the one that was asked for."""
    heat_map: Float[np.ndarray, "rows columns"] | None = None
    """Raw and signed, of the predicted category, over the crop: the map that is shown by default;
    None where nothing is explained."""
    landmarks: Float[np.ndarray, "68 2"] | None = None
    """x and y in pixels of the image; None where none were looked for or found."""
    shares: Mapping[str, float | None] = dataclasses.field(default_factory=dict)
    """Of the map's positive mass on each region, such as `share_mouth`; None without landmarks,
    empty where nothing is explained."""
    areas: Mapping[str, float | None] = dataclasses.field(default_factory=dict)
    """Share of the crop that each region covers, such as `mouth`; None and empty as above."""

    @property
    def confidence(self) -> float:
        """Probability of the predicted category."""
        return float(self.probabilities[self.emotions.index(self.predicted)])

    @property
    def sentence(self) -> str:
        """Where the evidence lies, in words; empty where no shares are known."""
        shares, times = dict[str, float](), dict[str, float]()
        for region, area in self.areas.items():
            share = self.shares[share_name(region)]
            if share is not None and area is not None:
                shares[region] = share
                times[region] = share / area if area > _NO_AREA else np.nan
        return region_sentence(self.predicted, shares, times)


@dataclasses.dataclass(frozen=True, eq=False)
class SceneReader:
    """Reads the faces of images: finds them, then classifies and explains them as one batch.

    Shapes are fixed: whatever the number of faces, one of two programs is run. A reader serves one
    caller at a time.

    Args:
      classifier: The model.
      detector: What finds the faces; see `faces.found.FaceDetector`. Where LiteRT runs it, LiteRT
        runs the face mesh too.
      explain: Whether the predicted category of each face is explained.
      landmarks: Whether 68 landmarks are looked for on each face.
      one_face: Whether only the largest face of each image counts.
      batch_size: Faces per call of the program, except for a single one.
      num_looks: How often the mesh looks for the landmarks of a face: once is enough where boxes
        and eyes are smoothed over time.

    Example:
      >>> import gimefive_jax
      >>> whole = FaceBox(0.0, 0.0, 64.0, 64.0)
      >>> reader = SceneReader(
      ...     gimefive_jax.load("small"),
      ...     detector=lambda images: [(FoundFace(whole, 1.0),) for _ in images],
      ...     landmarks=False,
      ... )
      >>> [[face]] = reader.read([np.full((64, 64, 3), 128, np.uint8)])
      >>> face.probabilities.shape, face.heat_map.shape
      ((6,), (16, 16))
    """

    classifier: Classifier
    _: dataclasses.KW_ONLY
    detector: FaceDetector
    explain: bool = True
    landmarks: bool = True
    one_face: bool = False
    batch_size: int = _BATCH_SIZE
    num_looks: int = 2

    def read(
        self,
        images: Sequence[UInt8[np.ndarray, "height width 3"]],
        boxes: Sequence[Sequence[FoundFace]] | None = None,
    ) -> list[tuple[SceneFace, ...]]:
        """Reads the faces of some images.

        Args:
          images: RGB, each of any size.
          boxes: The faces of each image, where they are known; None asks the detector.

        Returns:
          For each image its faces, in the detector's order; none where it has no face.

        Raises:
          InputError: There are boxes for another number of images, or the model gives logits that
            are no numbers.
        """
        found = self._faces(images, boxes)
        rows = iter(
            self.read_crops(
                [
                    FaceCrop(image, face, crop_of(face))
                    for image, faces in zip(images, found, strict=True)
                    for face in faces
                ]
            )
        )
        return [tuple(next(rows) for _ in faces) for faces in found]

    def _faces(
        self,
        images: Sequence[UInt8[np.ndarray, "height width 3"]],
        boxes: Sequence[Sequence[FoundFace]] | None,
    ) -> list[tuple[FoundFace, ...]]:
        found = self.detector(images) if boxes is None else [tuple(faces) for faces in boxes]
        if len(found) != len(images):
            raise InputError(
                f"faces of {len(found)} images are given for {len(images)} images; give each image "
                "its own, or none"
            )
        return [largest(faces) for faces in found] if self.one_face else found

    def read_crops(self, shown: Sequence[FaceCrop]) -> list[SceneFace]:
        """Reads faces whose crops are known.

        Args:
          shown: Faces, each with the image that it is in and what of it is classified.

        Returns:
          What the model says of each.

        Raises:
          InputError: A crop does not meet its image, or the model gives logits that are no numbers.
        """
        if not shown:
            return []
        side = self.classifier.config.data.image_size
        pixels = np.stack([cut_face(one.image, one.crop, side) for one in shown])
        marks = None
        if self.landmarks:
            marks = find_landmarks(
                shown,
                pixels,
                driver=self._driver(),
                look=look_of(self.detector),
                num_looks=self.num_looks,
            )
        read = self._run(shown, pixels, marks)
        logits = np.asarray(read.logits)
        heat_maps = None if read.heat_map is None else np.asarray(read.heat_map)
        check_logits(logits, self.classifier.name)
        regions = REGIONS if self.explain else ()
        names = tuple(map(share_name, regions))
        shares = _by_region(names, read.shares, marks, len(shown))
        areas = _by_region(regions, read.areas, marks, len(shown))
        probabilities = self.classifier.readout.probabilities(logits).astype(np.float32)
        return [
            SceneFace(
                box=one.face.box,
                score=one.face.score,
                crop=one.crop,
                pixels=pixels[i],
                logits=logits[i],
                probabilities=probabilities[i],
                emotions=self.classifier.emotions,
                predicted=self.classifier.emotions[int(logits[i].argmax())],
                calibrated=self.classifier.readout.is_calibrated,
                heat_map=None if heat_maps is None else heat_maps[i],
                landmarks=marks.points[i] if marks is not None and marks.found[i] else None,
                shares=shares[i],
                areas=areas[i],
            )
            for i, one in enumerate(shown)
        ]

    def _run(
        self,
        shown: Sequence[FaceCrop],
        pixels: UInt8[np.ndarray, "face side side 3"],
        marks: Landmarks | None,
    ) -> ReadFaces:
        model, explain = self.classifier, None
        if self.explain:
            explain = model.explain_function(model.shown_map, model.default_layer)
        averages_views = model.config.evaluation.flip
        read = read_fn(model.predict_function, explain, averages_views=averages_views)
        columns = list[Float[np.ndarray, "face 68 2"]]()
        if marks is not None and self.explain:
            pairs = zip(marks.points, shown, strict=True)
            columns = [np.stack([into_crop(row, one.crop, pixels.shape[1]) for row, one in pairs])]
        return self._driver().run(read, model.placed_variables, pixels, *columns)

    def _driver(self) -> Driver:
        size = self.batch_size
        if self.explain:
            size = batch_size_for(find_methods(self.classifier.shown_map).values(), size)
        return Driver(self.classifier.mesh, size, smaller=(1,))


def largest(faces: Sequence[FoundFace]) -> tuple[FoundFace, ...]:
    """Gives the largest of some faces alone; none of none."""
    return (max(faces, key=lambda face: face.box.area),) if faces else ()


def _by_region(
    names: Sequence[str],
    values: Float[AnyArray, "face region"] | None,
    marks: Landmarks | None,
    count: int,
) -> list[dict[str, float | None]]:
    """Values of each face by name; None where they are not known."""
    if values is None or marks is None:
        return [dict.fromkeys(names) for _ in range(count)]
    return [
        dict(zip(names, row, strict=True)) if found else dict.fromkeys(names)
        for row, found in zip(np.asarray(values).tolist(), marks.found.tolist(), strict=True)
    ]
