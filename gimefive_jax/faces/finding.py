"""Faces in images of any size, by BlazeFace."""

import dataclasses
from collections.abc import Sequence
from typing import cast

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PyTree, UInt8

from gimefive_jax import parallel
from gimefive_jax.faces.anchors import Detections, blend_doubles, decode
from gimefive_jax.faces.blazeface import INPUT_SIDE, AnchorOutputs, BlazeFace, load_blazeface
from gimefive_jax.faces.doubles import without_doubles
from gimefive_jax.faces.found import AnyImage, FaceBox, FoundFace
from gimefive_jax.faces.views import View, cut_view, tile_views, whole_view
from gimefive_jax.inference import Driver

# Faces that a view may hold.
_MAX_FACES = 32
_BATCH_SIZE = 1
# Side in pixels: a face that fills a fifth of such a tile is too small to be classified.
_SMALLEST_TILE = 256
# In the parts of an image there is more that resembles a face than in all of it.
_MIN_TILE_SCORE = 0.75
# Of a tile's side: a box that comes so close to its border may be of a part of a face.
_MARGIN = 0.02
# Held in memory at a time.
_VIEWS_AT_ONCE = 128


def find_in_views(
    variables: PyTree,
    views: UInt8[Array, "batch 128 128 3"],
    min_score: Float[Array, " batch"],
) -> Detections:
    """Finds the faces of square views: a pure function for the driver.

    Args:
      variables: Of `BlazeFace`.
      views: Red, green and blue.
      min_score: That a face needs, for each view.

    Returns:
      At most 32 faces of each view.
    """
    # uint8 to what the network was trained on.
    x = views.astype(jnp.float32) / 127.5 - 1
    outputs = cast(AnchorOutputs, BlazeFace().apply(variables, x))
    return blend_doubles(decode(outputs), min_score, max_faces=_MAX_FACES)


@dataclasses.dataclass(frozen=True, eq=False)
class BlazeFaceDetector:
    """Finds faces by BlazeFace; a `FaceDetector`.

    Args:
      variables: Of the network.
      driver: Devices and batch size.
      min_score: Score that a face needs, from 0 to 1.
      max_faces: Of one image; the surest are kept.
      tiles: Whether faces that are small in their image are looked for too.
    """

    variables: PyTree
    driver: Driver
    min_score: float
    max_faces: int
    tiles: bool

    def __call__(self, images: Sequence[AnyImage]) -> list[tuple[FoundFace, ...]]:
        """Gives the faces of each image, highest score first."""
        found, some, count = list[tuple[FoundFace, ...]](), [], 0
        for image in images:
            some.append(image)
            count += len(self._views(image))
            if count >= _VIEWS_AT_ONCE:
                found += self._find(some)
                some, count = [], 0
        return found + self._find(some) if some else found

    def _views(self, image: AnyImage) -> list[View]:
        size = image.shape[:2]
        tiles = tile_views(size, smallest=_SMALLEST_TILE) if self.tiles else []
        return [whole_view(size), *tiles]

    def _find(self, images: Sequence[AnyImage]) -> list[tuple[FoundFace, ...]]:
        """Finds the faces of images whose views are held at once."""
        views = [self._views(image) for image in images]
        pixels = [
            cut_view(image, view, side=INPUT_SIDE)
            for image, shown in zip(images, views, strict=True)
            for view in shown
        ]
        needed = max(self.min_score, _MIN_TILE_SCORE)
        min_score = np.array(
            [needed if tile else self.min_score for shown in views for tile in range(len(shown))],
            np.float32,
        )
        found = self.driver.run(find_in_views, self.variables, np.stack(pixels), min_score)
        rows, faces = iter(range(len(pixels))), []
        for image, shown in zip(images, views, strict=True):
            every = [
                face
                for view in shown
                for face in faces_of_view(found, next(rows), view)
                if not is_cut_off(face.box, view, image.shape[:2])
            ]
            faces.append(without_doubles(every)[: self.max_faces])
        return faces


def make_blazeface(*, min_score: float, max_faces: int, tiles: bool) -> BlazeFaceDetector:
    """Gives the detector with its shipped weights, on all devices; see `make_detector`."""
    mesh = parallel.make_mesh()
    driver = Driver(mesh, batch_size=parallel.round_up(_BATCH_SIZE, mesh))
    variables = parallel.put_replicated(load_blazeface(), mesh)
    return BlazeFaceDetector(variables, driver, min_score, max_faces, tiles)


def is_cut_off(box: FaceBox, view: View, size: tuple[int, int]) -> bool:
    """Tells whether a face goes on beyond its view, where the image goes on too.

    Args:
      box: Of the face, in pixels of the image.
      view: What was seen of the image.
      size: Height and width of the image.
    """
    height, width = size
    margin = _MARGIN * view.side
    axes = (
        (view.left, width, box.left, box.left + box.width),
        (view.top, height, box.top, box.top + box.height),
    )
    for start, length, low, high in axes:
        end = start + view.side
        if (start > 0 and low < start + margin) or (end < length and high > end - margin):
            return True
    return False


def faces_of_view(found: Detections, row: int, view: View) -> list[FoundFace]:
    """Gives the faces of a view in pixels of its image.

    Args:
      found: Of many views, as numpy arrays.
      row: Number of the view.
      view: Where it lies in its image.
    """
    count = int((found.scores[row] > 0).sum())
    corners = view.to_image(np.asarray(found.corners[row, :count]).reshape(-1, 2, 2))
    keypoints = view.to_image(np.asarray(found.keypoints[row, :count]))
    faces = []
    for number in range(count):
        (left, top), (right, bottom) = corners[number].tolist()
        box = FaceBox(left, top, right - left, bottom - top)
        faces.append(FoundFace(box, float(found.scores[row, number]), keypoints[number]))
    return faces
