"""`gimefive data prepare`."""

import dataclasses
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

import tyro

from gimefive_jax.cli.output import table
from gimefive_jax.cli.parsing import parse


@dataclasses.dataclass(frozen=True)
class Arguments:
    """Prepare a data set for training and evaluation, and print its faces per split and category.

    A set that is prepared already is left alone unless its source has changed. Validation is a
    tenth of the official train part, carved with a fixed seed; equal images stay together. An image
    that cannot be read is named and left out, the others go on, and the exit status is 2.
    """

    name: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="NAME")]
    """Data set: fer2013, or drawn_faces, which needs no download."""
    raw: Path | None = None
    """Your download of the data set: a zip, a folder or a csv, in any of its known layouts."""
    data_dir: Path | None = None
    """Folder of prepared data sets; by default $TFDS_DATA_DIR, else ~/tensorflow_datasets."""
    variant: Literal["six", "seven"] = "six"
    """six categories, or seven with neutral (fer2013 only)."""
    num_train: int = 3000
    """Faces to draw for train (drawn_faces only)."""
    num_validation: int = 500
    """Faces to draw for validation (drawn_faces only)."""
    num_test: int = 1000
    """Faces to draw for test (drawn_faces only)."""
    seed: int = 0
    """Seed of the drawing (drawn_faces only)."""


def run(words: Sequence[str]) -> int:
    """Run the verb."""
    arguments = parse(Arguments, words, verb="data prepare")
    from data_prep.prepare import DrawnNumbers, prepare
    from gimefive_jax.data import data_directory

    prepared = prepare(
        arguments.name,
        data_dir=data_directory(str(arguments.data_dir or "")),
        raw=arguments.raw.expanduser() if arguments.raw else None,
        variant=arguments.variant,
        drawn=DrawnNumbers(
            arguments.num_train, arguments.num_validation, arguments.num_test, arguments.seed
        ),
    )
    state = "already prepared" if prepared.already_prepared else "prepared"
    print(f"{prepared.name}/{prepared.variant}: {state} in {prepared.path}\n")
    _print_counts(prepared.counts)
    _report_skipped(prepared.skipped)
    return 2 if prepared.skipped and not prepared.already_prepared else 0


def _print_counts(counts: Mapping[str, Mapping[str, int]]) -> None:
    rows = _with_whole_train(counts)
    emotions = list(rows["train"])
    cells = [["split", *emotions, "all"]]
    cells += [
        [name, *(f"{of[emotion]:,}" for emotion in emotions), f"{sum(of.values()):,}"]
        for name, of in rows.items()
    ]
    print(table(cells))
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
        if name == "validation":
            train = counts["train"]
            rows["train + validation"] = {key: train[key] + of[key] for key in train}
    return rows


def _report_skipped(skipped: Mapping[str, str]) -> None:
    for name, reason in skipped.items():
        print(f"gimefive: left out {name}: {reason}", file=sys.stderr)
    if skipped:
        print(
            f"gimefive: {len(skipped)} images left out; mend them and prepare again, "
            "or go on without them",
            file=sys.stderr,
        )
