"""Templates of the pages, and pictures that lie inside them."""

import base64
from collections.abc import Callable, Mapping
from pathlib import Path

import jinja2
import numpy as np
from jaxtyping import UInt8

from gimefive_jax import images


def render(template: str, *, filters: Mapping[str, Callable[..., object]], **values: object) -> str:
    """Fills a template of `report/templates`.

    Args:
      template: Name of the file. In `.html.j2` whatever comes from outside is escaped; others are
        Markdown, whose names come from us and from the data set's own metadata.
      filters: By the name that the template calls them by.
      **values: What the template shows; a name that is not among them is an error.

    Returns:
      The text.
    """
    is_html = template.endswith(".html.j2")
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("gimefive_jax", "report/templates"),
        autoescape=is_html,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=not is_html,
    )
    environment.filters.update(filters)
    return str(environment.get_template(template).render(**values))


def embed_file(path: Path) -> str:
    """Data URI of a PNG file."""
    return _data_uri(path.read_bytes(), "png")


def embed_png(pixels: UInt8[np.ndarray, "height width channel"]) -> str:
    """Data URI of pixels with one channel or three, without loss."""
    return _data_uri(images.encode_png(pixels[..., 0] if pixels.shape[-1] == 1 else pixels), "png")


def embed_jpeg(pixels: UInt8[np.ndarray, "height width 3"]) -> str:
    """Data URI of colour pixels as JPEG, a tenth of the size of PNG for photos."""
    return _data_uri(images.encode_jpeg(pixels), "jpeg")


def _data_uri(content: bytes, kind: str) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"
