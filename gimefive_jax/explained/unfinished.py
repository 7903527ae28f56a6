"""An export that is not finished yet: its folder, what is done of it, and its end."""

import contextlib
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from gimefive_jax import files
from gimefive_jax.errors import InputError
from gimefive_jax.explained import layout
from gimefive_jax.explained.arrays import has_shard
from gimefive_jax.json_records import JsonObject


class UnfinishedExport:
    """The folder `NAME.unfinished` beside the one that an export will have.

    Args:
      folder: `NAME.unfinished`. It holds `results`, which take the place of the export once all is
        done, `manifest` with the rows of each finished shard, and `plan.json`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.results = folder / layout.RESULTS
        """Arrays, and at the end everything of the export."""
        self.num_done = 0
        """Shards that are finished."""

    def begin(self, plan: JsonObject, tell: Callable[[str], None]) -> None:
        """Keeps what was done of the same plan, and removes what was of another.

        Args:
          plan: Everything that decides the results.
          tell: Gets a line where an export of another plan is removed.
        """
        path = self.folder / layout.PLAN
        before = _read(path)
        if before == json.loads(json.dumps(plan)):
            self.num_done = self._count()
        elif before is not None:
            names = ", ".join(_differences(before, plan))
            tell(f"{self.folder} held an unfinished export with other {names}; it begins anew")
        if self.num_done:
            self._remove_rest()
            return
        for name in (layout.RESULTS, layout.PARTS):
            shutil.rmtree(self.folder / name, ignore_errors=True)
        files.write_json(path, plan)
        self.results.mkdir()

    @property
    def parts(self) -> list[Path]:
        """The manifest's rows of each finished shard, in order."""
        return [layout.part_file(self.folder, shard) for shard in range(self.num_done)]

    def _count(self) -> int:
        """How many shards are whole from the first one on; later ones count as not begun."""
        arrays = list(self.results.glob("*/*.zarr"))
        shard = 0
        with contextlib.suppress(InputError):
            while layout.part_file(self.folder, shard).is_file() and all(
                has_shard(array, shard) for array in arrays
            ):
                shard += 1
        return shard if arrays else 0

    def _remove_rest(self) -> None:
        """Removes what a killed process left half written."""
        for path in self.folder.rglob("*.partial"):
            path.unlink()
        for part in (self.folder / layout.PARTS).iterdir():
            if part not in self.parts:
                part.unlink()


@contextlib.contextmanager
def unfinished_export(folder: Path) -> Iterator[UnfinishedExport]:
    """Yields the unfinished export for `folder`; at the end of the block it takes its place.

    If the block ends with an error, what is done stays for the next call.

    Args:
      folder: Where the export goes.

    Yields:
      The unfinished export, of which `begin` has to be called.

    Raises:
      InputError: Another process is exporting to the same folder, or `NAME.unfinished` is no
        unfinished export.
      OSError: The system refuses.
    """
    place = files.resting_place(folder, layout.UNFINISHED)
    if place.exists() and not place.is_dir():
        raise InputError(f"{place} is in the way of the export; move it away")
    with files.only_one(place, doing="written"):
        if any(place.iterdir()) and not (place / layout.PLAN).is_file():
            raise InputError(f"{place} holds other files than an unfinished export; move it away")
        yield UnfinishedExport(place)
        files.exchange_folder(place / layout.RESULTS, folder)
        shutil.rmtree(place)


def _read(path: Path) -> object:
    """What the plan says; None where there is none, or it is damaged."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _differences(before: object, plan: JsonObject) -> list[str]:
    found = before if isinstance(before, dict) else {}
    plain = json.loads(json.dumps(plan))
    return [name for name in plain if found.get(name) != plain[name]]
