"""Reads CK+: the peak frame of every labelled sequence, with its action units and landmarks."""

import re
from collections.abc import Iterator
from pathlib import Path

from data_prep import tables
from data_prep.categories import CK_PLUS, category
from data_prep.raw_files import RawFiles, is_image
from data_prep.records import FaceRecord, SkippedImage, make_record
from gimefive_jax.errors import InputError

SOURCE = "ck_plus"
NUM_LANDMARKS = 68
_EMOTION, _FACS, _LANDMARKS = "_emotion", "_facs", "_landmarks"
_FRAME = re.compile(r"(?P<subject>s\d+)_(?P<sequence>\d+)_(?P<frame>\d+)")
_EXPECTED = (
    "cohn-kanade-images/S005/001/S005_001_00000011.png with "
    "Emotion/S005/001/S005_001_00000011_emotion.txt"
)


def read_records(raw: Path) -> Iterator[FaceRecord | SkippedImage]:
    """Reads the peak frame of each labelled sequence of CK+, contempt and neutral included.

    A sequence begins neutral and ends at its peak; the last frame alone has a label. Sequences
    without one are passed over: they are unlabelled, not broken. The download has no parts, so
    `part` is `whole`, and the same person appears in several sequences: `subject` says who.

    Args:
      raw: Zip or folder; files are found by their names, in whatever folders they lie.

    Yields:
      Faces and images that cannot be read, in the order of people and sequences.

    Raises:
      InputError: For another layout, and for labels that do not fit the frames.
    """
    with RawFiles(raw) as files:
        yield from files.skipped_images()
        frames = tables.index_by_stem(name for name in files.names if _is_frame(name))
        annotations = tables.index_by_stem(name for name in files.names if _is_annotation(name))
        peaks = _find_peaks(frames, annotations)
        if not peaks:
            raise InputError(f"{raw} holds no labelled sequence of CK+: {_EXPECTED}")
        for peak in peaks:
            yield _read_peak(files, peak, frames[peak], annotations)


def _is_frame(name: str) -> bool:
    return is_image(name) and _FRAME.fullmatch(tables.stem(name).lower()) is not None


def _is_annotation(name: str) -> bool:
    lower = name.lower()
    return lower.endswith(tuple(f"{kind}.txt" for kind in (_EMOTION, _FACS, _LANDMARKS)))


def _find_peaks(frames: dict[str, str], annotations: dict[str, str]) -> list[str]:
    # Stems, in the order of people and sequences, which is that of their names.
    last_frames: dict[str, str] = {}
    for frame in sorted(frames):
        last_frames[_sequence(frame)] = frame
    peaks: dict[str, str] = {}
    for annotation in sorted(annotations):
        if not annotation.endswith(_EMOTION):
            continue
        label_file = annotations[annotation]
        frame = annotation.removesuffix(_EMOTION)
        if not _FRAME.fullmatch(frame):
            raise InputError(
                f"{label_file} is not named after a frame, as S005_001_00000011_emotion.txt is"
            )
        sequence = _sequence(frame)
        if sequence in peaks:
            raise InputError(
                f"{label_file} labels sequence {sequence.upper()} again, after "
                f"{annotations[peaks[sequence] + _EMOTION]}; keep one of them"
            )
        if last_frames.get(sequence) != frame:
            ending = last_frames.get(sequence)
            held = f"its last frame is {frames[ending]}" if ending else "it holds none"
            raise InputError(
                f"{label_file} labels {frame.upper()}, which must be the last frame of sequence "
                f"{sequence.upper()} in the download, but {held}; restore or remove frames"
            )
        peaks[sequence] = frame
    return list(peaks.values())


def _sequence(frame: str) -> str:
    return frame.rpartition("_")[0]


def _read_peak(
    files: RawFiles, peak: str, path: str, annotations: dict[str, str]
) -> FaceRecord | SkippedImage:
    emotion = _read_emotion(files, annotations[peak + _EMOTION])
    landmarks = annotations.get(peak + _LANDMARKS)
    points = None if landmarks is None else tables.read_points(files, landmarks, NUM_LANDMARKS)
    facs = annotations.get(peak + _FACS)
    units = "" if facs is None else _read_action_units(files, facs)
    file_name = tables.base_name(path)
    return make_record(
        files.read_image(path, file_name=file_name),
        emotion=emotion,
        file_name=file_name,
        source=SOURCE,
        usage="",
        part="whole",
        subject=peak.partition("_")[0].upper(),
        landmarks=points,
        attributes={"action_units": units} if units else {},
    )


def _read_emotion(files: RawFiles, name: str) -> str:
    lines = list(tables.read_lines(files, name))
    if len(lines) != 1:
        raise InputError(f"{name} holds {len(lines)} lines, must hold one number")
    [(where, word)] = lines
    return category(word, CK_PLUS, where=where)


def _read_action_units(files: RawFiles, name: str) -> str:
    """`unit:intensity` for each coded unit, such as `1:3 25:0`; CK+ writes 0 for no intensity."""
    units = []
    for where, line in tables.read_lines(files, name):
        numbers = tables.parse_numbers(line.split(), where=where)
        if len(numbers) != 2 or not all(number == int(number) >= 0 for number in numbers):
            raise InputError(f"{where} must hold a unit and its intensity, not '{line}'")
        units.append(":".join(str(int(number)) for number in numbers))
    return " ".join(units)
