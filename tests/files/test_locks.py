from pathlib import Path

import pytest

from gimefive_jax import files
from gimefive_jax.errors import InputError


def test_a_folder_serves_one_process_at_a_time(tmp_path: Path):
    folder = tmp_path / "run"
    with (
        files.only_one(folder, doing="trained"),
        pytest.raises(InputError, match="run is being trained by another process"),
        files.only_one(folder, doing="trained"),
    ):
        pass
    with files.only_one(folder, doing="trained"):
        assert list(folder.iterdir()) == []
