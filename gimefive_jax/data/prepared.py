"""Lists the data sets that are prepared on this machine, from their own metadata."""

import dataclasses
import json
import os
from collections.abc import Mapping
from pathlib import Path

from gimefive_jax.config import DataConfig, DataName
from gimefive_jax.emotions import OWN, VARIANTS
from gimefive_jax.errors import InputError, nearest
from gimefive_jax.known_sets import KNOWN_SETS
from gimefive_jax.set_metadata import IndexSplit


@dataclasses.dataclass(frozen=True)
class PreparedSet:
    """A prepared data set; its images are not read yet."""

    name: str
    variant: str
    version: str
    path: Path
    fingerprint: str
    """Of the source that it was prepared from."""
    emotions: tuple[str, ...]
    channels: int
    """1 if every image is grey, else 3."""
    splits: Mapping[str, Mapping[str, int]]
    """Faces per split, index splits included, and emotion."""
    index_splits: Mapping[str, IndexSplit]
    order: Mapping[str, str]
    """Per physical split, sha256 of its images' pixel hashes in row order."""
    source_name: str = ""
    """What `gimefive data prepare` read it as; empty where its metadata does not say."""

    @property
    def data_name(self) -> DataName:
        """The set and its variant."""
        return DataName(self.name, self.variant)


def data_directory(directory: str = "") -> Path:
    """Says where prepared data sets lie.

    Args:
      directory: Empty means $TFDS_DATA_DIR, else ~/tensorflow_datasets.

    Returns:
      The folder, which may not be there yet.
    """
    chosen = directory or os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets"
    return Path(chosen).expanduser()


def list_prepared(directory: Path) -> list[PreparedSet]:
    """Lists the prepared data sets of a folder.

    Args:
      directory: Sets of other projects in it are left out.

    Returns:
      The newest version of each set and variant, sorted by name.
    """
    found: dict[tuple[str, str], PreparedSet] = {}
    for path in sorted(directory.glob("[!.]*/[!.]*/[0-9]*.[0-9]*.[0-9]*"), key=_version):
        if prepared := _read_prepared(path):
            found[prepared.name, prepared.variant] = prepared
    return [found[key] for key in sorted(found)]


def find_prepared(data: DataConfig) -> PreparedSet:
    """Finds the prepared data set that a config names.

    Args:
      data: Its `name`, `variant` and `directory` are read.

    Returns:
      The set; no image is read.

    Raises:
      InputError: If it is not prepared; the line says what is, and how to prepare it.
    """
    directory = data_directory(data.directory)
    sets = list_prepared(directory)
    for prepared in sets:
        if (prepared.name, prepared.variant) == (data.name, data.variant):
            return prepared
    there = ", ".join(str(one.data_name) for one in sets) or "nothing"
    source_name = next((one.source_name for one in sets if one.name == data.name), "")
    command = prepare_command(data.name, data.variant, source_name=source_name)
    names = sorted({one.name for one in sets} | set(KNOWN_SETS))
    if data.name in names:
        variants = [one.variant for one in sets if one.name == data.name]
        hint = nearest(data.variant, variants)
    else:
        hint = nearest(data.name, names)
    raise InputError(
        f"data set '{data.data_name}' is not prepared in {directory}{hint}; "
        f"prepared there: {there}; prepare it with `{command}`, "
        "or name its folder with --data-dir"
    )


def prepare_command(name: str, variant: str = "six", *, source_name: str = "") -> str:
    """Gives the command that prepares a set, as a message shows it.

    Args:
      name: Of the prepared set.
      variant: Choice of categories.
      source_name: What a set with a name of its own is prepared from; empty where that is not
        known, then it is taken for a folder by category.

    Returns:
      The words to type.

    Example:
      >>> prepare_command("raf_db", "seven")
      'gimefive data prepare raf_db --raw PATH --variant seven'
    """
    source = source_name or (name if name in KNOWN_SETS else "folders")
    raw = " --raw PATH" if source not in KNOWN_SETS or KNOWN_SETS[source].raw else ""
    own = "" if source == name else f" --set-name {name}"
    chosen = f" --variant {variant}" if variant in (*VARIANTS, OWN) and variant != "six" else ""
    return f"gimefive data prepare {source}{raw}{own}{chosen}"


def _read_prepared(path: Path) -> PreparedSet | None:
    try:
        (path / "dataset_info.json").stat()
        values = json.loads((path / "metadata.json").read_text(encoding="utf-8"))
        return PreparedSet(
            name=path.parent.parent.name,
            variant=path.parent.name,
            version=path.name,
            path=path,
            fingerprint=values["fingerprint"],
            emotions=tuple(values["emotions"]),
            channels=values["channels"],
            splits=values["counts"],
            index_splits=values["index_splits"],
            order=values["order"],
            source_name=str(values.get("source_name", "")),
        )
    except (OSError, ValueError, KeyError, TypeError):
        # Another project's TFDS set may lie in the same folder; it is none of ours.
        return None


def _version(path: Path) -> list[int]:
    return [int(part) if part.isdecimal() else 0 for part in path.name.split(".")]
