"""Finished steps on disk: each is a file that appears whole, so an interrupted run goes on."""

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import safetensors.numpy
from jaxtyping import Int

from gimefive_jax import files
from gimefive_jax.errors import InputError
from gimefive_jax.faithfulness import layout

Arrays = Mapping[str, np.ndarray]
_KEY, _ROWS = "key", "rows"


@dataclasses.dataclass(frozen=True)
class Parts:
    """Steps of one folder.

    Args:
      folder: Where the report is written.
      key: Says whose values they are: weights, faces and settings. Values of another key are
        computed anew.
    """

    folder: Path
    key: str

    def get(
        self, name: str, rows: Int[np.ndarray, " row"], compute: Callable[[], Arrays]
    ) -> Arrays:
        """Gives the arrays of a step, from its file where it was finished before.

        Args:
          name: Of the step, for the file.
          rows: Faces of the split that it measures.
          compute: Gives the arrays, each with a row per face.

        Returns:
          The arrays by name.

        Raises:
          InputError: The file of the step is damaged.
        """
        found = self.read(name, rows)
        return self.write(name, rows, compute()) if found is None else found

    def write(self, name: str, rows: Int[np.ndarray, " row"], arrays: Arrays) -> Arrays:
        """Keeps the arrays of a finished step, and gives them back.

        Args:
          name: Of the step.
          rows: Faces of the split that it measures.
          arrays: By name, each with a row per face.
        """
        kept = {**arrays, _ROWS: rows}
        content = safetensors.numpy.save(
            {one: np.ascontiguousarray(array) for one, array in kept.items()},
            metadata={_KEY: self.key},
        )
        with files.replacing(layout.part_file(self.folder, name)) as temporary:
            temporary.write_bytes(content)
        return arrays

    def read(self, name: str, rows: Int[np.ndarray, " row"]) -> Arrays | None:
        """Gives the arrays of a step; None where it is not finished.

        Args:
          name: Of the step.
          rows: Faces of the split that it measures.

        Raises:
          InputError: The file of the step is damaged.
        """
        path = layout.part_file(self.folder, name)
        if not path.is_file():
            return None
        try:
            with safetensors.safe_open(path, framework="numpy") as file:
                if (file.metadata() or {}).get(_KEY) != self.key:
                    return None
                if not np.array_equal(file.get_tensor(_ROWS), rows):
                    return None
                return {one: file.get_tensor(one) for one in file.keys() if one != _ROWS}  # noqa: SIM118 - no mapping
        except safetensors.SafetensorError as error:
            raise InputError(
                f"{path} is damaged ({error}); remove it and run the command again"
            ) from error
