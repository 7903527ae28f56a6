"""`gimefive data audit`."""

import dataclasses
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from gimefive_jax.cli.parsing import parse
from gimefive_jax.report.tables import aligned

if TYPE_CHECKING:
    from gimefive_jax.audit import AuditSummary


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


def _print_findings(summary: "AuditSummary") -> None:
    from gimefive_jax.audit.summary import OriginalKind

    equal, near = summary.equal, summary.near
    print(
        f"{summary.data}: "
        + ", ".join(
            f"{split} {sum(of.values()):,}" for split, of in summary.faces_per_split.items()
        )
        + " faces; train below is train + validation\n"
    )
    counts = {
        "groups within train": (equal.within_train, near.within_train),
        "groups within test": (equal.within_test, near.within_test),
        "groups across train and test": (equal.across_train_and_test, near.across_train_and_test),
        "test faces with a copy in train": (equal.test_faces_in_train, near.test_faces_in_train),
        "groups with different labels": (equal.contradicting, near.contradicting),
        "faces in groups": (equal.faces, near.faces),
        "largest group": (equal.largest, near.largest),
        "chained groups": (equal.chained, near.chained),
    }
    cells = [["finding", "equal pixels", "near-duplicates", "listed in"]]
    cells += [[words, f"{a:,}", f"{b:,}", "groups.csv"] for words, (a, b) in counts.items()]
    cells.append(["groups with a mirrored copy", "-", f"{near.with_mirrored:,}", "groups.csv"])
    print(aligned(cells))
    print(f"\nblank faces: {summary.blank:,}, listed in blank.csv")
    first, *others = summary.originals
    more = f", and {len(others)} other kinds" if others else ""
    if isinstance(first, OriginalKind):
        print(
            f"original files: {first.files:,} {first.format} of "
            f"{first.width}x{first.height}, mode {first.mode}{more}"
        )


def _print_fix(summary: "AuditSummary", folder: Path, *, num_ambiguous: int) -> None:
    path = shlex.quote(str(folder / "exclusions.csv"))
    print(
        f"\n{summary.excluded:,} faces of train and validation are listed in exclusions.csv; "
        "prepare the set as\n"
        f"before, with --exclude {path}"
    )
    if num_ambiguous:
        print(
            f"gimefive: {num_ambiguous} more belong on the list, but share their file name with "
            "another face, so the list cannot name them",
            file=sys.stderr,
        )
