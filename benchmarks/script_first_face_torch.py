"""A plain torch script, as one is written by hand: photo to explained face (`first_face.py`).

python benchmarks/script_first_face_torch.py photo.jpg small.pth out.png matplotlib|opencv
"""

import sys

import cv2
import numpy as np
import torch
from PIL import Image
from torch import nn

CATEGORIES = ("happiness", "surprise", "sadness", "anger", "disgust", "fear")
MEAN, STD = (torch.tensor(v)[:, None, None] for v in ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]))
SIDE = 64


class Net(nn.Module):
    """Five blocks of convolution, norm, ReLU and pooling, then three dense layers."""

    def __init__(self, state: "dict[str, torch.Tensor]") -> None:
        super().__init__()
        for i in range(1, 6):
            after, before = state[f"conv{i}.weight"].shape[:2]
            setattr(self, f"conv{i}", nn.Conv2d(before, after, 3, padding=1))
            setattr(self, f"bn{i}", nn.BatchNorm2d(after))
        for i in range(1, 4):
            after, before = state[f"fc{i}.weight"].shape
            setattr(self, f"fc{i}", nn.Linear(before, after))
        self.load_state_dict(state, strict=False)

    def forward(self, x: "torch.Tensor") -> "tuple[torch.Tensor, torch.Tensor]":
        """Logits and the last activation."""
        for i in range(1, 6):
            activation = getattr(self, f"bn{i}")(getattr(self, f"conv{i}")(x)).relu()
            x = nn.functional.max_pool2d(activation, 2)
        x = self.fc1(x.mean((2, 3))).relu()
        return self.fc3(self.fc2(x).relu()), activation


def main(photo: str, weights: str, out: str, drawn_by: str) -> None:
    """From the file to the picture."""
    image = np.asarray(Image.open(photo).convert("RGB"))
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    cascade = cv2.CascadeClassifier(cv2.data.haarcascades + "haarcascade_frontalface_default.xml")
    left, top, width, height = max(
        cascade.detectMultiScale(grey, 1.1, 5), key=lambda box: box[2] * box[3]
    )
    face = Image.fromarray(grey).crop((left, top, left + width, top + height))
    pixels = torch.from_numpy(np.array(face.resize((SIDE, SIDE), Image.Resampling.BILINEAR)))
    net = Net(torch.load(weights, weights_only=True)).eval()
    logits, activation = net((pixels[None, None] / 255 - MEAN) / STD)
    label = int(logits.argmax())
    (slope,) = torch.autograd.grad(logits[0, label], activation)
    heat = (slope.mean((2, 3), keepdim=True) * activation).sum(1).relu()[0].detach().numpy()
    heat = cv2.resize(heat / max(heat.max(), 1e-9), (int(width), int(height)))
    title = f"{CATEGORIES[label]} {float(logits.softmax(1)[0, label]):.0%}"
    if drawn_by == "matplotlib":
        from matplotlib import pyplot

        pyplot.imshow(image)
        pyplot.imshow(
            heat, cmap="inferno", alpha=0.5, extent=(left, left + width, top + height, top)
        )
        pyplot.xlim(0, image.shape[1])
        pyplot.ylim(image.shape[0], 0)
        pyplot.title(title)
        pyplot.axis("off")
        pyplot.savefig(out)
        return
    colours = cv2.applyColorMap((255 * heat).astype(np.uint8), cv2.COLORMAP_INFERNO)[..., ::-1]
    drawn = image.copy()
    place = drawn[top : top + height, left : left + width]
    place[:] = place // 2 + colours // 2
    cv2.putText(drawn, title, (left, top - 4), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (255, 255, 255))
    Image.fromarray(drawn).save(out)


if __name__ == "__main__":
    main(*sys.argv[1:])
