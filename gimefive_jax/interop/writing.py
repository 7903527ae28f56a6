"""Writes the bytes of a weight file; a failure is one line."""

import json
from pathlib import Path

from gimefive_jax import files
from gimefive_jax.errors import InputError

# The length of the header stands before it, in as many bytes.
_LENGTH = 8


def write_bytes(path: Path, content: bytes) -> None:
    """Writes a file, whole or not at all.

    Raises:
        InputError: The disk refuses; the line names the file and the reason.
    """
    try:
        with files.replacing(path) as partial:
            partial.write_bytes(content)
    except OSError as error:
        # The system's error names a temporary file, or none at all where a disk is full.
        raise InputError(
            f"cannot write {path}: {error.strerror or error}; free some space or choose another "
            "path"
        ) from error


def with_ordered_header(content: bytes) -> bytes:
    """Returns the same safetensors file with its metadata sorted.

    The library writes them in another order each time, and the same weights should be the same
    bytes.
    """
    size = int.from_bytes(content[:_LENGTH], "little")
    header = json.loads(content[_LENGTH : _LENGTH + size])
    metadata = {"__metadata__": dict(sorted(header.pop("__metadata__").items()))}
    text = json.dumps(metadata | header, separators=(",", ":")).encode()
    # Tensors begin at a multiple of eight bytes, as the format wants it.
    text += b" " * (-len(text) % _LENGTH)
    return len(text).to_bytes(_LENGTH, "little") + text + content[_LENGTH + size :]
