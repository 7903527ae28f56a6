"""What tells the content of files apart."""

import hashlib
from pathlib import Path


def file_sha256(path: Path) -> str:
    """Computes the checksum of a file, read in pieces.

    Args:
      path: The file.

    Returns:
      sha256 of its bytes, in hexadecimal digits.

    Raises:
      OSError: If it cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
