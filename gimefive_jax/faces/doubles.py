"""One face that was found in several views is kept once."""

from collections.abc import Sequence

from gimefive_jax.faces.found import FaceBox, FoundFace

SAME_FACE = 0.3
# Of the smaller box: a part of a face lies inside the face.
INSIDE = 0.6


def without_doubles(faces: Sequence[FoundFace]) -> tuple[FoundFace, ...]:
    """Keeps of boxes that are of one face the surest.

    Args:
      faces: Faces of one image, in any order.

    Returns:
      Those that are kept, highest score first.
    """
    kept = list[FoundFace]()
    for face in sorted(faces, key=lambda face: -face.score):
        if not any(_same(face.box, other.box) for other in kept):
            kept.append(face)
    return tuple(kept)


def _same(one: FaceBox, other: FaceBox) -> bool:
    smaller = min(one.area, other.area)
    return one.overlap(other) > SAME_FACE or one.shared_area(other) > INSIDE * smaller
