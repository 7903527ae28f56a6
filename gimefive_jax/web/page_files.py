"""The static files of the page, with the networks that find faces beside them."""

import shutil
from importlib.resources import as_file, files
from pathlib import Path

from gimefive_jax.interop.shipped import ASSETS
from gimefive_jax.web.face_networks import export_detector, export_mesh

_SHARED = ("camera.js", "overlay.js", "scores.js", "live.css", "icon.svg")
"""What the live page has too."""
_LICENCE = "LICENSE-mediapipe.txt"


def write_page(folder: Path) -> None:
    """Writes all that the page is made of, except for the model, its facts and the runtime.

    Args:
      folder: Where it goes, which is there.
    """
    with as_file(files("gimefive_jax.web") / "page") as page:
        for path in page.iterdir():
            shutil.copyfile(path, folder / path.name)
    with as_file(files("gimefive_jax.live") / "page") as page:
        for name in _SHARED:
            shutil.copyfile(page / name, folder / name)
    (folder / "detector.onnx").write_bytes(export_detector())
    (folder / "mesh.onnx").write_bytes(export_mesh())
    shutil.copyfile(ASSETS / "faces" / _LICENCE, folder / _LICENCE)
