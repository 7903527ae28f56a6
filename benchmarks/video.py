"""Frames per second of `gimefive video`, beside a plain loop in the style of the paper's reference.

    python benchmarks/video.py [--num-frames 300] [--width 1280 --height 720] [--repeats 3]
        [--detector litert]

Makes a clip with one face that moves, in sensor-like noise, and annotates it with the shipped
weights: detection, landmarks, six scores, heat map, drawing, H.264. Prints frames per second and
the milliseconds per frame of each stage, which overlap. In turn the same clip goes through a plain
loop: OpenCV's reader, Haar on every frame, the same network in PyTorch with forward hooks for
Grad-CAM, six scores and the map drawn, OpenCV's writer; it has no landmarks and copies no sound.
Needs the extras `video`, `faces` and `oracles`, and scikit-image for the photo.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import torch

import gimefive_jax
from gimefive_jax.api import Classifier
from gimefive_jax.cli.memory import keep_freed_memory
from gimefive_jax.faces.detectors import make_detector
from gimefive_jax.preprocess import MEAN, STD
from gimefive_jax.video.annotate import ClipOutputs, annotate_clip
from gimefive_jax.video.finding import FaceFinder
from gimefive_jax.video.stages import Stopwatch
from gimefive_jax.video.writing import write_clip
from tests.explanation.theirs import network
from tests.video.walks import Place, draw

LAST = "block5/activation"
RATE = 30


def main() -> None:
    arguments = _parse()
    # As the command does, for both.
    keep_freed_memory()
    classifier = gimefive_jax.load("small")
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        warm, clip = folder / "warm.mp4", folder / "clip.mp4"
        make_clip(warm, 40, arguments.width, arguments.height)
        make_clip(clip, arguments.num_frames, arguments.width, arguments.height)
        reference = make_reference(classifier)
        ours_out, plain_out = folder / "ours.mp4", folder / "plain.mp4"
        name = arguments.detector
        annotate(classifier, warm, ours_out, Stopwatch(), name)
        reference(warm, plain_out)
        ours, plain, watch = list[float](), list[float](), Stopwatch()
        for _ in range(arguments.repeats):
            ours.append(seconds(lambda: annotate(classifier, clip, ours_out, watch, name)))
            plain.append(seconds(lambda: reference(clip, plain_out)))
    report(arguments, ours, plain, watch)


def make_clip(path: Path, num_frames: int, width: int, height: int) -> None:
    """One face that wanders, a third of the frame's height, and noise of a sensor."""
    random = np.random.default_rng(0)
    noises = random.normal(0, 3, (4, height, width, 3))

    def frames():
        for i in range(num_frames):
            x = width * (0.4 + 0.15 * np.sin(i / 30))
            place = Place(x, height * (0.5 + 0.03 * np.sin(i / 11)), height * 0.33)
            yield draw([place], width=width, height=height, noise=noises[i % len(noises)])

    write_clip(path, frames(), rate=RATE)


def annotate(
    classifier: Classifier, clip: Path, out: Path, watch: Stopwatch, detector: str
) -> None:
    finder = FaceFinder(make_detector(detector), make_detector(detector, tiles=False))
    done = annotate_clip(classifier, clip, ClipOutputs(out), finder=finder, stopwatch=watch)
    assert done.num_faces == done.num_frames, "one face in every frame is what is timed"


def make_reference(classifier: Classifier) -> Callable[[Path, Path], None]:
    """The plain loop: one frame after the other, each step when the one before has ended."""
    model = network(classifier.variables, fast_pool=True)
    kept: list[torch.Tensor] = []
    model.layer(LAST).register_forward_hook(lambda module, inputs, output: kept.append(output))
    cascade = cv2.CascadeClassifier(cv2.data.haarcascades + "haarcascade_frontalface_default.xml")
    mean, std = (torch.tensor(values)[:, None, None] for values in (MEAN, STD))

    def explain(face: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        kept.clear()
        x = (torch.from_numpy(face)[None, None].float() / 255).expand(1, 3, -1, -1)
        logits = model((x - mean) / std)
        [slope] = torch.autograd.grad(logits.max(), kept)
        heat_map = (slope.mean((2, 3), keepdim=True) * kept[0]).sum(1).relu()[0]
        heat_map = heat_map / heat_map.max().clamp(min=1e-9)
        return logits.softmax(1)[0].detach().numpy(), heat_map.detach().numpy()

    def annotate_frame(frame: np.ndarray) -> None:
        grey = cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY)
        for left, top, width, height in cascade.detectMultiScale(grey, 1.1, 5, minSize=(40, 40)):
            face = cv2.resize(grey[top : top + height, left : left + width], (64, 64))
            scores, heat_map = explain(face)
            large = cv2.resize(np.uint8(255 * heat_map), (int(width), int(height)))
            colours = cv2.applyColorMap(large, cv2.COLORMAP_JET)
            part = frame[top : top + height, left : left + width]
            part[:] = cv2.addWeighted(part, 0.6, colours, 0.4, 0)
            cv2.rectangle(frame, (left, top), (left + width, top + height), (0, 255, 0), 2)
            for i, (emotion, score) in enumerate(zip(classifier.emotions, scores, strict=True)):
                text, place = f"{emotion}: {score:.2f}", (int(left + width) + 8, int(top) + 24 * i)
                cv2.putText(frame, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.7, (0, 255, 0), 1)

    def run(clip: Path, out: Path) -> None:
        source = cv2.VideoCapture(str(clip))
        size = tuple(int(source.get(one)) for one in (3, 4))
        sink = cv2.VideoWriter(str(out), cv2.VideoWriter_fourcc(*"mp4v"), RATE, size)
        while True:
            read, frame = source.read()
            if not read:
                break
            annotate_frame(frame)
            sink.write(frame)
        source.release()
        sink.release()

    return run


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def report(
    arguments: argparse.Namespace, ours: list[float], plain: list[float], watch: Stopwatch
) -> None:
    count = arguments.num_frames
    print(f"{arguments.width} x {arguments.height}, {count} frames, one face, small; medians of")
    print(f"{arguments.repeats}, in turn, {torch.get_num_threads()} threads for the plain loop\n")
    print(f"gimefive video   {count / statistics.median(ours):6.1f} frames/s")
    print(f"plain loop       {count / statistics.median(plain):6.1f} frames/s")
    ratios = sorted(slow / fast for fast, slow in zip(ours, plain, strict=True))
    print(f"ratio            {statistics.median(ratios):6.2f} (pairs {ratios[0]:.2f} to ", end="")
    print(f"{ratios[-1]:.2f})\n\n| stage | p50 (ms per frame) | p95 | share |\n|---|---|---|---|")
    whole = sum(map(sum, watch.seconds.values()))
    for stage, times in watch.seconds.items():
        # A batch of eight frames is what is measured.
        per_frame = np.array(times) * 1000 / 8
        p50, p95 = np.percentile(per_frame, [50, 95])
        print(f"| {stage} | {p50:.1f} | {p95:.1f} | {sum(times) / whole:.0%} |")


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--num-frames", type=int, default=300)
    parser.add_argument("--width", type=int, default=1280)
    parser.add_argument("--height", type=int, default=720)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--detector", default="blazeface", choices=("blazeface", "litert"))
    return parser.parse_args()


if __name__ == "__main__":
    main()
