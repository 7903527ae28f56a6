"""`gimefive data list`."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from gimefive_jax.cli.parsing import parse


@dataclasses.dataclass(frozen=True)
class Arguments:
    """List the data sets that can be prepared, and those that are, with their faces per split."""

    data_dir: Path | None = None
    """Folder of prepared data sets; by default $TFDS_DATA_DIR, else ~/tensorflow_datasets."""


def run(words: Sequence[str]) -> int:
    """Run the verb."""
    arguments = parse(Arguments, words, verb="data list")
    from gimefive_jax.data import data_directory, list_prepared
    from gimefive_jax.known_sets import KNOWN_SETS

    directory = data_directory(str(arguments.data_dir or ""))
    print("Data sets that `gimefive data prepare NAME` knows:")
    width = max(map(len, KNOWN_SETS))
    for name, known in KNOWN_SETS.items():
        print(f"  {name:{width}}  {known.origin}")
    prepared = list_prepared(directory)
    print(f"\nPrepared in {directory}:" + ("" if prepared else " nothing"))
    for one in prepared:
        counts = ", ".join(f"{split} {sum(of.values()):,}" for split, of in one.splits.items())
        print(f"  {one.data_name} {one.version}: {counts}")
    return 0
