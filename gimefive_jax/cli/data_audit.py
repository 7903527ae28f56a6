"""`gimefive data audit`."""

import dataclasses
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, cast

import tyro

from gimefive_jax.cli.parsing import parse
from gimefive_jax.report.tables import aligned


@dataclasses.dataclass(frozen=True)
class Arguments:
    """Find copies, contradicting labels and blank faces in a prepared data set.

    Writes audit.json, groups.csv, blank.csv and a page with thumbnails, index.html, which is for
    you alone: it shows faces of the data set. A chained group is of near-duplicates of which some
    are connected only through others. Every pair of faces is compared, so the time grows with the
    square of their number.
    """

    name: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="NAME")]
    """Prepared data set, NAME or NAME/VARIANT, as `gimefive data list` shows it."""
    out: Path | None = None
    """Folder for the results; by default gimefive-out/audit/NAME. Earlier results in it are
    replaced; an earlier exclusions.csv stays until --fix writes another."""
    fix: bool = False
    """Also write exclusions.csv for `gimefive data prepare NAME --exclude`: of train and validation
    the blank faces, equal pictures under different labels, copies of test faces, and all but the
    first of equal pictures. Test is never touched."""
    data_dir: Path | None = None
    """Folder of prepared data sets; by default $TFDS_DATA_DIR, else ~/tensorflow_datasets."""


def run(words: Sequence[str]) -> int:
    """Run the verb."""
    arguments = parse(Arguments, words, verb="data audit")
    from gimefive_jax.config import DataConfig, DataName
    from gimefive_jax.recipes.data_audit import audit_data_set

    named = DataName.parse(arguments.name)
    data = DataConfig(named.name, named.variant, directory=str(arguments.data_dir or ""))
    folder = arguments.out or Path("gimefive-out") / "audit" / named.folder
    result = audit_data_set(
        data,
        folder,
        command=shlex.join(["gimefive", "data", "audit", *words]),
        fix=arguments.fix,
        progress=True,
    )
    _print_findings(result.summary)
    print(f"\nwritten to {folder}; {folder / 'index.html'} shows faces: keep it to yourself")
    if result.kept_list:
        print("exclusions.csv there is that of an earlier audit with --fix")
    if arguments.fix:
        _print_fix(result.summary, folder, num_ambiguous=result.num_ambiguous)
    return 0


def _print_findings(summary: Mapping[str, object]) -> None:
    equal = cast(Mapping[str, int], summary["equal"])
    near = cast(Mapping[str, int], summary["near"])
    faces = cast(Mapping[str, Mapping[str, int]], summary["faces_per_split"])
    print(
        f"{summary['data']}: "
        + ", ".join(f"{split} {sum(of.values()):,}" for split, of in faces.items())
        + " faces; train below is train + validation\n"
    )
    cells = [["finding", "equal pixels", "near-duplicates", "listed in"]]
    rows = {
        "groups within train": "within_train",
        "groups within test": "within_test",
        "groups across train and test": "across_train_and_test",
        "test faces with a copy in train": "test_faces_in_train",
        "groups with different labels": "contradicting",
        "faces in groups": "faces",
        "largest group": "largest",
        "chained groups": "chained",
    }
    for words, key in rows.items():
        cells.append([words, f"{equal[key]:,}", f"{near[key]:,}", "groups.csv"])
    cells.append(["groups with a mirrored copy", "-", f"{near['with_mirrored']:,}", "groups.csv"])
    print(aligned(cells))
    print(f"\nblank faces: {summary['blank']:,}, listed in blank.csv")
    kinds = cast(Sequence[Mapping[str, object]], summary["originals"])
    first = kinds[0]
    more = f", and {len(kinds) - 1} other kinds" if len(kinds) > 1 else ""
    print(
        f"original files: {first['files']:,} {first['format']} of "
        f"{first['width']}x{first['height']}, mode {first['mode']}{more}"
    )


def _print_fix(summary: Mapping[str, object], folder: Path, *, num_ambiguous: int) -> None:
    path = shlex.quote(str(folder / "exclusions.csv"))
    print(
        f"\n{summary['excluded']:,} faces of train and validation are listed in exclusions.csv; "
        "prepare the set as\n"
        f"before, with --exclude {path}"
    )
    if num_ambiguous:
        print(
            f"gimefive: {num_ambiguous} more belong on the list, but share their file name with "
            "another face, so the list cannot name them",
            file=sys.stderr,
        )
