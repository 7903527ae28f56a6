"""`gimefive camera`."""

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
    from gimefive_jax.live.watching import Sink


@dataclasses.dataclass(frozen=True)
class Arguments:
    """Explain the faces of a camera of this computer, or of a stream, as they are filmed.

    Shows a window where there is a display; else prints CSV, a row for each face of each frame.
    Always the newest frame is read, and those that come meanwhile are passed over. Needs
    gimefive-jax[faces], and [video] for --record. Ctrl-C, or closing the window, ends it; a
    recording is whole then.
    """

    model: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="MODEL")]
    """Run folder (its best checkpoint), a checkpoint folder in it, a .safetensors, .pth or .pt
    file, or a shipped name: small, small_local."""
    source: str = "0"
    """Number of a camera, or the address of a stream, such as http://... (MJPEG) or rtsp://..."""
    record: Path | None = None
    """Clip of the annotated pictures: .mp4, .m4v, .mov or .mkv."""
    table: Path | None = None
    """Rows as .csv, .jsonl or .parquet, which are then not printed."""
    max_frames: int | None = None
    """Ends after so many frames."""
    window: bool = True
    """Whether a window is shown where there is a display."""
    detector: Literal["blazeface", "litert", "haar", "none"] = "blazeface"
    """What finds faces. litert is blazeface in less time on a CPU, with gimefive-jax[litert]; haar
    needs gimefive-jax[faces]; none takes each picture as one face."""
    min_face_score: float = 0.5
    """Score of the detector that a face needs, from 0 to 1."""
    max_faces: int = 4
    """At most so many faces are classified in a frame, the largest."""


def run(words: Sequence[str]) -> int:
    """Runs the verb; see `Arguments`."""
    arguments = parse(Arguments, words, verb="camera")
    _check(arguments)
    from gimefive_jax.api import load
    from gimefive_jax.live.camera import Camera
    from gimefive_jax.live.setting_up import LiveFaces, LiveOptions
    from gimefive_jax.live.watching import watch

    options = LiveOptions(arguments.detector, arguments.min_face_score, arguments.max_faces)
    # Opened first: whoever has no such camera need not wait for the model.
    with Camera(arguments.source) as frames:
        classifier = load(arguments.model)
        tell_meaning()
        tell_notice(arguments.model, classifier)
        sinks = _sinks(arguments, classifier.emotions)
        faces = LiveFaces(classifier, options)
        faces.warm_up()
        count = watch(frames, faces.open(), sinks, max_frames=arguments.max_frames)
    tell(f"{count} frames read")
    return 0


def _check(arguments: Arguments) -> None:
    """Tells a wrong number or file, or a missing extra, before a camera or a model is opened."""
    for name, number in (("faces", arguments.max_faces), ("frames", arguments.max_frames)):
        if number is not None and number < 1:
            raise InputError(f"--max-{name} {number} must be at least 1")
    if arguments.table is not None:
        from gimefive_jax.video.table import check_table_suffix

        check_table_suffix(arguments.table)
    if arguments.record is not None:
        from gimefive_jax.video.writing import container_format

        container_format(arguments.record)


def _sinks(arguments: Arguments, emotions: Sequence[str]) -> list["Sink"]:
    """What becomes of the frames."""
    from gimefive_jax.live.camera import shown_source
    from gimefive_jax.live.rows import PrintedRows, Table
    from gimefive_jax.live.window import NoDisplayError, Window

    sinks: list[Sink] = []
    if arguments.record is not None:
        from gimefive_jax.live.recording import Recording

        sinks.append(Recording(arguments.record))
    if arguments.table is not None:
        sinks.append(Table(arguments.table, emotions))
    if arguments.window:
        try:
            sinks.append(Window(f"gimefive: {shown_source(arguments.source)}"))
            tell("Escape or q in the window, or Ctrl-C, ends it")
            return sinks
        except NoDisplayError as error:
            tell(f"no window is shown, as {error}")
    if arguments.table is None:
        if sys.stdout is None:
            raise InputError("standard output is closed; give --table FILE")
        sinks.append(PrintedRows(lambda text: print(text, end="", flush=True), emotions))
    return sinks
