"""How often the label of a still face changes: of each frame alone, held, and over time.

    python benchmarks/video_labels.py [--seconds 30] [--rate 30]

The face does not move; it is out of focus, in little light and in a sensor's noise, so that it lies
between categories. Each light is a clip of its own. Needs scikit-image for the photo.
"""

import argparse
from collections.abc import Iterator

import numpy as np

import gimefive_jax
from gimefive_jax.faces import make_detector
from gimefive_jax.predicting.scene import SceneReader
from gimefive_jax.video.finding import FaceFinder
from gimefive_jax.video.labels import LabelRules, TrackLabel, next_label
from gimefive_jax.video.tracks import Tracks
from tests.video.walks import still

RULES = {"each frame": LabelRules(), "--hold 5": LabelRules(hold=5), "--smooth": LabelRules(True)}
BATCH = 8


def main() -> None:
    arguments = _parse()
    print("| light | " + " | ".join(RULES) + " | fewer by --smooth |")
    print("|---|" + "---|" * (len(RULES) + 1))
    whole = np.zeros(len(RULES))
    for light in arguments.lights:
        flips = flips_per_minute(light, arguments.seconds, arguments.rate)
        whole += flips
        print(_row(f"{light:g}", flips))
    print(_row("mean", whole / len(arguments.lights)))


def flips_per_minute(light: float, seconds: float, rate: int) -> np.ndarray:
    """Changes of the label per minute, for each of `RULES`."""
    labels: dict[str, list[TrackLabel]] = {name: [] for name in RULES}
    for number, face in faces_of(still(int(seconds * rate), light=light), rate):
        for name, rules in RULES.items():
            before = labels[name][-1] if labels[name] else None
            labels[name].append(next_label(before, face, number, number / rate, rules=rules))
    shown = [[label.shown.category for label in labels[name]] for name in RULES]
    return np.array([np.count_nonzero(np.diff(one)) for one in shown]) * 60 / seconds


def faces_of(images: Iterator[np.ndarray], rate: int) -> Iterator[tuple]:
    """Number of the frame and the reading of its face."""
    detector = make_detector(tiles=False)
    finder = FaceFinder(detector, detector).at_rate(rate)
    reader = SceneReader(
        gimefive_jax.load("small"), detector=detector, explain=False, landmarks=False
    )
    tracks, frames = Tracks(), list(images)
    for start in range(0, len(frames), BATCH):
        batch = frames[start : start + BATCH]
        numbers = range(start, start + len(batch))
        found = finder.find(batch, numbers, [number / rate for number in numbers], tracks)
        tracks = found[-1].tracks
        read = reader.read(batch, [one.faces for one in found])
        yield from (
            (number, faces[0]) for number, faces in zip(numbers, read, strict=True) if faces
        )


def _row(name: str, flips: np.ndarray) -> str:
    fewer = f"{1 - flips[-1] / flips[0]:.0%}" if flips[0] else "-"
    return f"| {name} | " + " | ".join(f"{one:.0f}" for one in flips) + f" | {fewer} |"


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--rate", type=int, default=30)
    parser.add_argument("--lights", type=float, nargs="+", default=[0.2, 0.25, 0.3, 0.35, 0.4])
    return parser.parse_args()


if __name__ == "__main__":
    main()
