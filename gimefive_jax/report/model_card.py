"""The model card of a file of weights: Markdown over what was measured on it."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from gimefive_jax import files
from gimefive_jax.report.released import Released
from gimefive_jax.report.templating import render


def write_card(path: Path, released: Released, *, pictures: Path) -> None:
    """Writes the model card in one step.

    Args:
      path: NAME.md.
      released: What NAME.json beside it holds.
      pictures: Folder of NAME-curves.png, NAME-confusion.png and NAME-reliability.png; the card
        shows those that are there.
    """
    drawn = {
        picture: Path(os.path.relpath(found, path.parent)).as_posix()
        for picture in ("curves", "confusion", "reliability")
        if (found := pictures / f"{released.name}-{picture}.png").is_file()
    }
    files.write_text(path, render_card(released, pictures=drawn))


def render_card(released: Released, *, pictures: Mapping[str, str]) -> str:
    """The card as Markdown; `pictures` are paths relative to it, by what they show."""
    filters = {
        "percent": lambda share: f"{100 * share:.2f}",
        "as_json": lambda value: json.dumps(value, indent=2),
    }
    # What was tried is the same for each view.
    by_view = (choice.candidates for choice in released.calibrations.values())
    return render(
        "model_card.md.j2",
        filters=filters,
        results=released,
        tried=list(zip(*by_view, strict=True)),
        pictures=pictures,
    )
