"""Where the evidence of a face lies, in a sentence."""

from collections.abc import Mapping

import numpy as np


def region_sentence(emotion: str, shares: Mapping[str, float], times: Mapping[str, float]) -> str:
    r"""Says which named region has most of a map beyond its own area, and how much.

    Args:
      emotion: The explained category.
      shares: Of the map's positive mass, by region; regions that are no number are passed over.
      times: Each share over the share of the face that its region covers.

    Returns:
      A sentence; empty where no share is known.

    Example:
      >>> shares = {"mouth": 0.62, "eyes": 0.2, "rest": 0.18}
      >>> region_sentence("happiness", shares, {"mouth": 3.1, "eyes": 2.0})
      '62\u202f% of the positive evidence for happiness lies in the mouth region, 3.1× its area.'
    """
    known = {region: share for region, share in shares.items() if np.isfinite(share)}
    inside = {region: share for region, share in known.items() if region != "rest"}
    if not inside:
        return ""

    def above_area(region: str) -> float:
        over = times.get(region, np.nan)
        return inside[region] * (1 - 1 / over) if np.isfinite(over) and over > 0 else 0.0

    # A large region has much of any map: named is what has most beyond its area.
    region = max(inside, key=lambda one: (above_area(one), inside[one]))
    over = f", {times[region]:.1f}× its area" if np.isfinite(times.get(region, np.nan)) else ""
    words = (
        f"{100 * inside[region]:.0f}\u202f% of the positive evidence for {emotion} lies in the "
        f"{region} region{over}"
    )
    if known.get("rest", 0) > 0.5:
        words += f"; {100 * known['rest']:.0f}\u202f% lies outside of all named regions"
    return words + "."
