"""Reads AffectNet: the manually annotated lists, the arrays beside images, or the 96x96 re-pack."""

from collections.abc import Iterator
from pathlib import Path

from data_prep import affectnet_arrays, affectnet_lists, affectnet_repack
from data_prep.raw_files import RawFiles
from data_prep.records import FaceRecord, SkippedImage
from gimefive_jax.errors import InputError

SOURCE = "affectnet"
_LAYOUTS = (
    "Manually_Annotated_file_lists/training.csv and validation.csv with Manually_Annotated_Images/"
    ", train_set/ and val_set/ with images/ and annotations/, or class folders with a labels.csv"
)


def read_records(raw: Path) -> Iterator[FaceRecord | SkippedImage]:
    """Reads every face of AffectNet, whatever its category.

    Contempt, `none`, `uncertain` and `no face` are yielded by these words. AffectNet's test part
    was never released: its validation part is our `test`, as it is in the literature. Downloads
    of it are often partial, so an image without a label, or a label without its image, is
    a SkippedImage.

    Args:
      raw: Zip or folder, in any of the three layouts.

    Yields:
      Faces and images that cannot be had, in a fixed order.

    Raises:
      InputError: Where no image has a label, and for labels that are wrong.
    """
    with RawFiles(raw) as files:
        yield from files.skipped_images()
        if lists := affectnet_lists.find_lists(files):
            yield from affectnet_lists.read_lists(files, lists, source=SOURCE)
        elif folders := affectnet_arrays.find_folders(files):
            yield from affectnet_arrays.read_folders(files, folders, source=SOURCE)
        elif label_files := affectnet_repack.find_label_files(files):
            yield from affectnet_repack.read_label_files(files, label_files, source=SOURCE)
        else:
            raise InputError(f"{raw} holds none of AffectNet's layouts: {_LAYOUTS}")
