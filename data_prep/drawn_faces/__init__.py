"""Faces drawn from action units: a synthetic data set with planted evidence."""

from data_prep.drawn_faces.dataset import SPLITS, DrawnFace, draw_face, draw_split

__all__ = ["SPLITS", "DrawnFace", "draw_face", "draw_split"]
