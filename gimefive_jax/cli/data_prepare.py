"""`gimefive data prepare`."""

import dataclasses
import sys
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from gimefive_jax.cli.parsing import parse
from gimefive_jax.report.tables import aligned

if TYPE_CHECKING:
    from data_prep.cropping import FaceCropper
    from data_prep.prepare import Prepared
    from data_prep.source import Request


# Of broken images; a thousand lines would hide the table above.
_SHOWN = 20


@dataclasses.dataclass(frozen=True)
class Arguments:
    """Prepare a data set for training and evaluation, and print its faces per split and category.

    A set that is prepared already is left alone unless its source has changed. Validation is a
    tenth of the official train part, carved with a fixed seed; equal images and the faces of one
    subject stay together. Where the source has no test part a fifth is carved for it likewise. An
    image that cannot be read is named and left out, the others go on, and the exit status is 2.
    """

    name: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="NAME")]
    """Data set, as in `gimefive data list`: fer2013, raf_db, affectnet, ck_plus, tfeid, expw;
    folders, for any folder by category; table, for any csv; gimefive, the paper's aggregate of
    what is prepared; drawn_faces, which needs no download."""
    raw: Path | None = None
    """Your download of the data set: a zip, a folder or a csv, in any of its known layouts."""
    data_dir: Path | None = None
    """Folder of prepared data sets; by default $TFDS_DATA_DIR, else ~/tensorflow_datasets."""
    variant: Literal["six", "seven", "eight", "own"] | None = None
    """six categories (by default), seven with neutral, eight with contempt as well, or own."""
    categories: tuple[str, ...] = ()
    """`own`, which keeps the names of your folders or labels as they are, sorted; or these names,
    in the order of their numbers, others are left out (folders and table only)."""
    set_name: str = ""
    """Name of the prepared set; by default NAME."""
    crop_faces: bool = False
    """Find the face of each picture that comes without a box, and keep the square that `gimefive
    predict` would classify: for CK+ and other sets of whole pictures. One without a face is named
    and left out."""
    exclude: Path | None = None
    """List of faces to leave out, as `gimefive data audit --fix` writes it."""
    ferplus: Path | None = None
    """FER+'s fer2013new.csv: adds its votes to every face (fer2013 only)."""
    labels: Literal["original", "votes"] | None = None
    """Labels of fer2013: its own (original, by default), or the category with the most votes of
    FER+."""
    members: tuple[str, ...] = ()
    """Prepared sets to join (gimefive only); by default all of the paper's that are there."""
    num_train: int | None = None
    """Faces to draw for train, by default 3000 (drawn_faces only)."""
    num_validation: int | None = None
    """Faces to draw for validation, by default 500 (drawn_faces only)."""
    num_test: int | None = None
    """Faces to draw for test, by default 1000 (drawn_faces only)."""
    seed: int | None = None
    """Seed of the drawing, by default 0 (drawn_faces only)."""


def run(words: Sequence[str]) -> int:
    """Run the verb."""
    arguments = parse(Arguments, words, verb="data prepare")
    from data_prep.prepare import prepare_request
    from gimefive_jax.data import data_directory

    request = _request(arguments)
    prepared = prepare_request(request, data_dir=data_directory(str(arguments.data_dir or "")))
    state = "already prepared" if prepared.already_prepared else "prepared"
    print(f"{prepared.name}/{prepared.variant}: {state} in {prepared.path}\n")
    _print_counts(prepared.counts)
    _print_rest(prepared)
    _report_skipped(prepared)
    return 2 if prepared.num_skipped else 0


def _request(arguments: Arguments) -> "Request":
    from data_prep.source import Request
    from data_prep.sources import option_names, options_for

    keeps_all = arguments.categories == ("own",)
    values = dataclasses.asdict(arguments) | {
        "ferplus": _expand(arguments.ferplus),
        "categories": () if keeps_all else arguments.categories,
    }
    given = {name: values[name] for name in option_names() if values[name] not in (None, ())}
    return Request(
        name=arguments.name,
        variant=arguments.variant or ("own" if arguments.categories else "six"),
        raw=_expand(arguments.raw),
        set_name=arguments.set_name,
        exclude=_expand(arguments.exclude),
        cropper=_cropper() if arguments.crop_faces else None,
        options=options_for(arguments.name, given),
    )


def _cropper() -> "FaceCropper":
    # Imported here: it brings jax, which nothing else of this verb needs.
    from gimefive_jax.recipes.face_cropper import make_face_cropper

    return make_face_cropper()


def _expand(path: Path | None) -> Path | None:
    return None if path is None else path.expanduser()


def _print_rest(prepared: "Prepared") -> None:
    if prepared.joined:
        parts = ", ".join(f"{name} {count:,}" for name, count in prepared.sources.items())
        print(f"\njoined from {parts}")
    for name, taken in prepared.joined.items():
        if taken["left_out_of_test"]:
            print(f"{name}: {taken['left_out_of_test']:,} test faces left out")
        if taken["whole"]:
            print(
                f"{name} has a carved test and trains whole: do not evaluate on its own test what "
                "was trained on this set"
            )
    if prepared.left_out:
        parts = ", ".join(f"{name} {count:,}" for name, count in prepared.left_out.items())
        print(f"\nnot in this variant: {parts}")
    if prepared.excluded:
        print(f"\nleft out by the exclusion list: {prepared.excluded:,}")


def _print_counts(counts: Mapping[str, Mapping[str, int]]) -> None:
    rows = _with_whole_train(counts)
    emotions = list(next(iter(rows.values())))
    cells = [["split", *emotions, "all"]]
    cells += [
        [name, *(f"{of[emotion]:,}" for emotion in emotions), f"{sum(of.values()):,}"]
        for name, of in rows.items()
    ]
    print(aligned(cells))
    if "test_deduplicated" in rows:
        left_out = sum(rows["test"].values()) - sum(rows["test_deduplicated"].values())
        print(
            f"\ntest_deduplicated leaves out {left_out:,} test images that equal an image of "
            "train + validation pixel for pixel."
        )


def _with_whole_train(
    counts: Mapping[str, Mapping[str, int]],
) -> dict[str, Mapping[str, int]]:
    """Counts with a row for train and validation together, which official figures name."""
    rows: dict[str, Mapping[str, int]] = {}
    for name, of in counts.items():
        rows[name] = of
        if name == "validation" and "train" in counts:
            train = counts["train"]
            rows["train + validation"] = {key: train[key] + of[key] for key in train}
    return rows


def _report_skipped(prepared: "Prepared") -> None:
    for name, reason in islice(prepared.skipped.items(), _SHOWN):
        print(f"gimefive: left out {name}: {reason}", file=sys.stderr)
    if prepared.num_skipped > _SHOWN:
        print(f"gimefive: ...; more of them in {prepared.path / 'metadata.json'}", file=sys.stderr)
    if prepared.num_skipped:
        print(
            f"gimefive: {prepared.num_skipped:,} images left out; mend them and prepare again, "
            "or go on without them",
            file=sys.stderr,
        )
    if prepared.num_absent:
        print(
            f"gimefive: {prepared.num_absent:,} listed images are not in the download",
            file=sys.stderr,
        )
