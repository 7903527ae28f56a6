"""The model card of a file of weights: Markdown over what was measured on it."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

import jinja2

from gimefive_jax import files


def write_card(path: Path, results: Mapping[str, object], *, pictures: Path) -> None:
    """Write the card to `path` in one step; `results` is what NAME.json beside it holds."""
    drawn = {
        picture: Path(os.path.relpath(found, path.parent)).as_posix()
        for picture in ("curves", "confusion", "reliability")
        if (found := pictures / f"{results['name']}-{picture}.png").is_file()
    }
    files.write_text(path, render_card(results, pictures=drawn))


def render_card(results: Mapping[str, object], *, pictures: Mapping[str, str]) -> str:
    """The card as Markdown; `pictures` are paths relative to it."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("gimefive_jax", "report/templates"),
        # Markdown, not HTML: names come from us and from the data set's own metadata.
        autoescape=False,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["percent"] = lambda share: f"{100 * share:.2f}"
    environment.filters["as_json"] = lambda value: json.dumps(value, indent=2)
    return environment.get_template("model_card.md.j2").render(results=results, pictures=pictures)
