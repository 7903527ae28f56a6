"""Image files to predictions, heat maps and exports, for any number of files."""

from gimefive_jax.predicting.faces import ReadFaces, read_faces
from gimefive_jax.predicting.finding import ImageFiles, UnreadableImage, find_images
from gimefive_jax.predicting.predict import PredictedImage, draw_prediction, predict_files

__all__ = [
    "ImageFiles",
    "PredictedImage",
    "ReadFaces",
    "UnreadableImage",
    "draw_prediction",
    "find_images",
    "predict_files",
    "read_faces",
]
