"""`gimefive video`."""

import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from gimefive_jax.cli.parsing import parse
from gimefive_jax.cli.telling import tell, tell_meaning, tell_notice
from gimefive_jax.errors import InputError

if TYPE_CHECKING:
    from gimefive_jax.video.annotate import AnnotatedClip, ClipOutputs
    from gimefive_jax.video.finding import FaceFinder


@dataclasses.dataclass(frozen=True)
class Arguments:
    """Annotate the faces of a video: boxes, landmarks, heat maps and scores, face by face.

    Reads what FFmpeg reads, GIFs too, with pip install 'gimefive-jax[video]'. Each face keeps a
    number over the frames. Interrupted, the same command goes on behind the frames that are done,
    which lie in OUT.unfinished. A file that is cut off gives what can be decoded, and exit status
    2.
    """

    model: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="MODEL")]
    """Run folder (its best checkpoint), a checkpoint folder in it, a .safetensors, .pth or .pt
    file, or a shipped name: small, small_local."""
    path: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="VIDEO")]
    """Video file."""
    out: Path | None = None
    """Annotated video, .mp4, .m4v, .mov or .mkv: H.264 with the timestamps and the sound of the
    original."""
    table: Path | None = None
    """.csv, .jsonl or .parquet, a row for each face of each frame: frame, time in seconds, track,
    box, label of the frame and over time, scores of both, shares of the map on the regions of the
    face."""
    plot: Path | None = None
    """PNG picture of the scores of each face over time."""
    smooth: bool = False
    """Draw labels and scores smoothed over time (half-life 0.5 s) instead of each frame's."""
    hold: int = 1
    """Draw a label anew every so many frames; 5 as in the paper."""
    detector: Literal["blazeface", "litert", "haar", "none"] = "blazeface"
    """What finds faces. litert is blazeface in less time on a CPU, with gimefive-jax[litert]; haar
    needs gimefive-jax[faces]; none takes each frame as one face."""
    min_face_score: float = 0.5
    """Faces that the detector is less sure of are left out; 0 to 1."""
    one_face: bool = False
    """Take only the largest face of each frame."""


def run(words: Sequence[str]) -> int:
    """Runs the verb; see `Arguments`."""
    arguments = parse(Arguments, words, verb="video")
    if arguments.hold < 1:
        raise InputError(f"hold {arguments.hold} must be at least 1 frame")
    from gimefive_jax.api import load
    from gimefive_jax.video.annotate import ClipOutputs, annotate_clip
    from gimefive_jax.video.labels import LabelRules
    from gimefive_jax.video.reading import ClipReader

    outputs = ClipOutputs(arguments.out, arguments.table, arguments.plot)
    outputs.check(arguments.path)
    # What is no video is told before the model is loaded.
    with ClipReader(arguments.path):
        finder = _finder(arguments)

    classifier = load(arguments.model)
    tell_notice(arguments.model, classifier)
    done = annotate_clip(
        classifier,
        arguments.path,
        outputs,
        finder=finder,
        labels=LabelRules(arguments.smooth, arguments.hold),
        tell=tell,
        progress=sys.stderr is not None and sys.stderr.isatty(),
    )
    return _say(arguments.path, outputs, done)


def _finder(arguments: Arguments) -> "FaceFinder":
    from gimefive_jax.faces.detectors import WITH_TILES, make_detector
    from gimefive_jax.video.finding import FaceFinder

    name, score = arguments.detector, arguments.min_face_score
    quick = make_detector(name, min_score=score, tiles=False) if name in WITH_TILES else None
    return FaceFinder(
        make_detector(name, min_score=score),
        quick,
        one_face=arguments.one_face,
        description=f"{name} from {score:g}",
    )


def _say(path: Path, outputs: "ClipOutputs", done: "AnnotatedClip") -> int:
    written = ", ".join(str(one) for one in outputs.wanted)
    if done.damage:
        tell(f"{path}: {done.damage}; {written} holds the {done.num_frames} frames before")
    print(
        f"frames: {done.num_frames:,}; faces in them: {done.num_faces:,}, "
        f"different ones: {done.num_tracks:,}; written: {written}"
    )
    tell_meaning()
    return 2 if done.damage else 0
