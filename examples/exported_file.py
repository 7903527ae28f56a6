"""Runs a file of `gimefive export` on a face: python exported_file.py small.onnx face.jpg."""

import json
import sys

import numpy as np
import onnxruntime
from PIL import Image

session = onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
face = Image.open(sys.argv[2]).convert("RGB").resize((64, 64), Image.Resampling.BILINEAR)
names = [output.name for output in session.get_outputs()]
found = dict(zip(names, session.run(names, {"faces": np.asarray(face)[None]}), strict=True))
categories = json.loads(session.get_modelmeta().custom_metadata_map["categories"])
for category, probability in zip(categories, found["probabilities"][0], strict=True):
    print(f"{category} {probability:.6f}")
np.savez("found.npz", **found)
