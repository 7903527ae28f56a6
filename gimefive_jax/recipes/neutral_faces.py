"""How sure a model without a neutral category is of neutral faces."""

import dataclasses

import numpy as np

from gimefive_jax import api
from gimefive_jax.config import DataConfig
from gimefive_jax.data import data_directory, list_prepared, open_split
from gimefive_jax.data.split import take_faces
from gimefive_jax.evaluation.answers import Answers
from gimefive_jax.evaluation.measurements import NeutralFaces
from gimefive_jax.readout import Readout
from gimefive_jax.statistics import wilson_interval

NEUTRAL, VARIANT = "neutral", "seven"
THRESHOLD = 0.9


def measure_neutral(
    classifier: api.Classifier, data: DataConfig, split: str, *, readout: Readout
) -> NeutralFaces | None:
    """Measures the share of neutral faces that get a category with high confidence.

    Args:
      classifier: The model.
      data: What it is measured on; its variant `seven` has the neutral faces.
      split: Name of the split.
      readout: How logits become probabilities.

    Returns:
      The share; None where the model has a neutral category, or no such faces are prepared.
    """
    own = dataclasses.replace(data, variant=VARIANT)
    prepared = {str(one.data_name): one for one in list_prepared(data_directory(data.directory))}
    found = prepared.get(str(own.data_name))
    if NEUTRAL in classifier.emotions or found is None or split not in found.splits:
        return None
    whole = open_split(own, split)
    rows = np.flatnonzero(whole.labels == whole.emotions.index(NEUTRAL))
    if not len(rows):
        return None
    # Under the model's categories, none of which these faces have.
    faces = dataclasses.replace(take_faces(whole, rows), emotions=classifier.emotions)
    logits = classifier.logits(faces)
    answers = Answers(logits, np.zeros(len(rows), np.int64), readout)
    num_confident = int((answers.confidence >= THRESHOLD).sum())
    return NeutralFaces(
        data=whole.data_name,
        split=split,
        count=len(rows),
        num_confident=num_confident,
        share=num_confident / len(rows),
        interval_95=wilson_interval(num_confident, len(rows)),
        threshold=THRESHOLD,
        calibrated=readout.is_calibrated,
    )
