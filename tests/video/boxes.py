"""Boxes from whole numbers."""

from gimefive_jax.faces.found import FaceBox


def box(left: float, top: float, width: float, height: float) -> FaceBox:
    """A box, its sides as floats."""
    return FaceBox(float(left), float(top), float(width), float(height))
