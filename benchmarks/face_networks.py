"""The face networks beside LiteRT: the same numbers, and what each takes.

    python benchmarks/face_networks.py [--data-dir data] [--out FILE]

The PyPI packages ai-edge-litert and scikit-image are needed. Differences are the largest over
photos and crops: 25 views of scikit-image's photos, and 25 faces of FER2013's validation split if
`--data-dir` has it. Times are taken in turn in one process, two threads each: the network alone, a
640 x 480 frame from pixels to boxes, a face's box to landmarks, and the whole of a photo's file,
with its heat map. They are those of our Linen modules, of `--detector litert`, and of a plain loop
over LiteRT.
"""

import argparse
import dataclasses
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import jax
import numpy as np
from ai_edge_litert.interpreter import Interpreter
from PIL import Image
from skimage import data as photos

import gimefive_jax
from gimefive_jax.config import DataConfig
from gimefive_jax.data import open_split
from gimefive_jax.faces import FaceBox, FoundFace, landmarks_of, make_detector
from gimefive_jax.faces.anchors import SAME_FACE, anchor_centres
from gimefive_jax.faces.blazeface import BlazeFace, load_blazeface
from gimefive_jax.faces.litert import BLAZEFACE, MESH, look_by_litert
from gimefive_jax.faces.mesh import FaceMesh, load_mesh
from gimefive_jax.faces.mesh_landmarks import SCALE
from gimefive_jax.faces.views import View, cut_view, whole_view
from gimefive_jax.interop.shipped import ASSETS
from gimefive_jax.predicting import predict_files
from gimefive_jax.predicting.looking import FaceSearch

Outputs = tuple[np.ndarray, np.ndarray]
_NUM_INPUTS = 25
_THREADS = 2


@dataclasses.dataclass(frozen=True, eq=False)
class Network:
    """One of the networks, as we run it and as LiteRT does: two arrays, the small one first."""

    name: str
    side: int
    ours: Callable[[np.ndarray], Outputs]
    theirs: Callable[[np.ndarray], Outputs]
    scale: Callable[[np.ndarray], np.ndarray]
    """From uint8 pixels to the network's input."""
    facts: Callable[[np.ndarray, np.ndarray], dict[str, np.ndarray]]
    """What is compared, by name."""


def main() -> None:
    arguments = _parse()
    networks = _networks()
    images = _photos(_NUM_INPUTS) + _faces(arguments.data_dir, _NUM_INPUTS)
    lines = [
        "# Face networks beside LiteRT",
        "",
        f"`benchmarks/face_networks.py`, {len(images)} photos and crops; "
        f"{jax.devices()[0].platform} x {jax.device_count()}, LiteRT with {_THREADS} threads.",
        "",
        "| network | what | largest value | largest difference | over the largest value |",
        "|---|---|---|---|---|",
    ]
    for network in networks:
        lines += _differences(network, images)
    lines += [
        "",
        "Medians and, in brackets, the fastest, which other work on the machine disturbs least.",
        "",
        "| what | Linen modules, ms | `--detector litert`, ms | plain loop over LiteRT, ms |"
        " Linen / plain | `litert` / plain | Linen / `litert` |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, ours, litert, plain in _timed(networks, arguments.repeats):
        ratios = [_ratio(ours, plain), _ratio(litert, plain), _ratio(ours, litert)]
        lines.append("| " + " | ".join([name, *map(_cell, (ours, litert, plain)), *ratios]) + " |")
    text = "\n".join(lines) + "\n"
    print(text)
    if arguments.out:
        arguments.out.write_text(text)


def _networks() -> list[Network]:
    def ours(module: BlazeFace | FaceMesh, variables: object) -> Callable[[np.ndarray], Outputs]:
        placed, apply = jax.device_put(variables), jax.jit(module.apply)

        def run(x: np.ndarray) -> Outputs:
            first, second = map(np.asarray, jax.tree.leaves(apply(placed, x)))
            return (first, second) if first.size < second.size else (second, first)

        return run

    def theirs(file: str) -> Callable[[np.ndarray], Outputs]:
        path = ASSETS / "faces" / f"{file}.tflite"
        network = Interpreter(str(path), num_threads=_THREADS)
        network.allocate_tensors()
        given = network.get_input_details()[0]["index"]
        found = [one["index"] for one in network.get_output_details()]

        def run(x: np.ndarray) -> Outputs:
            network.set_tensor(given, x)
            network.invoke()
            first, second = sorted(map(network.get_tensor, found), key=np.size)
            return first, second

        return run

    return [
        Network(
            "BlazeFace", 128, ours(BlazeFace(), load_blazeface()),
            theirs(BLAZEFACE),
            scale=lambda x: np.float32(x) / 127.5 - 1, facts=_blazeface_facts,
        ),
        Network(
            "face mesh", 192, ours(FaceMesh(), load_mesh()), theirs(MESH),
            scale=lambda x: np.float32(x) / 255, facts=_mesh_facts,
        ),
    ]  # fmt: skip


def _photos(count: int) -> list[np.ndarray]:
    """Whole photos, and squares of them at seeded places."""
    names = ("astronaut", "coffee", "chelsea", "rocket", "camera")
    whole = [np.asarray(Image.fromarray(getattr(photos, one)()).convert("RGB")) for one in names]
    generator = np.random.default_rng(0)
    found = list(whole)
    while len(found) < count:
        photo = whole[len(found) % len(whole)]
        side = int(generator.uniform(0.2, 0.9) * min(photo.shape[:2]))
        top, left = (int(generator.integers(size - side)) for size in photo.shape[:2])
        found.append(photo[top : top + side, left : left + side])
    return found


def _faces(folder: Path | None, count: int) -> list[np.ndarray]:
    """FER2013's faces, with a border as the detector needs it; none without a folder."""
    if folder is None:
        return []
    split = open_split(DataConfig(name="fer2013", directory=folder), "validation")
    rows = np.random.default_rng(0).choice(len(split), count, replace=False)
    faces = np.asarray(split.images)[np.sort(rows)]
    return [np.pad(face.repeat(3, 2), ((32, 32), (32, 32), (0, 0)), mode="edge") for face in faces]


def _differences(network: Network, images: Sequence[np.ndarray]) -> list[str]:
    largest, gaps = dict[str, float](), dict[str, float]()
    for image in images:
        pixels = cut_view(image, whole_view(image.shape[:2]), side=network.side)
        x = network.scale(pixels)[None]
        pair = [network.facts(*run(x)) for run in (network.ours, network.theirs)]
        for (name, ours), theirs in zip(pair[0].items(), pair[1].values(), strict=True):
            largest[name] = max(largest.get(name, 0.0), np.abs(theirs).max(initial=0))
            gaps[name] = max(gaps.get(name, 0.0), np.abs(ours - theirs).max(initial=0))
    return [
        f"| {network.name} | {name} | {largest[name]:.4g} | {gaps[name]:.1e} | "
        f"{gaps[name] / largest[name]:.1e} |"
        for name in largest
    ]


def _blazeface_facts(logits: np.ndarray, values: np.ndarray) -> dict[str, np.ndarray]:
    """Outputs, scores, and the places of anchors that see a face, in pixels of 128."""
    logits = logits.ravel()
    return {
        "logits": logits,
        "values of all anchors": values.ravel(),
        "scores": 1 / (1 + np.exp(-np.clip(logits, -80, 80))),
        "boxes and keypoints of faces, pixels of 128": values.reshape(-1, 16)[logits > 0].ravel(),
    }


def _mesh_facts(presence: np.ndarray, points: np.ndarray) -> dict[str, np.ndarray]:
    return {"logit of presence": presence.ravel(), "points, pixels of 192": points.ravel()}


@dataclasses.dataclass(frozen=True)
class Times:
    """Of one call, in ms."""

    median: float
    fastest: float

    def __str__(self) -> str:
        return f"{self.median:.2f} ({self.fastest:.2f})"


def _cell(times: Times | None) -> str:
    return "" if times is None else str(times)


def _ratio(one: Times | None, other: Times | None) -> str:
    if one is None or other is None:
        return ""
    return f"{one.median / other.median:.2f} ({one.fastest / other.fastest:.2f})"


Row = tuple[str, Times | None, Times | None, Times | None]


def _timed(networks: Sequence[Network], repeats: int) -> Iterator[Row]:
    """Name of each comparison; times of our modules, `--detector litert` and a plain loop."""
    blazeface, mesh = networks
    frame = np.asarray(Image.fromarray(photos.astronaut()).resize((640, 480)))
    find_faces = make_detector(tiles=False)
    by_litert = make_detector("litert", tiles=False)
    faces = find_faces([frame])
    for network in networks:
        pixels = cut_view(frame, whole_view(frame.shape[:2]), side=network.side)
        x = network.scale(pixels)[None]
        ours, plain = _in_turn(
            (lambda n=network, x=x: n.ours(x), lambda n=network, x=x: n.theirs(x)), repeats
        )
        yield f"{network.name}, one input", ours, None, plain
    ways = (
        lambda: find_faces([frame]),
        lambda: by_litert([frame]),
        lambda: _boxes_by_litert(blazeface, frame),
    )
    ours, litert, plain = _in_turn(ways, repeats)
    yield "640 x 480 frame to boxes", ours, litert, plain
    looks = (
        lambda: landmarks_of([frame], faces, num_looks=1),
        lambda: landmarks_of([frame], faces, look=look_by_litert, num_looks=1),
        lambda: _points_by_litert(mesh, frame, faces[0][0]),
    )
    ours, litert, plain = _in_turn(looks, repeats)
    yield "a face's box to points, one look", ours, litert, plain
    ours, litert = _whole_photos(frame, repeats)
    yield "file of 640 x 480 pixels to scores, map and landmarks, `small`", ours, litert, None


def _whole_photos(frame: np.ndarray, repeats: int) -> list[Times]:
    """What `gimefive predict --pictures-dir` does of a photo before it draws, by both ways."""
    classifier = gimefive_jax.load("small")
    searches = [FaceSearch(detector=make_detector(name)) for name in ("blazeface", "litert")]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "photo.bmp"
        Image.fromarray(frame).save(path)

        def predict(search: FaceSearch) -> None:
            [found] = predict_files(classifier, [path], search=search, explain=True)
            assert len(found.faces) == 1

        return _in_turn([lambda search=search: predict(search) for search in searches], repeats)


def _boxes_by_litert(network: Network, frame: np.ndarray) -> list[FaceBox]:
    """The same frame, by a plain loop over what LiteRT gives."""
    view = whole_view(frame.shape[:2])
    x = network.scale(cut_view(frame, view, side=network.side))[None]
    logits, values = (output[0] for output in network.theirs(x))
    [rows] = np.nonzero(logits[:, 0] > 0)
    rows = rows[np.argsort(-logits[rows, 0])]
    scores = 1 / (1 + np.exp(-logits[rows, 0]))
    sizes = values[rows, 2:4] / network.side
    low = values[rows, :2] / network.side + anchor_centres()[rows] - sizes / 2
    found = []
    while len(rows):
        boxes = [
            FaceBox(*corner, *size)
            for corner, size in zip(low.tolist(), sizes.tolist(), strict=True)
        ]
        same = np.array([boxes[0].overlap(box) > SAME_FACE for box in boxes])
        left, top = view.to_image(np.average(low[same], axis=0, weights=scores[same]))
        width, height = np.average(sizes[same], axis=0, weights=scores[same]) * view.side
        found.append(FaceBox(left, top, width, height))
        rows, scores, low, sizes = (one[~same] for one in (rows, scores, low, sizes))
    return found


def _points_by_litert(network: Network, frame: np.ndarray, face: FoundFace) -> np.ndarray:
    """The mesh of the square around a box, cut upright by PIL."""
    (x, y), side = face.box.centre, SCALE * max(face.box.width, face.box.height)
    view = View(x - side / 2, y - side / 2, side)
    _, points = network.theirs(network.scale(cut_view(frame, view, side=network.side))[None])
    return view.to_image(points.reshape(-1, 3)[:, :2] / network.side)


def _in_turn(ways: Sequence[Callable[[], object]], repeats: int) -> list[Times]:
    """Times of each, taken in turn."""
    times = [list[float]() for _ in ways]
    for number in range(repeats + 3):
        for run, taken in zip(ways, times, strict=True):
            started = time.perf_counter()
            run()
            if number >= 3:
                taken.append(1e3 * (time.perf_counter() - started))
    return [Times(statistics.median(taken), min(taken)) for taken in times]


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", type=Path, help="folder with prepared FER2013")
    parser.add_argument("--repeats", type=int, default=200)
    parser.add_argument("--out", type=Path, help="markdown file that gets the tables too")
    return parser.parse_args()


if __name__ == "__main__":
    main()
