"""A trained model as a folder that explains faces in a browser, without this package."""

import dataclasses
import os
from pathlib import Path

from gimefive_jax.api import Classifier
from gimefive_jax.errors import InputError
from gimefive_jax.files import check_replaceable, replacing_folder
from gimefive_jax.recipes.export import ExportedFile, export_model
from gimefive_jax.recipes.exported_function import Precision
from gimefive_jax.web.facts import PageFacts
from gimefive_jax.web.page_files import write_page
from gimefive_jax.web.runtime import found_runtime

_ABOUT = "about.json"


@dataclasses.dataclass(frozen=True)
class WebFolder:
    """What was written."""

    path: Path
    num_files: int
    num_bytes: int
    model: ExportedFile
    """The file of the model in it, and how far it is from the model."""


def export_web(
    classifier: Classifier,
    out: str | Path,
    *,
    explain: str = "",
    precision: Precision = "float32",
    runtime: Path | None = None,
) -> WebFolder:
    """Writes a folder of static files: a page that finds and explains faces in the browser.

    Args:
      classifier: The model.
      out: The folder, which appears whole or not at all; an earlier one there is replaced.
      explain: See `export_model`.
      precision: See `export_model`.
      runtime: The npm package onnxruntime-web as a file or a folder; by default npm fetches it.

    Returns:
      What was written.

    Raises:
      InputError: The folder holds other files or cannot be written, the package is missing or is
        another, or the model cannot be exported; nothing is written then.
    """
    folder = Path(out)
    check_replaceable(folder, marker=_ABOUT)
    _check_place(folder)
    with found_runtime(runtime) as package, replacing_folder(folder) as temporary:
        path = temporary / "model.onnx"
        # The page draws no other map.
        exported = export_model(
            classifier, path, explain=explain, precision=precision, every_category=False
        )
        write_page(temporary)
        package.write(temporary / "onnxruntime")
        (temporary / _ABOUT).write_text(PageFacts.of(classifier, _metadata(path)).text())
    written = [path for path in folder.rglob("*") if path.is_file()]
    num_bytes = sum(path.stat().st_size for path in written)
    model = dataclasses.replace(exported, path=folder / path.name)
    return WebFolder(folder, len(written), num_bytes, model)


def _metadata(path: Path) -> dict[str, str]:
    from gimefive_jax.interop.onnx import OnnxSession

    return OnnxSession(path).metadata


def _check_place(folder: Path) -> None:
    """Tells before the work whether a folder can be written."""
    above = next(parent for parent in folder.absolute().parents if parent.exists())
    if not above.is_dir() or not os.access(above, os.W_OK):
        raise InputError(f"{folder} cannot be written; name a folder in one that can, with --out")
