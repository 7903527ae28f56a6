"""Faces in images of any size, by BlazeFace."""

import dataclasses
import functools
from collections.abc import Callable, Sequence
from typing import cast

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PyTree, UInt8

from gimefive_jax import parallel
from gimefive_jax.faces.anchors import Detections, blend_doubles, decode
from gimefive_jax.faces.blazeface import INPUT_SIDE, AnchorOutputs, BlazeFace, load_blazeface
from gimefive_jax.faces.doubles import without_doubles
from gimefive_jax.faces.found import AnyImage, FaceBox, FoundFace
from gimefive_jax.faces.image_landmarks import landmarks_of
from gimefive_jax.faces.mesh_landmarks import Look, look_by
from gimefive_jax.faces.views import View, cut_view, tile_views, whole_view
from gimefive_jax.inference import Driver

# Faces that a view may hold.
_MAX_FACES = 32
# Views at a time. On CPU one: more gain nothing there, and one program serves any number.
_BATCH_SIZE_ON_CPU, _BATCH_SIZE = 1, 16
# From this score on the whole image is believed; below it, and in tiles, the face mesh is asked.
SURE = 0.75
# By the mesh's confidence: of some 150 false finds one reached 0.501, of 59 small faces in a photo
# two stayed below 0.9.
CONFIRMED = 0.9
# Of a tile's side: a box that comes so close to its border may be of a part of a face.
MARGIN = 0.02
# Held in memory at a time.
_VIEWS_AT_ONCE = 128


Find = Callable[[UInt8[np.ndarray, "view 128 128 3"], Float[np.ndarray, " view"]], Detections]
"""From views and the score that a face of each needs to the faces, as numpy arrays."""


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
    return faces_at_anchors(cast(AnchorOutputs, BlazeFace().apply(variables, x)), min_score)


def faces_at_anchors(outputs: AnchorOutputs, min_score: Float[Array, " batch"]) -> Detections:
    """Gives the faces of views, at most 32 of each, from what BlazeFace says at its anchors."""
    return blend_doubles(decode(outputs), min_score, max_faces=_MAX_FACES)


@dataclasses.dataclass(frozen=True, eq=False)
class BlazeFaceDetector:
    """Finds faces by BlazeFace; a `FaceDetector`.

    Args:
      find: What runs BlazeFace.
      look: What runs the face mesh.
      min_score: Score that a face needs, from 0 to 1.
      max_faces: Of one image; the surest are kept.
      tiles: Whether faces that are small in their image are looked for too. What is found in tiles,
        and what is not sure, then counts only where the face mesh sees a face as well.
    """

    find: Find
    look: Look
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
        return [whole_view(size), *(tile_views(size) if self.tiles else ())]

    def _find(self, images: Sequence[AnyImage]) -> list[tuple[FoundFace, ...]]:
        """Finds the faces of images whose views are held at once."""
        views = [self._views(image) for image in images]
        pixels = [
            cut_view(image, view, side=INPUT_SIDE)
            for image, shown in zip(images, views, strict=True)
            for view in shown
        ]
        min_score = np.full(len(pixels), self.min_score, np.float32)
        found = self.find(np.stack(pixels), min_score)
        rows, proposed, sure = iter(range(len(pixels))), [], set[FoundFace]()
        for image, shown in zip(images, views, strict=True):
            each = [faces_of_view(found, next(rows), view) for view in shown]
            sure |= {face for face in each[0] if face.score >= SURE or not self.tiles}
            whole = [
                face
                for view, faces in zip(shown, each, strict=True)
                for face in faces
                if not is_cut_off(face.box, view, image.shape[:2])
            ]
            proposed.append(without_doubles(whole))
        believed = sure | self._confirmed(
            images, [[face for face in faces if face not in sure] for faces in proposed]
        )
        return [
            tuple(face for face in faces if face in believed)[: self.max_faces]
            for faces in proposed
        ]

    def _confirmed(
        self, images: Sequence[AnyImage], faces: Sequence[Sequence[FoundFace]]
    ) -> set[FoundFace]:
        """Those of some faces of each image in which the face mesh sees a face."""
        located = landmarks_of(images, faces, look=self.look, num_looks=1)
        return {
            face
            for some, landmarks in zip(faces, located, strict=True)
            for face, confidence in zip(some, landmarks.confidence.tolist(), strict=True)
            if confidence >= CONFIRMED
        }


def make_blazeface(*, min_score: float, max_faces: int, tiles: bool) -> BlazeFaceDetector:
    """Gives the detector with its shipped weights, on all devices; see `make_detector`."""
    mesh = parallel.make_mesh()
    size = _BATCH_SIZE if parallel.has_fast_loops(mesh) else _BATCH_SIZE_ON_CPU
    driver = Driver(mesh, parallel.round_up(size, mesh), smaller=(1,))
    variables = parallel.put_replicated(load_blazeface(), mesh)
    find = functools.partial(driver.run, find_in_views, variables)
    return BlazeFaceDetector(find, look_by(driver), min_score, max_faces, tiles)


def is_cut_off(box: FaceBox, view: View, size: tuple[int, int]) -> bool:
    """Tells whether a face goes on beyond its view, where the image goes on too.

    Args:
      box: Of the face, in pixels of the image.
      view: What was seen of the image.
      size: Height and width of the image.
    """
    height, width = size
    margin = MARGIN * view.side
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
