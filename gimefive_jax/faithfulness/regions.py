"""Where on the face the evidence lies: shares of each map on soft regions, and on action units."""

import dataclasses
from collections.abc import Mapping

import numpy as np
from jaxtyping import Float, Int

from gimefive_jax.explanation.faithfulness.mass import as_mass
from gimefive_jax.faces import (
    ACTION_UNITS,
    EXPECTED_REGIONS,
    REGIONS,
    action_unit_shares,
    correspondence,
    region_areas,
    region_shares,
    share_name,
)
from gimefive_jax.faithfulness.measurement import Measurement
from gimefive_jax.faithfulness.parts import Arrays
from gimefive_jax.faithfulness.results import MetricNote
from gimefive_jax.faithfulness.setting import Setting
from gimefive_jax.faithfulness.values import Maps

NAME = "regions"
UNITS, POINTING, EXPECTED, EXPECTED_ENRICHMENT = (
    "action_units", "pointing_action_units", "paper_regions", "paper_enrichment",
)  # fmt: skip
_OF_CATEGORY = (UNITS, POINTING, EXPECTED, EXPECTED_ENRICHMENT)


def enrichment_name(region: str) -> str:
    """Names the column of share over area: `enrichment_mouth`."""
    return f"enrichment_{region}"


def _notes() -> Mapping[str, MetricNote]:
    shares = {
        share_name(region): MetricNote(
            title=f"Share on {region}",
            asks=f"Which share of the map's positive mass lies on the {region} of the face?",
            better="neither",
            low=0.0,
            high=1.0,
            forwards=0,
        )
        for region in REGIONS
    }
    enrichments = {
        enrichment_name(region): MetricNote(
            title=f"Enrichment of {region}",
            asks=f"How many times its area share does the {region} get of the map's mass?",
            better="neither",
            low=0.0,
            high=None,
            forwards=0,
        )
        for region in REGIONS
    }
    units = MetricNote(
        title="Action-unit correspondence",
        asks="Is the mass on the regions that the category's action units move (cosine)?",
        better="higher",
        low=0.0,
        high=1.0,
        forwards=0,
        reference="Ekman and Friesen, 1978, Facial Action Coding System",
    )
    pointing = MetricNote(
        title="Pointing game",
        asks="Does the strongest cell lie on a region that the category's action units move?",
        better="higher",
        low=0.0,
        high=1.0,
        forwards=0,
        reference="Zhang et al., 2016, https://arxiv.org/abs/1608.00507",
    )
    expected = MetricNote(
        title="Share on the paper's regions",
        asks="Which share lies where the paper GiMeFive says that the category shows?",
        better="higher",
        low=0.0,
        high=1.0,
        forwards=0,
        reference="Wang and Kawka, 2024, https://arxiv.org/abs/2402.15662",
    )
    over = dataclasses.replace(
        expected,
        title="Enrichment of the paper's regions",
        asks="How many times their area share do the paper's regions get of the map's mass?",
        high=None,
    )
    own = {UNITS: units, POINTING: pointing, EXPECTED: expected, EXPECTED_ENRICHMENT: over}
    return {**own, **shares, **enrichments}


def _measure(setting: Setting, maps: Maps) -> Arrays:
    """Columns of shares, enrichments and action units; NaN for faces without landmarks."""
    landmarks, side = setting.landmarks, setting.split.images.shape[1]
    places = np.flatnonzero(landmarks.found[maps.rows])
    rows = maps.rows[places]
    points, heat_map = landmarks.points[rows], maps.heat_map[places]
    shares = region_shares(heat_map, points, side=side)
    areas = areas_of(setting)[rows]
    mass = np.asarray(as_mass(heat_map))
    strongest = (mass == mass.max((1, 2), keepdims=True)).astype(np.float32)
    pointing = region_shares(strongest, points, side=side)
    found = _of_categories(setting, rows, shares, areas, pointing)
    for number, region in enumerate(REGIONS):
        found[share_name(region)] = shares[:, number]
        found[enrichment_name(region)] = _ratio(shares[:, number], areas[:, number])
    return {name: _of_all(values, places, len(maps.rows)) for name, values in found.items()}


def areas_of(setting: Setting) -> Float[np.ndarray, "face region"]:
    """Gives the share of each face that each region covers, in the order of `REGIONS`.

    Args:
      setting: Model and faces; of those without landmarks the shares say nothing.
    """
    side = setting.split.images.shape[1]
    return setting.once(NAME, lambda: region_areas(setting.landmarks.points, side=side))


def _of_categories(
    setting: Setting,
    rows: Int[np.ndarray, " row"],
    shares: Float[np.ndarray, "row region"],
    areas: Float[np.ndarray, "row region"],
    pointing: Float[np.ndarray, "row region"],
) -> dict[str, Float[np.ndarray, " row"]]:
    """What depends on where the explained category shows."""
    found = {name: np.full(len(rows), np.nan) for name in _OF_CATEGORY}
    for label, emotion in enumerate(setting.split.emotions):
        group = np.flatnonzero(setting.answers.predicted[rows] == label)
        # Categories of one's own have no action units, so these stay empty.
        if not len(group) or emotion not in ACTION_UNITS:
            continue
        moved = action_unit_shares(emotion) > 0
        expected = np.isin(REGIONS, EXPECTED_REGIONS[emotion])
        # Regions share each pixel between them, so what lies on several is the sum.
        share, area = shares[group][:, expected].sum(1), areas[group][:, expected].sum(1)
        found[UNITS][group] = correspondence(shares[group], emotion)
        found[POINTING][group] = pointing[group][:, moved].sum(1)
        found[EXPECTED][group] = share
        found[EXPECTED_ENRICHMENT][group] = _ratio(share, area)
    return found


def _of_all(
    values: Float[np.ndarray, " place"], places: Int[np.ndarray, " place"], count: int
) -> Float[np.ndarray, " {count}"]:
    column = np.full(count, np.nan)
    column[places] = values
    return column


def _ratio(
    share: Float[np.ndarray, " row"], area: Float[np.ndarray, " row"]
) -> Float[np.ndarray, " row"]:
    """Share over area; NaN where a region lies outside of the image."""
    return np.divide(share, area, out=np.full(len(share), np.nan), where=area > 1e-6)


REGION_NOTES = _notes()
MEASUREMENT = Measurement(NAME, "cheap", REGION_NOTES, _measure)
