import hashlib
from pathlib import Path

from gimefive_jax.files import file_sha256


def test_a_files_checksum_is_that_of_its_bytes(tmp_path: Path):
    content = bytes(range(256)) * 5000
    (tmp_path / "a").write_bytes(content)
    assert file_sha256(tmp_path / "a") == hashlib.sha256(content).hexdigest()
