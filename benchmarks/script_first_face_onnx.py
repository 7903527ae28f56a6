"""A plain onnxruntime script, as one is written by hand: photo to explained face (`first_face.py`).

python benchmarks/script_first_face_onnx.py photo.jpg small.onnx out.png
"""

import json
import sys

import cv2
import numpy as np
import onnxruntime
from PIL import Image

SIDE = 64


def main(photo: str, model: str, out: str) -> None:
    """From the file to the picture; the model file explains, too."""
    image = np.asarray(Image.open(photo).convert("RGB"))
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    cascade = cv2.CascadeClassifier(cv2.data.haarcascades + "haarcascade_frontalface_default.xml")
    left, top, width, height = max(
        cascade.detectMultiScale(grey, 1.1, 5), key=lambda box: box[2] * box[3]
    )
    face = Image.fromarray(image).crop((left, top, left + width, top + height))
    pixels = np.asarray(face.resize((SIDE, SIDE), Image.Resampling.BILINEAR))
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    [name] = [one.name for one in session.get_inputs()]
    probabilities, heat = session.run(["probabilities", "heat_map"], {name: pixels[None]})
    label = int(probabilities[0].argmax())
    categories = json.loads(session.get_modelmeta().custom_metadata_map["categories"])
    heat = np.maximum(heat[0], 0)
    heat = cv2.resize(heat / max(heat.max(), 1e-9), (int(width), int(height)))
    colours = cv2.applyColorMap((255 * heat).astype(np.uint8), cv2.COLORMAP_INFERNO)[..., ::-1]
    drawn = image.copy()
    place = drawn[top : top + height, left : left + width]
    place[:] = place // 2 + colours // 2
    title = f"{categories[label]} {probabilities[0, label]:.0%}"
    cv2.putText(drawn, title, (left, top - 4), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (255, 255, 255))
    Image.fromarray(drawn).save(out)


if __name__ == "__main__":
    main(*sys.argv[1:])
