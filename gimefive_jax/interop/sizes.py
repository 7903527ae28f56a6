"""How wide a model is and how large its faces are, from the shapes of its state dict."""

import math
import re
import statistics
from collections.abc import Mapping

Shapes = Mapping[str, tuple[int, ...]]


def find_width(shapes: Shapes, table: Shapes) -> float:
    """The ratio of all layers' features to the paper's; rounded ones, the shortest decimal."""
    last = last_layer(table)
    low, high, ratios = 0.0, math.inf, []
    for name, (count, *rest) in table.items():
        # A layer's features are the length of its bias, or of its norm's.
        if rest or not name.endswith(".bias") or name.startswith(last):
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


def find_image_size(shapes: Shapes, table: Shapes, *, side: int) -> int:
    """Side of the input that vgg's flattened grid tells; 0 with any other model, and if none.

    `table` has the shapes of the model at full width, for faces of `side` pixels.
    """
    flat = "classifier.0.weight"
    if flat not in shapes:
        return 0
    convolutions = [name for name in shapes if re.fullmatch(r"conv\d+\.weight", name)]
    last = max(convolutions, key=lambda name: int(re.sub(r"\D", "", name)))
    # The pools make a side of the grid from this many pixels, at any width.
    stride = side // math.isqrt(table[flat][-1] // table[last][0])
    features, flattened = shapes[last][0], shapes[flat][-1]
    grid = math.isqrt(flattened // max(1, features))
    return stride * grid if grid**2 * features == flattened else 0


def last_layer(table: Shapes) -> str:
    """Name of the layer whose outputs are the logits."""
    numbered = sorted(
        name.removesuffix(".weight")
        for name in table
        if re.fullmatch(r"classifier\.\d\.weight", name)
    )
    return numbered[-1] if numbered else "fc3" if "fc3.weight" in table else "fc"
