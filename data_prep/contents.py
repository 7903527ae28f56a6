"""What a prepared data set will hold: its faces by split, and the facts written beside them."""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from jaxtyping import Bool, Int

from data_prep import splits
from data_prep.category_checks import by_value, check_emotions, check_names
from data_prep.columns import Columns
from data_prep.exclusions import Exclusions
from data_prep.reading import spool_records
from data_prep.records import FaceRecord, SkippedImage
from data_prep.spool import FaceTable, Spool
from gimefive_jax.emotions import EMOTIONS, VARIANTS
from gimefive_jax.errors import InputError
from gimefive_jax.set_metadata import Joined, Metadata


@dataclasses.dataclass(frozen=True)
class Content:
    """Rows of the spooled faces by physical split, and lists of rows of test over them."""

    spool: Spool
    table: FaceTable
    splits: Mapping[str, Int[np.ndarray, "_"]]
    emotions: tuple[str, ...]
    columns: Columns
    index_splits: Mapping[str, Int[np.ndarray, "_"]] = dataclasses.field(default_factory=dict)
    """Rows of `test` per further split."""
    skipped: Sequence[SkippedImage] = ()
    """The first `reading.NUM_NAMED` images that cannot be read."""
    num_skipped: int = 0
    """All of them."""
    num_absent: int = 0
    """Listed images that the download does not hold."""
    left_out: Mapping[str, int] = dataclasses.field(default_factory=dict)
    """Faces per emotion that this variant does not hold."""
    excluded: int = 0
    """Faces left out because the exclusion list names them."""
    carved_test: bool = False
    """Whether test was carved here, as the source has none."""

    def metadata(
        self, fingerprint: str, *, source_name: str, joined: Mapping[str, Joined]
    ) -> Metadata:
        """Counts, index splits and skipped images of this content."""
        tables = {name: self.table.take(rows) for name, rows in self.splits.items()}
        further = {name: tables["test"].take(rows) for name, rows in self.index_splits.items()}
        return {
            "fingerprint": fingerprint,
            "source_name": source_name,
            "emotions": list(self.emotions),
            "channels": self.columns.channels,
            "counts": {
                name: splits.count_emotions(faces, self.emotions)
                for name, faces in (tables | further).items()
            },
            "index_splits": {
                name: {"of": "test", "rows": rows.tolist()}
                for name, rows in self.index_splits.items()
            },
            "order": {name: splits.hash_order(faces) for name, faces in tables.items()},
            "skipped": {image.file_name: image.reason for image in self.skipped},
            "num_skipped": self.num_skipped,
            "num_absent": self.num_absent,
            "left_out": dict(self.left_out),
            "excluded": self.excluded,
            "carved_test": self.carved_test,
            "vote_names": list(self.columns.vote_names),
            "sources": dict(self.columns.sources),
            "joined": dict(joined),
        }


def gather(
    records: Iterable[FaceRecord | SkippedImage],
    spool: Spool,
    *,
    variant: str,
    what: str,
    exclusions: Exclusions,
    categories: tuple[str, ...] = (),
    may_lack_train: bool = False,
) -> Content:
    """Faces of a source, divided: its own test part or a carved one, and validation.

    Listed faces take part in the division and are dropped afterwards, from train and validation
    alone: what a set is tested on is the same with a list and without.

    Args:
      records: Of the source, in its order.
      spool: Takes the faces.
      variant: Which categories are kept, see `emotions.VARIANTS`; `own` keeps the source's.
      what: Names the source in messages.
      exclusions: Faces that are left out.
      categories: Names for `own` in label order; empty takes all that come, sorted.
      may_lack_train: Whether test faces alone are enough; there is no train split then.

    Returns:
      The divided faces.

    Raises:
      InputError: If a category has no faces to train on, or if a listed face lies in test.
    """
    chosen = VARIANTS.get(variant, categories)
    read = spool_records(records, spool, chosen=chosen, exclusions=exclusions)
    read.check(what, chosen)
    table = spool.table()
    kept = ~np.frombuffer(read.listed, np.bool_)
    parts, carved_test = _divide(table)
    _check_test_is_whole(spool, parts["test"][~kept[parts["test"]]], exclusions)
    physical = _carve_validation(table, parts, kept)
    test, train = table.take(parts["test"]), table.take(parts["train"][kept[parts["train"]]])
    emotions = chosen or tuple(sorted(table.emotions, key=by_value))
    check_names(emotions, what)
    if len(train) or not may_lack_train:
        check_emotions(what, train, emotions, variant=variant)
    return Content(
        spool=spool,
        table=table,
        splits={name: rows for name, rows in physical.items() if len(rows)},
        emotions=emotions,
        columns=read.columns,
        index_splits=splits.index_splits(test, train=train),
        skipped=read.skipped,
        num_skipped=read.num_skipped,
        num_absent=read.num_absent,
        left_out=read.left_out,
        excluded=int((~kept).sum()),
        carved_test=carved_test,
    )


def gather_as_divided(records: Iterable[FaceRecord | SkippedImage], spool: Spool) -> Content:
    """Faces whose `usage` is already the split they belong to; nothing is carved."""
    columns = Columns()
    for record in records:
        if isinstance(record, FaceRecord):
            columns.see(record)
            spool.append(record)
    table = spool.table()
    return Content(
        spool=spool,
        table=table,
        splits={
            usage: np.flatnonzero(table.usage == number)
            for number, usage in enumerate(table.usages)
        },
        emotions=EMOTIONS,
        columns=columns,
    )


def _carve_validation(
    table: FaceTable, parts: Mapping[str, Int[np.ndarray, "_"]], kept: Bool[np.ndarray, " face"]
) -> dict[str, Int[np.ndarray, "_"]]:
    """Rows of train, validation and test; faces that are not kept are dropped after the carving."""
    train = parts["train"]
    held = splits.carve(table.take(train))
    return {
        "train": train[~held & kept[train]],
        "validation": train[held & kept[train]],
        "test": parts["test"],
    }


def _check_test_is_whole(
    spool: Spool, listed: Int[np.ndarray, "_"], exclusions: Exclusions
) -> None:
    for record in spool.read(listed[:1].tolist()):
        raise InputError(
            f"{exclusions.path} lists {record.file_name} ({len(listed)} such faces), which lies in "
            "test; no face is left out of test: run the audit again on this set and variant"
        )


def _divide(table: FaceTable) -> tuple[dict[str, Int[np.ndarray, "_"]], bool]:
    """Rows of the official train and test parts, and whether test was carved here."""
    whole, test = table.rows_of_part("whole"), table.rows_of_part("test")
    if not len(whole) or len(test):
        return {"train": table.rows_of_part("train", "whole"), "test": test}, False
    # Another word in the seed, so that validation is not drawn by the same numbers.
    carved = splits.carve(table.take(whole), share=splits.TEST_SHARE, seed=f"test {splits.SEED}")
    train = np.union1d(table.rows_of_part("train"), whole[~carved])
    return {"train": train, "test": whole[carved]}, True
