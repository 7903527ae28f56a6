"""Faces that a preparation leaves out, as an audit listed them."""

import csv
from pathlib import Path

from data_prep.raw_files import fingerprint as fingerprint_files
from data_prep.records import FaceRecord
from gimefive_jax.errors import InputError

COLUMNS = ("file_name", "pixel_sha256", "reason")


def fingerprint(path: Path | None) -> str:
    """Changes with the list; empty where there is none, InputError where it is missing."""
    if path is None:
        return ""
    if not path.exists():
        raise InputError(
            f"no exclusion list at {path}; `gimefive data audit NAME --fix` writes one"
        )
    return fingerprint_files(path)


class Exclusions:
    """A list of faces by name and pixels; every one of them has to come by."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self._pixels = _read(path) if path is not None else {}
        self._taken: set[str] = set()

    def take(self, record: FaceRecord) -> bool:
        """Whether `record` is on the list; InputError if its name is and its pixels are not."""
        if record.file_name not in self._pixels:
            return False
        if self._pixels[record.file_name] != record.pixel_sha256:
            raise InputError(
                f"{self.path} lists {record.file_name} with other pixels than the download holds; "
                "run the audit again"
            )
        self._taken.add(record.file_name)
        return True

    def check_all_taken(self) -> None:
        """Raise InputError if a listed face never came by."""
        if missing := [name for name in self._pixels if name not in self._taken]:
            raise InputError(
                f"{self.path} lists {missing[0]} ({len(missing)} such faces), which the download "
                "does not hold; run the audit again"
            )


def _read(path: Path) -> dict[str, str]:
    try:
        # Spreadsheets put a mark before the first column's name.
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            columns, rows = reader.fieldnames or (), list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path} cannot be read as an exclusion list: {error}") from error
    if not set(COLUMNS) <= set(columns):
        raise InputError(f"{path} must have the columns {', '.join(COLUMNS)}")
    return {row["file_name"]: row["pixel_sha256"] for row in rows}
