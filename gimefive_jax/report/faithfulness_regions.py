"""Where the evidence of each category lies: bars per region, and the paper's claims."""

import dataclasses
from collections.abc import Mapping

from gimefive_jax.faces import EXPECTED_REGIONS, REGIONS, share_name
from gimefive_jax.faithfulness import Estimate, Faithfulness, MeasuredMaps
from gimefive_jax.faithfulness.agreement import PIXEL_METHODS
from gimefive_jax.faithfulness.regions import EXPECTED, EXPECTED_ENRICHMENT


@dataclasses.dataclass(frozen=True)
class RegionBar:
    """Share of one region; positions in percent of the scale."""

    region: str
    share: float
    length: float
    low: float
    high: float
    area: float | None
    """What a uniform map puts there."""
    others: Mapping[str, float]
    """By pixel method."""


@dataclasses.dataclass(frozen=True)
class CategoryRegions:
    """Bars of one category."""

    emotion: str
    count: int
    bars: tuple[RegionBar, ...]
    ticks: tuple[tuple[float, str], ...]


@dataclasses.dataclass(frozen=True)
class Claim:
    """What the paper says of a category, and what was measured."""

    emotion: str
    says: str
    share: Estimate
    area: float | None
    enrichment: Estimate | None
    verdict: str
    others: Mapping[str, float]


def category_regions(found: Faithfulness) -> dict[str, CategoryRegions]:
    """Gives the bars of every category whose regions were measured, by category.

    Args:
      found: What was measured.
    """
    shown, columns = found.maps[0], [share_name(region) for region in REGIONS]
    shares = {
        emotion: {
            region: estimate
            for region, name in zip(REGIONS, columns, strict=True)
            if (estimate := _of(shown, name, emotion)) is not None
        }
        for emotion in found.emotions
    }
    tops = [one.interval_95[1] for of_it in shares.values() for one in of_it.values()]
    if not tops:
        return {}
    tops += [
        area
        for emotion, of_it in shares.items()
        for region in of_it
        if (area := _uniform(found, share_name(region), emotion)) is not None
    ]
    # One scale for all, so that categories can be compared.
    end = max(0.1, -(-max(tops) * 10 // 1) / 10)
    step = 10 if end <= 0.6 else 20
    ticks = tuple((tick / end, f"{tick}") for tick in range(0, round(100 * end) + 1, step))
    return {
        emotion: CategoryRegions(
            emotion=emotion,
            count=next(iter(of_it.values())).count,
            bars=tuple(
                _bar(region, estimate, emotion, found, end) for region, estimate in of_it.items()
            ),
            ticks=ticks,
        )
        for emotion, of_it in shares.items()
        if of_it
    }


def claims(found: Faithfulness) -> list[Claim]:
    """Gives the paper's claims beside what was measured, for each category it speaks of.

    Args:
      found: What was measured.
    """
    shown, listed = found.maps[0], []
    for emotion in found.emotions:
        share = _of(shown, EXPECTED, emotion)
        if share is None or emotion not in EXPECTED_REGIONS:
            continue
        enrichment = _of(shown, EXPECTED_ENRICHMENT, emotion)
        regions = EXPECTED_REGIONS[emotion]
        listed.append(
            Claim(
                emotion=emotion,
                says="whole face" if len(regions) > 3 else " and ".join(regions),
                share=share,
                area=_uniform(found, EXPECTED, emotion),
                enrichment=enrichment,
                verdict=_verdict(enrichment),
                others=_of_pixels(found, EXPECTED, emotion),
            )
        )
    return listed


def _verdict(enrichment: Estimate | None) -> str:
    """Words for the interval of an enrichment beside 1, which a uniform map reaches."""
    if enrichment is None:
        return ""
    low, high = enrichment.interval_95
    if low > 1:
        return "more than its area"
    return "less than its area" if high < 1 else "about as much as its area"


def _bar(
    region: str, estimate: Estimate, emotion: str, found: Faithfulness, end: float
) -> RegionBar:
    name, (low, high) = share_name(region), estimate.interval_95
    area = _uniform(found, name, emotion)
    return RegionBar(
        region=region,
        share=estimate.mean,
        length=100 * estimate.mean / end,
        low=100 * low / end,
        high=100 * high / end,
        area=None if area is None else 100 * area / end,
        others={
            method: min(100.0, 100 * share / end)
            for method, share in _of_pixels(found, name, emotion).items()
        },
    )


def _of(maps: MeasuredMaps, metric: str, emotion: str) -> Estimate | None:
    measure = maps.measures.get(metric)
    return None if measure is None else measure.per_category.get(emotion)


def _uniform(found: Faithfulness, metric: str, emotion: str) -> float | None:
    """What a uniform map reaches on the shown map's grid: the area share."""
    grid = found.maps[0].grid
    for maps in found.maps:
        if maps.method == "uniform" and maps.grid == grid:
            estimate = _of(maps, metric, emotion)
            return None if estimate is None else estimate.mean
    return None


def _of_pixels(found: Faithfulness, metric: str, emotion: str) -> dict[str, float]:
    return {
        PIXEL_METHODS[maps.method]: estimate.mean
        for maps in found.maps
        if maps.method in PIXEL_METHODS and (estimate := _of(maps, metric, emotion)) is not None
    }
