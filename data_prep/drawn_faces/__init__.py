"""Faces drawn from action units: a data set with planted evidence. Never called more than drawn."""

from data_prep.drawn_faces.dataset import SPLITS, DrawnFace, draw_face, draw_split

__all__ = ["SPLITS", "DrawnFace", "draw_face", "draw_split"]
