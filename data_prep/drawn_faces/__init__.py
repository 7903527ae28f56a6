"""Faces drawn from action units: a data set with planted evidence. Never called more than drawn."""

from data_prep.drawn_faces.dataset import SPLITS, DrawnFace, draw_face, draw_split

# Raised when the drawing changes what comes out of the same numbers.
DRAWING_VERSION = 1

__all__ = ["DRAWING_VERSION", "SPLITS", "DrawnFace", "draw_face", "draw_split"]
