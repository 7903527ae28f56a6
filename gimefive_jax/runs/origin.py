"""Records where the weights of a run came from that did not begin with random parameters."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from gimefive_jax import files, json_records
from gimefive_jax.json_records import JsonObject


@dataclasses.dataclass(frozen=True)
class Origin:
    """Source of the weights that a run began from."""

    source: str
    """Where the numbers came from, in words."""
    num_batches_tracked: Mapping[str, int]
    """What torch's batch norms had counted before the run, by our names of the norms."""
    init: str = ""
    """What `gimefive train --init` was given; empty for a folder converted from weights."""
    taken: str = ""
    """What of the weights was taken and what was not, in words; empty where all was taken."""

    def write(self, path: Path) -> None:
        """Writes the file in one step."""
        values: JsonObject = {
            "source": self.source,
            "num_batches_tracked": dict(self.num_batches_tracked),
        }
        if self.init:
            values |= {"init": self.init, "taken": self.taken}
        files.write_json(path, values)

    @classmethod
    def read(cls, path: Path) -> Self | None:
        """Reads the file; None where there is none.

        Raises:
          InputError: The file is damaged.
        """
        mend = "convert the weights again"
        return json_records.read_json(cls, path, mend=mend) if path.is_file() else None
