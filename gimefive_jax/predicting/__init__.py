"""Image files to faces, predictions, heat maps and exports, for any number of files."""

from gimefive_jax.predicting.boxes_file import OwnBoxes, read_boxes
from gimefive_jax.predicting.drawing import draw_scene
from gimefive_jax.predicting.faces import ReadFaces, read_faces
from gimefive_jax.predicting.finding import ImageFiles, UnreadableImage, find_images
from gimefive_jax.predicting.looking import FaceSearch
from gimefive_jax.predicting.photos import read_photos
from gimefive_jax.predicting.predict import PredictedImage, draw_prediction, predict_files
from gimefive_jax.predicting.rows import FaceRow, read_rows, rows_of
from gimefive_jax.predicting.scene import SceneFace, SceneReader

__all__ = [
    "FaceRow",
    "FaceSearch",
    "ImageFiles",
    "OwnBoxes",
    "PredictedImage",
    "ReadFaces",
    "SceneFace",
    "SceneReader",
    "UnreadableImage",
    "draw_prediction",
    "draw_scene",
    "find_images",
    "predict_files",
    "read_boxes",
    "read_faces",
    "read_photos",
    "read_rows",
    "rows_of",
]
