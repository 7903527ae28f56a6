import hashlib
import io
from pathlib import Path

import numpy as np
from PIL import Image

from data_prep.prepare import prepare
from gimefive_jax.config import DataConfig
from gimefive_jax.data import open_split, read_originals
from tests.raw_fer2013 import make_faces, write_folders


def test_originals_are_the_files_that_were_prepared(tmp_path: Path) -> None:
    write_folders(tmp_path / "raw", make_faces(num_train=2))
    # One file of another kind: colour, larger, and PNG whatever its name says.
    odd = tmp_path / "raw" / "test" / "happy" / "PublicTest_2.jpg"
    buffer = io.BytesIO()
    Image.fromarray(np.zeros((30, 50, 3), np.uint8)).save(buffer, format="PNG")
    odd.write_bytes(buffer.getvalue())
    prepare("fer2013", raw=tmp_path / "raw", data_dir=tmp_path / "data")
    config = DataConfig(directory=str(tmp_path / "data"))
    split, originals = open_split(config, "test"), read_originals(config, "test")
    files = {path.name: path.read_bytes() for path in (tmp_path / "raw").rglob("*.jpg")}
    for row, name in enumerate(split.file_names):
        digest = hashlib.sha256(files[name]).digest()
        assert originals.file_sha256[row].tobytes() == digest
        kind = (
            int(originals.width[row]),
            int(originals.height[row]),
            originals.mode[row],
            originals.format[row],
        )
        assert kind == ((50, 30, "RGB", "PNG") if name == odd.name else (48, 48, "L", "JPEG"))
