"""Whether a map's regions are those of methods that look at pixels, not at cells."""

import numpy as np
from jaxtyping import Float
from scipy.stats import rankdata

from gimefive_jax.faces import REGIONS, share_name
from gimefive_jax.faithfulness.results import MetricNote
from gimefive_jax.faithfulness.values import MapKey, ValueTable

# A cell of the last block sees the whole face; these say which pixels change the answer.
PIXEL_METHODS = {"occlusion": "occlusion", "integrated_gradients": "integrated gradients"}


def column_name(method: str) -> str:
    """Names the column of the agreement with a pixel method: `regions_like_occlusion`."""
    return f"regions_like_{method}"


AGREEMENT_NOTES = {
    column_name(method): MetricNote(
        title=f"Regions like {title}",
        asks=f"Do the regions of the face rank as by {title} (Spearman over seven shares)?",
        better="higher",
        low=-1.0,
        high=1.0,
        forwards=0,
        reference="Spearman, 1904, https://doi.org/10.2307/1412159",
    )
    for method, title in PIXEL_METHODS.items()
}


def add_agreement(table: ValueTable) -> None:
    """Adds to every map the rank correlation of its region shares with those of pixel methods.

    Args:
      table: Of all values; gets columns on the faces where both were measured.
    """
    shares = {key: found for key in table.columns if (found := _shares(table, key)) is not None}
    for key, of_pixels in shares.items():
        if key.method not in PIXEL_METHODS or key.kind == "baseline":
            continue
        for other, found in shares.items():
            if other == key:
                continue
            rows = np.flatnonzero(np.isfinite(of_pixels).all(1) & np.isfinite(found).all(1))
            if len(rows):
                values = rank_correlation(found[rows], of_pixels[rows])
                table.add(other, rows, {column_name(key.method): values})


def rank_correlation(
    values: Float[np.ndarray, "face region"], others: Float[np.ndarray, "face region"]
) -> Float[np.ndarray, " face"]:
    """Computes Spearman's correlation of each row with the other's; 0 where one has no order.

    Args:
      values: One row per face.
      others: Of the same shape.
    """
    one, two = (rankdata(of, axis=1) for of in (values, others))
    one, two = one - one.mean(1, keepdims=True), two - two.mean(1, keepdims=True)
    lengths = np.linalg.norm(one, axis=1) * np.linalg.norm(two, axis=1)
    return np.divide((one * two).sum(1), lengths, out=np.zeros(len(one)), where=lengths > 0)


def _shares(table: ValueTable, key: MapKey) -> Float[np.ndarray, "face region"] | None:
    columns = [table.column(key, share_name(region)) for region in REGIONS]
    known = [column for column in columns if column is not None]
    return np.stack(known, axis=1) if len(known) == len(REGIONS) else None
