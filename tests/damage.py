"""One flipped bit, as a worn disk or a bad copy leaves it."""

from pathlib import Path

import numpy as np


def flip_a_bit(path: Path, generator: np.random.Generator) -> str:
    """Flip a bit of `path` anywhere; says which."""
    data = bytearray(path.read_bytes())
    position, bit = int(generator.integers(len(data))), int(generator.integers(8))
    data[position] ^= 1 << bit
    path.write_bytes(data)
    return f"bit {bit} of byte {position} of {path}"


def largest_file(folder: Path) -> Path:
    """The largest file below `folder`, or that file itself."""
    files = [folder, *folder.rglob("*")]
    return max((path for path in files if path.is_file()), key=lambda path: path.stat().st_size)
