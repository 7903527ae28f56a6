"""Reads FER2013 in any of its five layouts; the layout is found, not asked for."""

import csv
import dataclasses
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from data_prep import categories, fer2013_csv, tables
from data_prep.ferplus import Join, Labels
from data_prep.raw_files import RawFiles, folders_of, is_image
from data_prep.raw_files import fingerprint as fingerprint_files
from data_prep.records import FaceRecord, Part, SkippedImage, make_record
from data_prep.source import Options, Records, Request, Source, fingerprint_values, raw_of
from gimefive_jax.emotions import VARIANTS, parse_emotion
from gimefive_jax.errors import InputError

SOURCE = "fer2013"
PARTS: tuple[Part, Part] = ("train", "test")
_USAGE = re.compile(r"(Training|PublicTest|PrivateTest)_", re.IGNORECASE)
_USAGES = {usage.lower(): usage for usage in ("Training", "PublicTest", "PrivateTest")}
_LAYOUTS = (
    "a csv with the columns emotion, pixels and Usage; folders train/ and test/ with one folder "
    "per emotion; or train/ and test/ with train_FER_labels.csv and test_FER_labels.csv"
)


@dataclasses.dataclass(frozen=True)
class Fer2013Options(Options):
    """FER+'s votes, and whether they are the labels."""

    ferplus: Path | None = None
    """FER+'s table of votes."""
    labels: Labels = "original"
    """Whose labels faces get: FER2013's own, or the most votes of FER+."""


class Fer2013(Source):
    """FER2013, with FER+'s votes where they are given."""

    variants = tuple(VARIANTS)
    options = Fer2013Options

    def check(self, request: Request) -> None:
        """Raise InputError for labels by votes without votes."""
        chosen = request.options_as(Fer2013Options)
        if chosen.ferplus is None and chosen.labels == "votes":
            raise InputError(
                "labels by votes need FER+'s fer2013new.csv; give it with --ferplus PATH"
            )
        if chosen.labels != "votes" and request.variant == "eight":
            raise InputError(
                "variant 'eight' needs contempt, which FER+'s votes alone hold; add --labels votes "
                "and --ferplus PATH"
            )

    def fingerprint(self, request: Request, *, data_dir: Path) -> list[object]:
        """Of how splits are made, the download, the votes and whose labels are taken."""
        chosen = request.options_as(Fer2013Options)
        raw = fingerprint_files(raw_of(request))
        votes = "" if chosen.ferplus is None else fingerprint_files(chosen.ferplus)
        return fingerprint_values(request, raw=raw, labels=chosen.labels, votes=votes)

    def records(self, request: Request, *, data_dir: Path) -> Records:
        """Every face of the download."""
        chosen = request.options_as(Fer2013Options)
        return read_records(raw_of(request), ferplus=chosen.ferplus, labels=chosen.labels)


class _ListedFace(NamedTuple):
    """An image of a folder layout, before it is read."""

    path: str
    emotion: str
    part: Part


def read_records(
    raw: Path, *, ferplus: Path | None = None, labels: Labels = "original"
) -> Iterator[FaceRecord | SkippedImage]:
    """Reads every face of FER2013, neutral ones included, in a fixed order.

    Args:
      raw: Zip, folder or csv, in any of the five layouts.
      ferplus: FER+'s csv, or a zip or folder with it; adds votes to the faces of a csv layout.
      labels: `votes` takes the category chosen most often.

    Yields:
      Faces and images that cannot be read.

    Raises:
      InputError: For a download that is none of the known layouts or breaks its own rules.
    """
    if labels == "votes" and ferplus is None:
        raise InputError("labels 'votes' need FER+'s votes; give its fer2013new.csv")
    with RawFiles(raw) as files:
        yield from files.skipped_images()
        table = fer2013_csv.find_table(files) if ferplus else None
        if ferplus and table:
            join = Join(ferplus, labels=labels, only_training=table.usage < 0)
            yield from fer2013_csv.read_table(files, table, source=SOURCE, join=join)
        elif ferplus:
            raise InputError(
                f"{raw} holds images, whose names do not tell their rows in {ferplus}; give "
                "fer2013.csv or icml_face_data.csv for FER+'s votes"
            )
        elif label_files := _find_label_files(files):
            yield from _read_images(files, _list_labelled(files, label_files))
        elif root := _find_emotion_folders(files):
            yield from _read_images(files, _list_folders(files, root[0]))
        elif table := fer2013_csv.find_table(files):
            yield from fer2013_csv.read_table(files, table, source=SOURCE)
        else:
            raise InputError(f"{raw} holds none of FER2013's layouts: {_LAYOUTS}")


def _find_label_files(files: RawFiles) -> dict[Part, str]:
    by_lower_case = {name.lower(): name for name in files.names}
    for folder in folders_of(files.names):
        found = {
            part: by_lower_case[label_file]
            for part in PARTS
            if (label_file := f"{folder}{part}_fer_labels.csv".lower()) in by_lower_case
        }
        if found:
            if missing := [part for part in PARTS if part not in found]:
                raise InputError(
                    f"{files.path} holds {next(iter(found.values()))} but no "
                    f"{missing[0]}_FER_labels.csv beside it; add it"
                )
            return found
    return {}


def _list_labelled(files: RawFiles, label_files: dict[Part, str]) -> list[_ListedFace]:
    listed = []
    for part, label_file in label_files.items():
        folder = _child_folder(files, PurePosixPath(label_file).parent, part)
        present = {
            PurePosixPath(name).name: name
            for name in files.names
            if is_image(name) and name.startswith(folder)
        }
        labels = _read_labels(files, label_file)
        tables.check_listed(labels, present, label_file=label_file)
        listed += [_ListedFace(present[name], emotion, part) for name, emotion in labels.items()]
    return listed


def _read_labels(files: RawFiles, label_file: str) -> dict[str, str]:
    labels: dict[str, str] = {}
    with files.open_text(label_file) as text:
        for line, row in enumerate(csv.reader(text), start=1):
            if not row:
                continue
            if len(row) != 2:
                raise InputError(f"{label_file} line {line} must hold `file,label`, not {row}")
            name, label = row[0].strip(), row[1].strip()
            where = f"{label_file} line {line}"
            emotion = categories.category(label, categories.OURS, where=where)
            tables.check_new(name, labels, what=name, where=where)
            labels[name] = emotion
    return labels


def _find_emotion_folders(files: RawFiles) -> list[str]:
    # Where train/<class>/<image> lies, at any depth; in a list, as "" is a folder too.
    for folder in folders_of(files.names):
        pattern = re.compile(rf"{re.escape(folder)}(train|test)/[^/]+/[^/]+", re.IGNORECASE)
        if any(pattern.fullmatch(name) and is_image(name) for name in files.names):
            return [folder]
    return []


def _list_folders(files: RawFiles, root: str) -> list[_ListedFace]:
    listed = []
    for name in files.names:
        if not is_image(name) or not name.startswith(root):
            continue
        part, *folders, _ = name.removeprefix(root).split("/")
        if part.lower() not in PARTS or len(folders) != 1:
            raise InputError(
                f"{name} is in none of FER2013's folders train/<emotion>/ and test/<emotion>/; "
                "move it out of the download"
            )
        listed.append(_ListedFace(name, _folder_emotion(name), _part(part)))
    return listed


def _folder_emotion(name: str) -> str:
    folder = PurePosixPath(name).parent
    try:
        return parse_emotion(folder.name)
    except InputError as error:
        raise InputError(f"folder {folder}: {error}; rename or remove it") from error


def _read_images(files: RawFiles, listed: list[_ListedFace]) -> Iterator[FaceRecord | SkippedImage]:
    base_names = Counter(PurePosixPath(face.path).name for face in listed)
    for face in listed:
        path = PurePosixPath(face.path)
        # Results are written under this name, so two faces may not share one.
        name = path.name if base_names[path.name] == 1 else "/".join(path.parts[-3:])
        yield make_record(
            files.read_image(face.path, file_name=name),
            emotion=face.emotion,
            file_name=name,
            source=SOURCE,
            usage=_usage(path.name, face.part),
            part=face.part,
        )


def _usage(name: str, part: Part) -> str:
    if match := _USAGE.match(name):
        return _USAGES[match[1].lower()]
    return "Training" if part == "train" else "Test"


def _part(folder: str) -> Part:
    return "train" if folder.lower() == "train" else "test"


def _child_folder(files: RawFiles, parent: PurePosixPath, part: Part) -> str:
    prefix = "" if str(parent) == "." else f"{parent}/"
    for name in files.names:
        child = name.removeprefix(prefix).split("/")[0]
        if name.startswith(f"{prefix}{child}/") and child.lower() == part:
            return f"{prefix}{child}/"
    raise InputError(f"{files.path} holds no folder {prefix}{part}/ with the images; add it")
