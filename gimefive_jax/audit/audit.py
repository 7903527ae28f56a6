"""Runs all checks of an audit over a prepared data set."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Int

from gimefive_jax.audit import blanks, near_duplicates, signatures
from gimefive_jax.audit.blanks import measure_contrast
from gimefive_jax.audit.duplicates import group_by
from gimefive_jax.audit.faces import Faces, open_faces
from gimefive_jax.audit.findings import Audit, Group, Kind, Member
from gimefive_jax.audit.near_duplicates import NearPairs, find_near_pairs, number_groups
from gimefive_jax.config import DataConfig
from gimefive_jax.data import PreparedSet, find_prepared
from gimefive_jax.data.pictures import number_pictures

PARTS = ("train + validation", "test")


def find_faults(data: DataConfig, *, progress: bool = False) -> Audit:
    """Finds copies, contradictions, blanks and balance of a prepared data set.

    Blank faces are in no group of near-duplicates, as the little contrast they have is noise.

    Args:
      data: Names the set, its variant and its folder.
      progress: Whether a bar is shown.

    Returns:
      Everything that was found.

    Raises:
      InputError: The set is not prepared.
    """
    prepared = find_prepared(data)
    return find_faults_of(prepared, open_faces(prepared, data), progress=progress)


def find_faults_of(prepared: PreparedSet, faces: Faces, *, progress: bool = False) -> Audit:
    """Does the same for faces that are open already; see `find_faults`.

    Args:
      prepared: The set that the faces are of.
      faces: Its faces.
      progress: Whether a bar is shown.

    Returns:
      Everything that was found.
    """
    contrast = measure_contrast(faces)
    blank = contrast.blank()
    picture = number_pictures(faces.pixel_sha256)
    _, first = np.unique(picture, return_index=True)
    pairs = find_near_pairs(faces, np.setdiff1d(first, blank), progress=progress)
    equal = _equal_groups(faces, picture)
    return Audit(
        prepared=prepared,
        faces=faces,
        equal=equal,
        near=_near_groups(faces, picture, pairs, start=len(equal)),
        contrast=contrast,
        blank=blank,
        picture=picture,
        mean_faces=_mean_faces(faces),
        thresholds={
            "near_correlation": near_duplicates.NEAR_CORRELATION,
            "near_signature_floor": near_duplicates.SIGNATURE_FLOOR,
            "near_plain_correlation_floor": near_duplicates.PLAIN_FLOOR,
            "near_side": signatures.SIDE,
            "near_lowest_frequencies": signatures.LOWEST,
            "blank_least_standard_deviation": blanks.LEAST_DEVIATION,
            "blank_most_flat_share": blanks.MOST_FLAT,
        },
    )


def _equal_groups(faces: Faces, picture: Int[np.ndarray, " face"]) -> tuple[Group, ...]:
    return tuple(
        _group(
            faces, "equal", number, [Member(int(face), 1.0, False) for face in group], chained=False
        )
        for number, group in enumerate(group_by(picture))
    )


def _near_groups(
    faces: Faces, picture: Int[np.ndarray, " face"], pairs: NearPairs, *, start: int
) -> tuple[Group, ...]:
    # Pairs are of the first face of each picture; its equal copies belong to the same group.
    _, first = np.unique(picture, return_index=True)
    numbers = number_groups(pairs, len(faces))[first[picture]]
    # Seen from each picture: the best of its pairs, and whether that is a mirrored one.
    order = np.argsort(pairs.correlation, kind="stable")
    best = np.zeros(len(faces), np.float32)
    mirrored = np.zeros(len(faces), np.bool_)
    for side in (pairs.first, pairs.second):
        for face, correlation, mirror in zip(
            side[order].tolist(),
            pairs.correlation[order].tolist(),
            pairs.mirrored[order].tolist(),
            strict=True,
        ):
            if correlation >= best[face]:
                best[face], mirrored[face] = correlation, mirror
    num_pairs = np.bincount(numbers[pairs.first], minlength=len(faces))
    # Equal pictures alone are no near group.
    found = [group for group in group_by(numbers) if num_pairs[numbers[group[0]]]]
    groups = []
    for number, group in enumerate(found, start):
        num_pictures = len(np.unique(picture[group]))
        members = [
            Member(
                int(face), float(best[first[picture[face]]]), bool(mirrored[first[picture[face]]])
            )
            for face in group
        ]
        whole = num_pictures * (num_pictures - 1) // 2
        chained = bool(num_pairs[numbers[group[0]]] < whole)
        groups.append(_group(faces, "near", number, members, chained=chained))
    return tuple(groups)


def _group(
    faces: Faces, kind: Kind, number: int, members: Sequence[Member], *, chained: bool
) -> Group:
    in_test = {faces.in_test(member.face) for member in members}
    return Group(
        number=number,
        kind=kind,
        members=tuple(members),
        contradicts=len({faces.emotion(member.face) for member in members}) > 1,
        in_train=False in in_test,
        in_test=True in in_test,
        chained=chained,
    )


def _mean_faces(faces: Faces) -> dict[str, dict[str, np.ndarray]]:
    is_test = np.array([split.name == "test" for split in faces.splits])[faces.split]
    means: dict[str, dict[str, np.ndarray]] = {}
    for part, here in zip(PARTS, (~is_test, is_test), strict=True):
        for label, emotion in enumerate(faces.emotions):
            chosen = np.flatnonzero(here & (faces.label == label))
            if len(chosen):
                means.setdefault(part, {})[emotion] = _mean(faces, chosen)
    return means


def _mean(faces: Faces, chosen: Int[np.ndarray, " some"]) -> np.ndarray:
    total = np.zeros(faces.splits[0].images.shape[1:], np.float64)
    for start in range(0, len(chosen), 1024):
        total += faces.pixels(chosen[start : start + 1024]).sum(axis=0, dtype=np.float64)
    return (total / len(chosen)).astype(np.float32)
