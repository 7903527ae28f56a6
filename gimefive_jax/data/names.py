"""File names of a split, kept as bytes: numpy strings would take four times the memory."""

from collections.abc import Iterator
from typing import overload

import numpy as np


class FileNames:
    """A row of names; indexing with a number gives a string, with anything else fewer names."""

    def __init__(self, names: np.ndarray) -> None:
        """`names` are UTF-8 bytes (dtype S), or strings."""
        self._bytes = names if names.dtype.kind == "S" else np.char.encode(names.astype(str))

    def __len__(self) -> int:
        return len(self._bytes)

    @overload
    def __getitem__(self, rows: int | np.integer) -> str: ...

    @overload
    def __getitem__(self, rows: slice | np.ndarray | list[int]) -> "FileNames": ...

    def __getitem__(
        self, rows: int | np.integer | slice | np.ndarray | list[int]
    ) -> "str | FileNames":
        if isinstance(rows, int | np.integer):
            return str(self._bytes[rows].decode())
        return FileNames(self._bytes[rows])

    def __iter__(self) -> Iterator[str]:
        return (name.decode() for name in self._bytes)

    def __array__(self, dtype: np.dtype | None = None, copy: bool | None = None) -> np.ndarray:
        return np.char.decode(self._bytes).astype(dtype or str)
