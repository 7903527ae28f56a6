"""Data of the user's own: folders by category or a table of files, whatever the categories."""

import dataclasses
from pathlib import Path

from data_prep import emotion_folders, label_table
from data_prep.raw_files import fingerprint as fingerprint_files
from data_prep.source import Options, Records, Request, Source, fingerprint_values, raw_of
from gimefive_jax.emotions import OWN, VARIANTS
from gimefive_jax.errors import InputError


@dataclasses.dataclass(frozen=True)
class OwnOptions(Options):
    """Whose names the categories have."""

    categories: tuple[str, ...] = ()
    """For the variant `own`: names of folders or labels in the order of their numbers, others are
    left out; empty takes every name, sorted, numbers by their value."""


class _Own(Source):
    variants = (*VARIANTS, OWN)
    options = OwnOptions
    # One's own test set is to be measured, perhaps nothing else.
    may_lack_train = True

    def check(self, request: Request) -> None:
        """Raise InputError for names of another variant, and for too few or repeated ones."""
        names = self.categories(request)
        if names and request.variant != OWN:
            raise InputError(
                f"categories {', '.join(names)} are for the variant '{OWN}', not "
                f"'{request.variant}'; leave either out"
            )
        if names and (len(set(names)) != len(names) or len(names) < 2):
            raise InputError(f"categories {', '.join(names)} must be two or more different names")

    def categories(self, request: Request) -> tuple[str, ...]:
        """Names that the user gave, in their order."""
        return request.options_as(OwnOptions).categories

    def _fingerprint(self, request: Request, raw: str) -> list[object]:
        # Nothing where no names are given: sets prepared before stay as they are.
        return [*fingerprint_values(request, raw=raw), *self.categories(request)]


class OwnFolders(_Own):
    """Faces in one folder per category."""

    def fingerprint(self, request: Request, *, data_dir: Path) -> list[object]:
        """Of how splits are made, the files, and the names of the categories."""
        return self._fingerprint(request, fingerprint_files(raw_of(request)))

    def records(self, request: Request, *, data_dir: Path) -> Records:
        """Every image in its folder."""
        return emotion_folders.read_records(
            raw_of(request), source=request.prepared_name, own=request.variant == OWN
        )


class OwnTable(_Own):
    """Faces that a csv lists."""

    def fingerprint(self, request: Request, *, data_dir: Path) -> list[object]:
        """Of how splits are made, the csv and its files, and the names of the categories."""
        own = request.variant == OWN
        return self._fingerprint(request, label_table.fingerprint(raw_of(request), own=own))

    def records(self, request: Request, *, data_dir: Path) -> Records:
        """Every face that the csv lists."""
        return label_table.read_records(
            raw_of(request), source=request.prepared_name, own=request.variant == OWN
        )
