"""Reads the width of a model and its image size from the shapes of a state dict."""

import math
import statistics
from collections.abc import Mapping

Shapes = Mapping[str, tuple[int, ...]]


def find_width(shapes: Shapes, table: Shapes, *, last: str) -> float:
    """Returns the ratio of all layers' features to the paper's; rounded ones, the shortest decimal.

    Args:
        shapes: Shapes of the tensors of a state dict by name.
        table: Those of the same architecture at full width.
        last: Name of the layer that gives the logits, whose number does not depend on the width.
    """
    low, high, ratios = 0.0, math.inf, []
    for name, (count, *rest) in table.items():
        # A layer's features are the length of its bias, or of its norm's.
        if rest or not name.endswith(".bias") or name.startswith(f"{last}."):
            continue
        [found] = shapes[name]
        ratios.append(found / count)
        # A layer never has fewer than one feature, however narrow.
        low = max(low, (found - 0.5) / count if found > 1 else 0.0)
        high = min(high, (found + 0.5) / count)
    if low > high:
        # No width fits them all: take most layers' one, and the others will be named.
        return max(statistics.median(ratios), 1e-9)
    if len(set(ratios)) == 1:
        return ratios[0]
    middle = (low + high) / 2
    for digits in range(10):
        width = round(middle, digits)
        if low <= width <= high and width > 0:
            return width
    return middle


def find_image_size(shapes: Shapes, table: Shapes, *, side: int, flat: str, conv: str) -> int:
    """Returns the side of the images that a flattened grid tells, in pixels; 0 if it tells none.

    Args:
        shapes: Shapes of the tensors of a state dict by name.
        table: Those of the model at full width, for images of `side` pixels.
        side: Side of the images that `table` is for.
        flat: Name of the dense layer that takes the flattened grid.
        conv: Name of the convolution that gives the grid.
    """
    flat, conv = f"{flat}.weight", f"{conv}.weight"
    # The pools make a side of the grid from this many pixels, at any width.
    stride = side // math.isqrt(table[flat][-1] // table[conv][0])
    features, flattened = shapes[conv][0], shapes[flat][-1]
    grid = math.isqrt(flattened // max(1, features))
    return stride * grid if grid**2 * features == flattened else 0
