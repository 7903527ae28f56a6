"""Where on the face the evidence lies: shares of each map on soft regions, and on action units."""

import dataclasses
from collections.abc import Mapping

import numpy as np
from jaxtyping import Float, Int

from gimefive_jax.explanation.faithfulness.mass import area_share, mass_on, pointing_game
from gimefive_jax.faces import (
    ACTION_UNITS,
    EXPECTED_REGIONS,
    REGIONS,
    action_unit_shares,
    correspondence,
    soft_masks,
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
# Masks of seven regions: 115 KB a face.
_FACES_AT_ONCE = 512


def share_name(region: str) -> str:
    """Names the column of a region's share of the mass: `share_mouth`."""
    return f"share_{region}"


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
    if setting.landmarks is None:
        return {}
    found = np.flatnonzero(setting.landmarks.found[maps.rows])
    arrays = {name: np.full(len(maps.rows), np.nan) for name in REGION_NOTES}
    for start in range(0, len(found), _FACES_AT_ONCE):
        places = found[start : start + _FACES_AT_ONCE]
        rows = maps.rows[places]
        values = _of_faces(setting, rows, setting.landmarks.points[rows], maps.heat_map[places])
        for name, column in values.items():
            arrays[name][places] = column
    return arrays


def _of_faces(
    setting: Setting,
    rows: Int[np.ndarray, " row"],
    points: Float[np.ndarray, "row point 2"],
    heat_map: Float[np.ndarray, "row rows columns"],
) -> dict[str, Float[np.ndarray, " row"]]:
    side = setting.split.images.shape[1]
    masks = {region: np.asarray(mask) for region, mask in soft_masks(points, side).items()}
    shares = {region: np.asarray(mass_on(heat_map, masks[region])) for region in REGIONS}
    areas = {region: np.asarray(area_share(masks[region])) for region in REGIONS}
    named = {share_name(region): share for region, share in shares.items()}
    over = {enrichment_name(region): _ratio(shares[region], areas[region]) for region in REGIONS}
    together = np.stack([shares[region] for region in REGIONS], axis=1)
    found = {**named, **over, **{name: np.full(len(rows), np.nan) for name in _OF_CATEGORY}}
    for label, emotion in enumerate(setting.split.emotions):
        group = np.flatnonzero(setting.answers.predicted[rows] == label)
        # Categories of one's own have no action units, so these stay empty.
        if len(group) and emotion in ACTION_UNITS:
            of_group = {region: mask[group] for region, mask in masks.items()}
            values = _of_category(emotion, heat_map[group], of_group, together[group])
            for name, column in values.items():
                found[name][group] = column
    return found


def _of_category(
    emotion: str,
    heat_map: Float[np.ndarray, "row rows columns"],
    masks: Mapping[str, Float[np.ndarray, "row side side"]],
    shares: Float[np.ndarray, "row region"],
) -> dict[str, Float[np.ndarray, " row"]]:
    """Values that depend on where a category shows, for the faces that it is the answer of."""
    units = dict(zip(REGIONS, action_unit_shares(emotion), strict=True))
    moved = np.sum([masks[region] for region, share in units.items() if share > 0], axis=0)
    expected = np.sum([masks[region] for region in EXPECTED_REGIONS[emotion]], axis=0)
    share, area = np.asarray(mass_on(heat_map, expected)), np.asarray(area_share(expected))
    return {
        UNITS: correspondence(shares, emotion),
        POINTING: np.asarray(pointing_game(heat_map, moved)),
        EXPECTED: share,
        EXPECTED_ENRICHMENT: _ratio(share, area),
    }


def _ratio(
    share: Float[np.ndarray, " row"], area: Float[np.ndarray, " row"]
) -> Float[np.ndarray, " row"]:
    """Share over area; NaN where a region lies outside of the image."""
    return np.divide(share, area, out=np.full(len(share), np.nan), where=area > 1e-6)


REGION_NOTES = _notes()
MEASUREMENT = Measurement(NAME, "cheap", REGION_NOTES, _measure)
