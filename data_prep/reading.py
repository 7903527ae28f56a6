"""Reads the records of a source once: each is spooled, counted, or left out."""

import dataclasses
from collections import Counter
from collections.abc import Iterable

from tqdm import tqdm

from data_prep.columns import Columns
from data_prep.exclusions import Exclusions
from data_prep.records import FaceRecord, SkippedImage
from data_prep.spool import Spool
from gimefive_jax.errors import InputError

# Of a thousand broken images the first ones tell what is wrong.
NUM_NAMED = 1000


@dataclasses.dataclass
class Read:
    """What came of the records beside the faces in the spool."""

    columns: Columns = dataclasses.field(default_factory=Columns)
    listed: bytearray = dataclasses.field(default_factory=bytearray)
    """For each face in the spool whether the exclusion list names it."""
    skipped: list[SkippedImage] = dataclasses.field(default_factory=list)
    """The first `NUM_NAMED` images that cannot be read."""
    num_skipped: int = 0
    """All of them."""
    num_absent: int = 0
    """Listed images that the download does not hold."""
    left_out: Counter[str] = dataclasses.field(default_factory=Counter)
    """Faces of other categories than the chosen ones."""

    def check(self, what: str, chosen: tuple[str, ...]) -> None:
        """Raise InputError where no face was kept or most images are broken; `what` was read."""
        num_read = len(self.listed) + self.left_out.total()
        if self.num_skipped > num_read:
            raise InputError(
                f"{self.num_skipped} of {self.num_skipped + num_read} images in {what} cannot be "
                f"read, the first: {self.skipped[0].reason}; download it again"
            )
        if not num_read:
            raise InputError(f"{what} holds no faces; download it again")
        if not self.listed:
            raise InputError(
                f"{what} has the categories {', '.join(self.left_out)}, none of "
                f"{', '.join(chosen)}; choose others by --variant or --categories"
            )


def spool_records(
    records: Iterable[FaceRecord | SkippedImage],
    spool: Spool,
    *,
    chosen: tuple[str, ...],
    exclusions: Exclusions,
) -> Read:
    """Puts the faces of the chosen categories into the spool.

    Args:
      records: Of a source, in its order.
      spool: Takes the faces.
      chosen: Categories; empty takes all.
      exclusions: Every face of it has to come by.

    Returns:
      What else was seen.

    Raises:
      InputError: If the exclusion list is another source's.
    """
    read = Read()
    for record in tqdm(records, desc="read", unit=" faces", leave=False, disable=None):
        if isinstance(record, SkippedImage):
            read.num_absent += record.absent
            read.num_skipped += not record.absent
            if not record.absent and len(read.skipped) < NUM_NAMED:
                read.skipped.append(record)
            continue
        # First of all, so that a list of the seven categories serves the six.
        is_listed = exclusions.take(record)
        if chosen and record.emotion not in chosen:
            read.left_out[record.emotion] += 1
            continue
        if not is_listed:
            read.columns.see(record)
        spool.append(record)
        read.listed.append(is_listed)
    exclusions.check_all_taken()
    return read
